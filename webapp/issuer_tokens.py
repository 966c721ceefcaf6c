"""What an OpenID Connect issuer says, held to the standard. Imported only where somebody signs in by one.

django-allauth takes a token that it fetched itself without looking at the signature, which the standard allows over
TLS. Here it is looked at nevertheless, and whoever the token and the further facts are about has to be the same.
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse


class IssuerTokens(OpenIDConnectOAuth2Adapter):
    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return request.build_absolute_uri(reverse("issuer-back"))

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> Any:
        data = super().get_access_token_data(*args, **kwargs)
        # By this allauth decides whether it looks at the signature.
        self.did_fetch_access_token = False
        return data

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Raises OAuth2Error for whatever an issuer should not have said."""
        try:
            login = super().complete_login(request, app, token, **kwargs)
            said = login.account.extra_data
            if said["userinfo"]["sub"] != said["id_token"]["sub"]:
                raise OAuth2Error("The token is about somebody else than the facts beside it.")
        except (KeyError, TypeError, ValueError) as error:
            raise OAuth2Error(f"A part is missing or of another kind: {error!r}") from error
        return login


class Issuer(OpenIDConnectProvider):
    oauth2_adapter_class = IssuerTokens
