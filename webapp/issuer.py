"""Signing in by a service elsewhere that knows who somebody is (OpenID Connect): who comes in by it, and as whom.

django-allauth speaks with the service; issuer_tokens.py holds what it says to more of the standard than that asks.
The service is the site's own choice (GRADUS_OIDC_ISSUER), and nobody who comes by it chooses anything.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from allauth.utils import generate_unique_username
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext

from annotate.errors import NotAllowed, Rejected
from annotate.ingest.founding import welcome_person
from annotate.ingest.inviting import invitation_by
from annotate.logbook import note
from annotate.models import Person

log = logging.getLogger(__name__)
NOUN = "account elsewhere"
KIND = "openid_connect"


class IssuerAdapter(DefaultSocialAccountAdapter):
    """The one service of the settings; rows that name others are not looked at."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        if not settings.OIDC_ISSUER:
            return []
        return [
            SocialApp(
                provider=KIND,
                # Accounts are kept under it: another service's person with the same number is somebody else.
                provider_id=settings.OIDC_ISSUER,
                name=settings.OIDC_LABEL,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings={"server_url": settings.OIDC_ISSUER, "oauth_pkce_enabled": True},
            )
        ]

    def get_provider(self, request: HttpRequest, provider: Any, client_id: Any = None) -> Any:
        # It imports an HTTP client and a library of keys, which few processes ever need.
        from webapp.issuer_tokens import Issuer

        return Issuer(request, app=self.get_app(request, provider=provider))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Raises NotAllowed for whoever may not come in, with whom to ask; else ``sociallogin`` is a person's."""
        _require_this_sign_in(sociallogin)
        address = next((one.email for one in sociallogin.email_addresses if one.verified), "")
        _require_domain(address)
        if not sociallogin.is_existing:
            try:
                _find_person(request, sociallogin, address)
            except IntegrityError:
                # Another window of theirs, or somebody who would be called the same, was quicker by a moment.
                _find_person(request, sociallogin, address)
        if not sociallogin.user.is_active:
            raise NotAllowed(gettext("This account is closed."), is_visible=True)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        from requests import RequestException

        label = {"label": settings.OIDC_LABEL}
        if isinstance(exception, RequestException):
            raise exception
        if error == AuthError.CANCELLED:
            messages.info(request, gettext("%(label)s was told not to sign you in.") % label)
            raise ImmediateHttpResponse(redirect("sign-in"))
        log.warning("An answer of the OpenID Connect issuer was not taken: %r", exception or error)
        raise Rejected(
            gettext(
                "The answer of %(label)s does not fit a sign-in that was begun in this browser within the last ten"
                " minutes. Begin again on the sign-in page; if it happens again, tell whoever runs this server."
            )
            % label
        )


def linked_to(person: Person) -> bool:
    return SocialAccount.objects.filter(user=person, provider=settings.OIDC_ISSUER).exists()


@transaction.atomic
def unlink(person: Person) -> bool:
    """Forget as whom the person is known elsewhere; whether they were."""
    n, _ = SocialAccount.objects.filter(user=person).delete()
    if n:
        note("deleted", NOUN, subject=person.pk)
    return bool(n)


def _require_this_sign_in(login: SocialLogin) -> None:
    """The token was made for this sign-in, not for one that somebody overheard (OpenID Connect Core, 3.1.3.7)."""
    sent = str((login.state.get("data") or {}).get("nonce", ""))
    came = str(login.account.extra_data["id_token"].get("nonce", ""))
    if not sent or not constant_time_compare(sent, came):
        raise Rejected(
            gettext("The answer of %(label)s was made for another sign-in. Begin again on the sign-in page.")
            % {"label": settings.OIDC_LABEL}
        )


def _require_domain(address: str) -> None:
    domains = [domain.lower().lstrip("@") for domain in settings.OIDC_DOMAINS]
    if domains and address.rpartition("@")[2].lower() not in domains:
        raise NotAllowed(
            gettext(
                "Only addresses at %(domains)s that %(label)s has verified may sign in here. Ask whoever runs this"
                " server if yours should be among them."
            )
            % {"domains": ", ".join(domains), "label": settings.OIDC_LABEL},
            is_visible=True,
        )


@transaction.atomic
def _find_person(request: HttpRequest, login: SocialLogin, address: str) -> None:
    """Make the login that of the person with this address, or of a newcomer who may come."""
    # Whoever comes twice at once for the first time was looked for before the first of the two was written down.
    login.lookup()
    if login.is_existing:
        return
    label = {"label": settings.OIDC_LABEL, "address": address}
    if not address:
        raise NotAllowed(
            gettext(
                "%(label)s does not say that it has verified an address of yours, so nobody can tell here who you"
                " are. Ask whoever looks after %(label)s to verify it."
            )
            % label,
            is_visible=True,
        )
    found = list(Person.objects.select_for_update().filter(email__iexact=address)[:2])
    if len(found) > 1 or (found and linked_to(found[0])):
        raise NotAllowed(
            gettext(
                "The address %(address)s belongs to an account that is signed in with otherwise, or to several. Ask"
                " whoever runs this server to put it right."
            )
            % label,
            is_visible=True,
        )
    person = found[0] if found else _newcomer(login, address)
    login.connect(request, person)
    note("created", NOUN, subject=person.pk, after={"issuer": settings.OIDC_ISSUER})


def _newcomer(login: SocialLogin, address: str) -> Person:
    if not settings.OIDC_SIGN_UP and not _is_invited(login.get_redirect_url(None) or ""):
        raise NotAllowed(
            gettext(
                "Nobody here has the address %(address)s. Ask whoever leads your project for an invitation link, open"
                " it, and sign in with %(label)s there. If you have an account with a password, ask whoever runs this"
                " server to note the address with it."
            )
            % {"address": address, "label": settings.OIDC_LABEL},
            is_visible=True,
        )
    named = login.user
    return welcome_person(
        generate_unique_username([named.username, address, "person"]),
        email=address,
        first_name=named.first_name,
        last_name=named.last_name,
    )


def _is_invited(to: str) -> bool:
    """Whether they follow an invitation. Raises Conflict, with the reason, where it is closed."""
    parts = urlsplit(to)
    token = parse_qs(parts.query).get("token", [""])[0]
    return parts.path == reverse("join") and bool(token) and bool(invitation_by(token))
