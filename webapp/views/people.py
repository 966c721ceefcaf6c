"""A person's own settings, and their own work for their own eyes."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import message_for
from annotate.errors import Rejected
from annotate.label.own_work import own_work
from annotate.measure.messages import mark_read, messages_to
from annotate.models import Person
from webapp.forms.people import PreferencesForm, TimeZoneForm
from webapp.http import language_for

MOST_MESSAGES = 20


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


@login_required
@require_http_methods(["GET", "HEAD"])
def progress(request: HttpRequest) -> HttpResponse:
    """What whoever is signed in has done lately. There is no address for anybody else's."""
    assert isinstance(request.user, Person)
    zone = request.user.zone
    work = own_work(request.user, now=timezone.now(), zone=zone)
    # Those not read yet stand above, as on every page.
    letters = messages_to(request.user).exclude(read_at=None)[:MOST_MESSAGES]
    context = {"work": work, "zone": zone, "letters": letters}
    return render(request, "people/progress.html", context)


@login_required
@require_POST
def read_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one has read it, and go on where one was."""
    mark_read(message_for(request.user, pk))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "own-progress")


@login_required
@require_POST
def time_zone(request: HttpRequest) -> HttpResponse:
    """Count days by another clock from now on: the browser's, as it says it."""
    assert isinstance(request.user, Person)
    form = TimeZoneForm(request.POST)
    if not form.is_valid():
        raise Rejected(gettext("This server knows no time zone of that name."), field="time_zone")
    request.user.time_zone = form.cleaned_data["time_zone"]
    request.user.save(update_fields=["time_zone"])
    messages.success(request, gettext("Saved. Days and times follow that clock from now on."))
    return redirect("own-progress")
