"""What a machine's token must be for, by address and method. Reading needs ``read``, everything else what stands here.

Nothing is guessed: an address with a method that changes something and no line here is closed to machines.
"""

from __future__ import annotations

from django.views import View
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from annotate.enums import TokenScope
from webapp.api.tokens import machine_token

# By name of the address.
SCOPES: dict[TokenScope, frozenset[str]] = {
    TokenScope.LABEL: frozenset(
        {
            *("claim", "extend", "give-back", "skip", "submit", "answers", "clear", "report-cut"),
            *("claim-comparison", "extend-comparison", "release-comparison", "skip-comparison"),
            *("submit-comparison", "comments", "own-comments", "edit-comment", "resolve-comment"),
            *("trace-decisions", "undecide", "send-back", "cuts", "leave-cut"),
            *("pair-decisions", "undecide-pair", "lineup-decisions", "undecide-lineup"),
            *("return-pair", "return-lineup"),
        }
    ),
    TokenScope.INGEST: frozenset(
        {
            *("traces", "labels", "candidates", "uploads", "upload", "upload-content"),
            *("preview-upload", "ingest-upload", "stop-upload"),
        }
    ),
    TokenScope.RUN: frozenset({"runs", "cancel", "retry", "budget", "consensus", "spending"}),
    TokenScope.RELEASE: frozenset({"releases", "release-pushes", "cancel-push", "retry-push"}),
    TokenScope.ADMIN: frozenset(
        {
            *("projects", "members", "rubrics", "rubric", "draft-rubric", "carry-rubric", "use-rubric"),
            *("queue", "filling", "renew-queue", "change-traces", "fill", "make-comparisons", "reader"),
            *("invitations", "withdraw", "review-names", "pair-key", "lineup-key"),
            *("listeners", "listener", "renew-listener", "try-listener", "notice-again"),
        }
    ),
}
_NEEDED = {name: scope for scope, names in SCOPES.items() for name in names}
# For people alone: tokens, signing in and out.
CLOSED = frozenset({"tokens", "token", "sign-in", "sign-out"})


def scope_of(name: str, method: str) -> TokenScope | None:
    """What a token must be for; None: nothing it is for will do."""
    if name in CLOSED:
        return None
    return TokenScope.READ if method in SAFE_METHODS else _NEEDED.get(name)


class InScope(BasePermission):
    """People are asked for nothing here; a machine's token must be for what it is used for."""

    def has_permission(self, request: Request, view: View) -> bool:
        token = machine_token(request)
        if token is None:
            return True
        match = request.resolver_match
        name = match.url_name or "" if match is not None else ""
        needed = scope_of(name, request.method or "")
        if needed is None:
            raise PermissionDenied("No token made for a machine may do this.")
        if needed not in token.scopes:
            raise PermissionDenied(
                f"This token is not for {needed.value}; it is for {', '.join(token.scopes)}."
            )
        if name == "projects" and needed == TokenScope.ADMIN and token.project_id is not None:
            raise PermissionDenied("This token is for one project, and makes no other.")
        return True
