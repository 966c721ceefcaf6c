"""A person's own second factor: set up, recovery codes made anew, removed."""

from __future__ import annotations

from urllib.parse import quote

from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotate.errors import Conflict
from annotate.models import Person
from webapp.asked_again import AgainForm
from webapp.forms.second_factor import EnrolForm
from webapp.login_flow import note_code, owes_factor
from webapp.second_factor import enrol, factor_of, new_secret, remove_factor, renew_codes

# In the session while the app is being set up, so that the page may be loaded again.
SECRET = "second_factor_secret"  # noqa: S105


@never_cache
@sensitive_post_parameters("password", "code")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """GET says what stands, or shows the secret to set an app up with; POST, with a code of it, asks for codes from
    then on and shows the recovery codes, this once: that page is in no history and no cache."""
    assert isinstance(request.user, Person)
    if factor_of(request.user) is not None:
        if request.method == "POST":
            raise Conflict(gettext("You have a second factor already. Remove it first."))
        return _standing(request)
    secret = request.session.get(SECRET) or new_secret()
    form = EnrolForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if codes := enrol(request.user, secret, form.cleaned_data["code"]):
            request.session.pop(SECRET, None)
            note_code(request, request.user)
            return _shown_once(request, codes)
        form.add_error(
            "code", gettext("This is not the code. Look whether the clock of the device is right.")
        )
    request.session[SECRET] = secret
    context = {
        "form": form,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "address": get_adapter().build_totp_url(request.user, secret),
        "is_owed": owes_factor(request),
    }
    return render(request, "people/enrol.html", context, status=400 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
@login_required
@require_POST
def renew(request: HttpRequest) -> HttpResponse:
    """Other recovery codes, shown this once."""
    assert isinstance(request.user, Person)
    form = AgainForm(request, request.POST, auto_id="renew_%s")
    if not form.is_valid():
        return _standing(request, renewing=form)
    return _shown_once(request, renew_codes(request.user))


@never_cache
@sensitive_post_parameters("password")
@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)
    form = AgainForm(request, request.POST, auto_id="remove_%s")
    if not form.is_valid():
        return _standing(request, removing=form)
    remove_factor(request.user)
    messages.success(request, gettext("From now on you sign in without a code."))
    return redirect("second-factor")


def _standing(
    request: HttpRequest, *, renewing: AgainForm | None = None, removing: AgainForm | None = None
) -> HttpResponse:
    """The page of somebody who has one, with the form that has something to mend."""
    assert isinstance(request.user, Person)
    factor = factor_of(request.user)
    if factor is None:
        return redirect("second-factor")
    context = {
        "factor": factor,
        "renewing": renewing or AgainForm(request, auto_id="renew_%s"),
        "removing": removing or AgainForm(request, auto_id="remove_%s"),
    }
    return render(request, "people/second_factor.html", context, status=400 if renewing or removing else 200)


def _shown_once(request: HttpRequest, codes: list[str]) -> HttpResponse:
    lines = [f"Gradus {request.get_host()}, {request.user.get_username()}", *codes]
    # A file without a second request, and without a script: nothing is kept that it could be made of again.
    file = "data:text/plain;charset=utf-8," + quote("\n".join(lines) + "\n")
    return render(request, "people/recovery_codes.html", {"codes": codes, "file": file})
