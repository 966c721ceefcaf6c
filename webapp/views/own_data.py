"""What is kept about a person, for themselves: a file of it, and a way to be forgotten."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from annotate.errors import Conflict
from annotate.label.erasing import erase_person
from annotate.label.own_data import data_of
from annotate.models import Person
from webapp.forms.own_data import ForgetForm
from webapp.own_file import lines_about


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: HttpRequest) -> HttpResponse:
    """GET says what is kept; POST, with one's name and password, closes the account and forgets who it was."""
    assert isinstance(request.user, Person)
    form = ForgetForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            pseudonym = erase_person(Person.objects.get(pk=request.user.pk))
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            messages.success(
                request,
                gettext("Your account is closed. What you labelled stays under the name %(name)s.")
                % {"name": pseudonym},
            )
            return redirect("sign-in")
    return render(request, "people/own_data.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
def own_file(request: HttpRequest) -> HttpResponseBase:
    """All of it, streamed."""
    assert isinstance(request.user, Person)
    return StreamingHttpResponse(
        lines_about(data_of(Person.objects.get(pk=request.user.pk))),
        content_type="application/x-ndjson; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="own.jsonl"', "Cache-Control": "no-store"},
    )
