from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from annotate.models import Person
from webapp.second_factor import accept_code, has_factor, is_demanded_of


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    code = serializers.CharField(
        max_length=40,
        default="",
        allow_blank=True,
        write_only=True,
        help_text="Of the authenticator app or a recovery code, for whoever has a second factor.",
    )


class Token(serializers.Serializer[Any]):
    token = serializers.CharField()
    expiry = serializers.DateTimeField(allow_null=True)


class SignIn(APIView):
    """Exchange a name and a password for a token, sent from then on as ``Authorization: Token …``."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "sign-in"

    @extend_schema(request=Credentials, responses={200: Token})
    def post(self, request: Request) -> Response:
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        # One answer for a wrong name, a wrong password and a closed account: none is to be told apart.
        given = credentials.validated_data
        person = authenticate(request._request, username=given["username"], password=given["password"])
        if not isinstance(person, Person):
            raise serializers.ValidationError({"detail": "The name or the password is wrong."})
        if has_factor(person) and not (
            given["code"] and accept_code(request._request, person, given["code"])
        ):
            raise serializers.ValidationError(
                {"code": ["Send a code of your second factor that is right now."]}
            )
        if is_demanded_of(person):
            raise PermissionDenied("Set up a second factor first, on the page /me/second-factor/.")
        held, token = AuthToken.objects.create(user=person)
        return Response({"token": token, "expiry": held.expiry})


class SignOut(APIView):
    """Forget the token this request was made with."""

    authentication_classes = (TokenAuthentication,)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        request.auth.delete()
        return Response(status=204)
