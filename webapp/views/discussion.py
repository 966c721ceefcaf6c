"""What reviewers and readers write to each other about traces, and readings that go back to be looked at again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import (
    REACH,
    STILL_TO_SAY,
    assignment_for,
    comment_for,
    project_for,
    reading_for,
    review_for,
    role_in,
)
from annotate.enums import Role
from annotate.errors import Conflict, Rejected
from annotate.label.discussion import ask_reviewers, edit_comment, resolve_comment, send_back, write_comment
from annotate.label.threads import open_for_reader, open_questions
from annotate.models import Person, Trace
from webapp.forms.discussion import CommentForm, WordsForm

PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD"])
def questions(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for an answer: for reviewers every open question, for readers what was written to them."""
    project = project_for(request.user, slug, role=Role.ANNOTATOR)
    assert isinstance(request.user, Person)
    is_reviewer = role_in(request.user, project) in REACH[Role.REVIEWER]
    rows = (open_questions if is_reviewer else open_for_reader)(project, request.user)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"project": project, "is_reviewer": is_reviewer, "page": page}
    return render(request, "review/questions.html", context)


@login_required
@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """A reviewer writes about a trace or a step: to its readers' reviewers, or to one of its readers."""
    trace = review_for(request.user, pk)
    given = _clean(CommentForm, request)
    write_comment(
        trace,
        _person(request),
        given["text"],
        position=_about(trace, given),
        to=reading_for(request.user, given["to"]) if given["to"] is not None else None,
        asks_reviewers=given["asks_reviewers"],
    )
    return _back_to(request, trace, given["about"])


@login_required
@require_POST
def send_back_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Return one reading of the trace to its reader, with the comment that says why."""
    trace = review_for(request.user, pk)
    given = _clean(CommentForm, request)
    if given["to"] is None:
        raise Rejected(gettext("Choose whose reading goes back."), field="to")
    reading = reading_for(request.user, given["to"])
    if reading.trace_id != trace.pk:
        raise Rejected(gettext("That is a reading of another trace."), field="to")
    send_back(reading, _person(request), [(_about(trace, given), given["text"])])
    messages.success(request, gettext("Sent back. It counts no more until its reader submits it again."))
    return _back_to(request, trace, given["about"])


@login_required
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever reads a trace writes to the reviewers."""
    assignment = assignment_for(request.user, pk)
    given = _clean(CommentForm, request)
    ask_reviewers(
        assignment, given["text"], position=_about(assignment.trace, given), asks=given["asks_reviewers"]
    )
    messages.success(request, gettext("Sent to the reviewers."))
    return HttpResponseRedirect(f"{reverse('assignment', args=[pk])}#discussion")


@login_required
@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = comment_for(request.user, pk)
    edit_comment(found, _person(request), _clean(WordsForm, request)["text"])
    return _back_to(request, found.trace, found.step.position if found.step else None)


@login_required
@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = comment_for(request.user, pk)
    resolve_comment(found, _person(request))
    return _back_to(request, found.trace, found.step.position if found.step else None)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _about(trace: Trace, given: dict[str, Any]) -> int | None:
    """The step that is meant; steps that were split or merged since the page was loaded have other numbers."""
    about: int | None = given["about"]
    if about is not None and given["boundary"] not in (None, trace.boundary_version):
        raise Conflict(
            gettext("The steps of this trace are others now. Go back, copy your words and reload the page.")
        )
    return about


def _clean(form: type[CommentForm] | type[WordsForm], request: HttpRequest) -> dict[str, Any]:
    given = form(request.POST)
    if not given.is_valid():
        field, problems = next(iter(given.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    return given.cleaned_data


def _back_to(request: HttpRequest, trace: Trace, position: int | None) -> HttpResponseRedirect:
    """The page on which the person reads this trace's discussion: the review page, or their own sheet."""
    own = trace.assignments.filter(holder__person=_person(request)).first()
    is_reviewer = role_in(request.user, trace.project) in REACH[Role.REVIEWER]
    if own is not None and (not is_reviewer or own.state in STILL_TO_SAY):
        return HttpResponseRedirect(f"{reverse('assignment', args=[own.pk])}#discussion")
    place = "discussion" if position is None else f"step-{position}"
    return HttpResponseRedirect(f"{reverse('review', args=[trace.pk])}#{place}")
