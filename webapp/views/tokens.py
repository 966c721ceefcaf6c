"""A person's own tokens for programs."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import projects_for
from annotate.errors import Rejected
from annotate.models import Person
from annotate.tokens import make_token, revoke_token, tokens_of
from webapp.forms.tokens import TokenForm

SHOWN = 100


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST makes one and shows it, this once: that page is in no history and no cache."""
    assert isinstance(request.user, Person)
    form = TokenForm(projects_for(request.user), request.POST if request.method == "POST" else None)
    made, text = None, ""
    if request.method == "POST" and form.is_valid():
        try:
            made, text = make_token(request.user, **form.cleaned_data)
        except Rejected as error:
            form.add_error(error.field if error.field in form.fields else None, error.reason)
        else:
            form = TokenForm(projects_for(request.user))
    context = {"form": form, "made": made, "text": text, "tokens": tokens_of(request.user)[:SHOWN]}
    return render(request, "people/tokens.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    assert isinstance(request.user, Person)
    token = revoke_token(request.user, pk)
    messages.success(request, gettext("The token %(name)s opens nothing any more.") % {"name": token.name})
    return redirect("tokens")
