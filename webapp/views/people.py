"""A person's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.models import Person
from webapp.forms.people import PreferencesForm
from webapp.http import language_for


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        # The next page speaks the language that was just chosen.
        with translation.override(language_for(request)):
            messages.success(request, gettext("Saved."))
        return redirect("preferences")
    return render(request, "people/preferences.html", {"form": form}, status=400 if form.errors else 200)
