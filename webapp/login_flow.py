"""From a right password, or the word of another service, to being signed in: a code is asked for in between.

django-allauth keeps who is half-way in the session and lets them in after the last stage.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStage
from allauth.account.utils import perform_login
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from annotate.errors import NotAllowed
from annotate.models import Person
from webapp.addresses import API
from webapp.second_factor import has_factor, is_demanded_of

# What is open to whoever has a second factor to set up first.
OPEN = frozenset({"second-factor", "sign-in", "sign-in-code", "sign-out", "issuer", "issuer-back"})
ISSUER, CODE = "socialaccount", "mfa"
# For how many seconds somebody who came by an issuer is taken to be still the same before the screen.
LATELY = 600


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up here, and pages say themselves what became of what was asked."""

    def get_login_stages(self) -> list[str]:
        return ["webapp.login_flow.AskForCode"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        return None

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        raise NotAllowed(gettext("This account is closed."), is_visible=True)


class AskForCode(LoginStage):
    key = "second-factor"
    urlname = "sign-in-code"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        person = self.login.user
        was_asked = settings.OIDC_ASKS_FACTOR and "sociallogin" in (self.login.signal_kwargs or {})
        is_asked = isinstance(person, Person) and not was_asked and has_factor(person)
        return (redirect(self.urlname) if is_asked else None), True


def let_in(request: HttpRequest, person: Person, to: str) -> HttpResponse:
    """Sign in somebody whose password was right, or send them to where a code is asked for first."""
    response: HttpResponse = perform_login(request, person, redirect_url=to)
    return response


def note_code(request: HttpRequest, person: Person) -> None:
    """The session knows from here on that a code was given."""
    record_authentication(request, person, CODE)


def came_by_issuer(request: HttpRequest, *, lately: bool = False) -> bool:
    """Whether this session began with an issuer's word; ``lately``: within the last ten minutes."""
    at = _ways(request).get(ISSUER)
    return at is not None and (not lately or time.time() - at < LATELY)


def _ways(request: HttpRequest) -> dict[str, float]:
    """How whoever is signed in has shown who they are, and when last."""
    return {one["method"]: one["at"] for one in get_authentication_records(request, request.user)}


def owes_factor(request: HttpRequest) -> bool:
    """Whether whoever is signed in has to set up a second factor before anything else."""
    if settings.FACTOR_DEMANDED_OF == "nobody" or not isinstance(request.user, Person):
        return False
    has_shown = CODE in _ways(request) or (settings.OIDC_ASKS_FACTOR and came_by_issuer(request))
    return not has_shown and is_demanded_of(request.user)


class FactorFirst:
    """Every page leads to where a second factor is set up, for those who owe one. The API refuses for itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else ""
        if request.path_info.startswith(API) or name in OPEN or not owes_factor(request):
            return None
        return redirect("second-factor")
