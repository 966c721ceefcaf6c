"""Signing in: a name and a password, then a code where the person has set one up."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from annotate.models import Person
from webapp.forms.second_factor import CodeForm
from webapp.login_flow import AskForCode, came_by_issuer, let_in, note_code
from webapp.second_factor import accept_code


class SignIn(LoginView):
    template_name = "people/sign_in.html"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        person = form.get_user()
        assert isinstance(person, Person)
        return let_in(self.request, person, self.get_success_url())


class SignOut(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Here, and not at the issuer, which other sites may be using: on a shared machine that matters."""
        by_issuer = came_by_issuer(request)
        response: HttpResponse = super().post(request, *args, **kwargs)
        if by_issuer:
            messages.info(
                request,
                gettext(
                    "You are signed out here. %(label)s may still know you in this browser: if others use it, sign out"
                    " there too."
                )
                % {"label": settings.OIDC_LABEL},
            )
        return response


# The stage sends whoever has not come so far back to the sign-in page.
@sensitive_post_parameters("code")
@login_stage_required(stage=AskForCode.key, redirect_urlname="sign-in")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """GET asks for a code of whoever gave the right password; POST lets them in."""
    stage: AskForCode = request._login_stage  # type: ignore[attr-defined]
    person = stage.login.user
    if not isinstance(person, Person):
        return redirect("sign-in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if accept_code(request, person, form.cleaned_data["code"]):
            note_code(request, person)
            response: HttpResponse = stage.exit()
            return response
        form.add_error(
            "code",
            gettext("This code is not right, or was used before. An app shows a new one every half minute."),
        )
    return render(request, "people/sign_in_code.html", {"form": form}, status=400 if form.errors else 200)
