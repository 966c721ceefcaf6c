"""The page where a person reads a trace and says what they think of it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import assignment_for
from annotate.assign.actions import claim_next
from annotate.assign.queries import queue_state
from annotate.enums import AssignmentState
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.label.actions import clear_label, save_label, submit_assignment
from annotate.label.queries import Sheet, has_worked_on, reader_of, sheet_of
from annotate.models import Assignment, Criterion, Person
from webapp.forms.label import AnswerForm, LeaseForm, blanks_about_trace, changed_answers, rows_of
from webapp.templatetags.typeset import has_math


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The labelling page; a plain form saves or submits all of it at once."""
    assignment = _own_assignment(request, pk)
    if request.method != "POST":
        return _page(request, assignment)
    token = _token(request)
    _save_all(assignment, token, request)
    if "submit" not in request.POST:
        return redirect("assignment", pk=pk)
    try:
        submit_assignment(assignment, token)
    except Rejected as missing:
        return _page(request, assignment, missing)
    following = claim_next(assignment.project, reader_of(assignment))
    if following is None:
        return redirect("queue", slug=assignment.project.slug)
    return redirect("assignment", pk=following.pk)


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> JsonResponse:
    """One answer given or taken back, from the page's script."""
    assignment = _own_assignment(request, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        field, problems = next(iter(form.errors.as_data().items()))
        raise Rejected(" ".join(problems[0].messages), field=field)
    given = form.cleaned_data
    sheet = sheet_of(assignment)
    criterion = next((c for c in sheet.criteria if c.pk == given["criterion"]), None)
    if criterion is None:
        raise Rejected("This question is not in the rubric any more. Reload the page.", field="criterion")
    target = _target(assignment, sheet, given["position"], given["candidate"])
    if given["is_cleared"]:
        clear_label(assignment, given["token"], criterion=criterion, **target)
    else:
        save_label(
            assignment,
            given["token"],
            criterion=criterion,
            value=given["value"],
            text=given["text"],
            seconds=given["seconds"],
            is_filled=given["is_filled"],
            **target,
        )
    return JsonResponse({"is_saved": True})


@transaction.atomic
def _save_all(assignment: Assignment, token: int, request: HttpRequest) -> None:
    sheet = sheet_of(assignment)
    criteria: dict[int, Criterion] = {criterion.pk: criterion for criterion in sheet.criteria}
    for (criterion_id, position, candidate), said in changed_answers(sheet, request.POST):
        save_label(
            assignment,
            token,
            criterion=criteria[criterion_id],
            value=said.value,
            text=said.text,
            is_filled=said.is_filled,
            **_target(assignment, sheet, position, candidate.pk if candidate else None),
        )


def _target(
    assignment: Assignment, sheet: Sheet, position: int | None, candidate: int | None
) -> dict[str, Any]:
    if candidate is not None:
        found = next((one for one in sheet.candidates if one.pk == candidate), None)
        if found is None:
            raise Rejected("This text is not part of the trace any more. Reload the page.", field="candidate")
        return {"candidate": found}
    if position is None:
        return {"trace": assignment.trace}
    if position >= len(sheet.steps):
        raise Rejected(f"This trace has {len(sheet.steps)} steps.", field="position")
    return {"step": sheet.steps[position]}


def _page(request: HttpRequest, assignment: Assignment, missing: Rejected | None = None) -> HttpResponse:
    sheet = sheet_of(assignment)
    project, problem = assignment.project, assignment.trace.problem
    is_raw = "raw" in request.GET
    texts = [problem.text, *(step.text for step in sheet.steps)]
    if project.shows_reference:
        texts += [problem.reference_answer or "", problem.reference_solution or ""]
    return render(
        request,
        "label/sheet.html",
        {
            "assignment": assignment,
            "project": project,
            "problem": problem,
            "sheet": sheet,
            "rows": rows_of(sheet),
            "whole": blanks_about_trace(sheet),
            "is_open": assignment.state == AssignmentState.HELD,
            "is_raw": is_raw,
            "needs_math": not is_raw and any(map(has_math, texts)),
            "missing": missing,
            "queue": queue_state(project, reader_of(assignment)),
        },
        status=400 if missing else 200,
    )


def _own_assignment(request: HttpRequest, pk: int) -> Assignment:
    try:
        return assignment_for(request.user, pk)
    except NotAllowed:
        # Somebody who lost a lease knows the trace exists; "not found" would be no answer to them.
        if isinstance(request.user, Person) and has_worked_on(pk, request.user):
            raise Conflict(
                "Your lease on this trace ran out and it went to somebody else."
                " Your answers are kept, but they do not count unless the trace comes back to you."
            ) from None
        raise


def _token(request: HttpRequest) -> int:
    form = LeaseForm(request.POST)
    if not form.is_valid():
        raise Rejected("The form came without its lease token. Reload the page.", field="token")
    return int(form.cleaned_data["token"])
