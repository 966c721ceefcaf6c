"""To the service that knows who somebody is, and back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotate.errors import BackendError
from webapp.issuer import KIND

log = logging.getLogger(__name__)


# A link and no form: the content policy lets a form lead nowhere else, not by a detour either.
@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Go to the issuer; ``next`` is where one wants to be afterwards."""
    _require_one()
    from allauth.socialaccount.providers.base import AuthProcess

    to = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure())
    nonce = get_random_string(32)
    with _answering():
        response: HttpResponse = (
            get_adapter()
            .get_provider(request, KIND)
            .redirect(
                request,
                AuthProcess.LOGIN,
                next_url=to if is_ours else None,
                data={"nonce": nonce},
                auth_params={"nonce": nonce},
            )
        )
    return response


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Come from the issuer with a code, for which it says who one is."""
    _require_one()
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    from webapp.issuer_tokens import IssuerTokens

    with _answering():
        response: HttpResponse = OAuth2CallbackView.adapter_view(IssuerTokens(request, settings.OIDC_ISSUER))(
            request
        )
    return response


def _require_one() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404


@contextmanager
def _answering() -> Iterator[None]:
    """An issuer that is away, or says what it should not, is an error that may be over soon."""
    from requests import RequestException

    try:
        yield
    except (RequestException, KeyError, ValueError) as error:
        log.warning("The OpenID Connect issuer does not answer as it should.", exc_info=True)
        raise BackendError(
            gettext(
                "%(label)s does not answer as it should. Try again in a while, or sign in with a password."
            )
            % {"label": settings.OIDC_LABEL},
            retry=True,
        ) from error
