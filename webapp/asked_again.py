"""Who somebody is, asked once more before something that cannot be taken back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from annotate.models import Person
from webapp.login_flow import came_by_issuer


class AgainForm(forms.Form):
    """The password once more. Wrong ones are counted with those of the sign-in page, and lock out like them.

    Somebody without a password, who comes by an issuer, has to have come by it lately.
    """

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert isinstance(request.user, Person)
        self._request, self.person = request, request.user
        self._has_password = request.user.has_usable_password()
        if not self._has_password:
            del self.fields["password"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        # What else is wrong is said first, and costs no attempt.
        if self.errors:
            return given
        if not self._has_password and not came_by_issuer(self._request, lately=True):
            raise forms.ValidationError(
                gettext(
                    "You have no password here. Sign out, sign in with %(label)s again, and do this within ten minutes."
                )
                % {"label": settings.OIDC_LABEL}
            )
        if self._has_password and not self._is_them(given["password"]):
            self.add_error("password", gettext("The password is not right, and nothing was done."))
        return given

    def _is_them(self, password: str) -> bool:
        found = authenticate(self._request, username=self.person.username, password=password)
        return found is not None and found.pk == self.person.pk
