"""What was said about a trace, in its order, for reviewers; and what somebody has said themselves."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, review_for
from annotate.enums import Role
from annotate.label.history import event_of, events_at, marks_of, own_labels
from annotate.label.review import review_of
from annotate.models import Person
from webapp.forms.history import LookForm
from webapp.paging import LongPaginator

PAGE = 100


@login_required
@require_http_methods(["GET", "HEAD"])
def trace_history(request: HttpRequest, pk: int) -> HttpResponse:
    """Every label of a trace and every sending back, oldest first; ``?step=`` and ``?who=`` narrow it."""
    trace = review_for(request.user, pk)
    look = LookForm(request.GET)
    marks = marks_of(trace, position=look.chosen_position, who=look.chosen_who)
    page = Paginator(marks, PAGE).get_page(request.GET.get("page"))
    chosen = {name: value for name, value in look.cleaned_data.items() if value}
    context = {
        "trace": trace,
        "project": trace.project,
        "look": look,
        "page": page,
        "events": events_at(list(page), review_of(trace)),
        "query": urlencode(chosen),
    }
    return render(request, "review/history.html", context)


@login_required
@require_http_methods(["GET", "HEAD"])
def own_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What the person has said in a project, newest first: their own words and nobody else's."""
    project = project_for(request.user, slug, role=Role.ANNOTATOR)
    assert isinstance(request.user, Person)
    page = LongPaginator(own_labels(project, request.user), PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "page": page,
        "events": [event_of(label, gettext("You")) for label in page],
    }
    return render(request, "review/own_history.html", context)
