"""A browser that is signed in may use the API with its session, as far as it may use the pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from annotate.models import Person
from webapp.login_flow import owes_factor


class SessionAuthentication(authentication.SessionAuthentication):
    def authenticate(self, request: Request) -> tuple[Person, Any] | None:
        found: tuple[Person, Any] | None = super().authenticate(request)
        if found is not None and owes_factor(request._request):
            raise PermissionDenied("Set up a second factor first, on the page /me/second-factor/.")
        return found


class _Described(SessionScheme):
    target_class = "webapp.api.sessions.SessionAuthentication"
    priority = 0
