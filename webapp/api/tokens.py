"""Tokens in ``Authorization: Token …``: those of a sign-in, and those made for machines."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as SignedInToken
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from annotate.logbook import act_by
from annotate.models import MachineToken, Person
from annotate.models.machine_token import BEGINNING
from annotate.tokens import token_by
from webapp.guessing import note_wrong_token

WAY_OF_A_SIGN_IN = 2


class TokenAuthentication(SignedInToken):
    """A machine's token is known by how it begins; any other is one of a sign-in."""

    def authenticate(self, request: Request) -> tuple[Person, Any] | None:
        words = get_authorization_header(request).split()
        is_machines = len(words) == WAY_OF_A_SIGN_IN and words[1].startswith(BEGINNING.encode())
        if not is_machines or words[0].lower() != b"token":
            return self._signed_in(request)
        token = token_by(words[1].decode(errors="replace"))
        if token is None:
            self._refuse_guessing(request)
            raise AuthenticationFailed("This token is not known, was taken back or has expired.")
        act_by(f"token {token.shown}")
        return token.person, token

    def _signed_in(self, request: Request) -> tuple[Person, Any] | None:
        try:
            found: tuple[Person, Any] | None = super().authenticate(request)
        except AuthenticationFailed:
            self._refuse_guessing(request)
            raise
        return found

    def _refuse_guessing(self, request: Request) -> None:
        """A token is 256 random bits, which nobody guesses; whoever tries is counted and told to stop."""
        if note_wrong_token(request._request):
            raise Throttled(detail="Too many wrong tokens from this address.")


def machine_token(request: HttpRequest | Request) -> MachineToken | None:
    """The token of a machine that asks; None for people."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, MachineToken) else None


class _Described(OpenApiAuthenticationExtension):
    target_class = "webapp.api.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, of a sign-in or made for a machine.",
        }
