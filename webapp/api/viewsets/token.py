from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for
from annotate.models import MachineToken
from annotate.tokens import make_token, revoke_token, tokens_of
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.serializers.token import MachineTokenSerializer, MadeToken, NewToken


class TokenViewSet(NounViewSet):
    """One's own tokens for programs. No such token opens these addresses."""

    queryset = MachineToken.objects.none()
    serializer_class = MachineTokenSerializer
    pagination_class = NewestFirst

    def list(self, request: Request) -> Response:
        return self.page(tokens_of(asker(request)))

    @extend_schema(request=NewToken, responses={201: MadeToken})
    def create(self, request: Request) -> Response:
        """Make a token. Its text is in this answer and in no other."""
        new = NewToken(data=request.data)
        new.is_valid(raise_exception=True)
        given = dict(new.validated_data)
        slug = given.pop("project")
        project = project_for(asker(request), slug) if slug else None
        token, text = make_token(asker(request), project=project, **given)
        return Response({**self.get_serializer(token).data, "token": text}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Take a token back: it opens nothing from now on."""
        revoke_token(asker(request), pk)
        return Response(status=204)
