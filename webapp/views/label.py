"""The page where a person reads a trace and says what they think of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotate.access import assignment_for, project_for
from annotate.assign.queries import desk_of, feedback_on
from annotate.consensus.doubts import Doubt, doubts_of
from annotate.consensus.valuing import belief_now
from annotate.enums import AssignmentState, CutFault, Role
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.ingest.layouts import steps_at
from annotate.label.actions import save_answers, save_for_page, set_labelling, submit_and_claim, trouble_in
from annotate.label.answers import Said, Written
from annotate.label.cut_reports import own_reports
from annotate.label.cut_versions import old_answers
from annotate.label.queries import Sheet, blank_sheet, has_worked_on, piece_of, reader_of, sheet_of
from annotate.label.revealing import MachineWord, is_revealed, machine_words
from annotate.label.shortcuts import SHORTCUTS, keys_of, without_levels
from annotate.label.threads import Talk, talk_of_reader
from annotate.models import Assignment, Person
from webapp.forms.answers import Lease, read_answers, read_lease
from webapp.forms.label import (
    LATER_STEPS,
    LONG_TRACE,
    LabellingForm,
    Row,
    blanks_about_trace,
    first_rows,
    rows_of,
    said_in,
)
from webapp.templatetags.images import images
from webapp.templatetags.questions import problem_text
from webapp.templatetags.reasoning import opening, revealed
from webapp.templatetags.rows import map_rows, step_choices, step_rows
from webapp.templatetags.sheet_page import page_from_frame
from webapp.templatetags.typeset import has_math

MOST_DOUBTS = 2


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The labelling page; a plain form saves or submits all of it at once."""
    assignment = _own_assignment(request, pk)
    if request.method != "POST":
        return _page(request, assignment)
    lease = read_lease(request.POST)
    if "submit" not in request.POST:
        said = _said(assignment, request.POST, lease, blank_sheet(assignment))
        problem = trouble_in(said, save_answers(assignment, lease.token, said))
        return redirect("assignment", pk=pk) if problem is None else _page(request, assignment, problem)
    reading = partial(_said, assignment, request.POST, lease)
    handed, following = submit_and_claim(assignment, lease.token, reading)
    if handed.problem is not None:
        return _page(request, assignment, handed.problem)
    if handed.is_revealed:
        return redirect("assignment", pk=pk)
    if handed.submitted is not None and (said_of_it := feedback_on(handed.submitted)):
        messages.info(request, said_of_it)
    if following is None:
        return redirect("queue", slug=assignment.project.slug)
    return redirect("assignment", pk=following.pk)


@login_required
@require_POST
def answers(request: HttpRequest, pk: int) -> JsonResponse:
    """Some answers given or taken back, from the page's script; each is answered by itself, in order."""
    assignment = _own_assignment(request, pk)
    token, said = read_answers(request.body)
    # A page that knows another version of the steps loads itself again.
    written, version = save_for_page(assignment, token, said)
    return JsonResponse({"answers": [_as_json(one) for one in written], "boundary": version})


@login_required
@require_safe
def later_steps(request: HttpRequest, pk: int) -> HttpResponse:
    """The steps of a long trace from one on, as they stand on the page; a piece of them, nothing behind the last.

    ``boundary`` is how the trace was cut when the page was made. Where it is cut otherwise by now the answer is "reset
    your content": a piece of other steps must not be put behind those of the page.
    """
    assignment = _own_assignment(request, pk)
    start = min(_number(request, "from", "0"), assignment.trace.n_steps)
    sheet = piece_of(assignment, start, LATER_STEPS)
    if _number(request, "boundary", str(sheet.boundary)) != sheet.boundary:
        return HttpResponse(status=HTTPStatus.RESET_CONTENT)
    rows = _rows(assignment, sheet, _machine_words(assignment))
    return HttpResponse(step_rows(_around_steps(request, assignment, sheet), rows))


def _number(request: HttpRequest, name: str, usual: str) -> int:
    asked = request.GET.get(name, usual)
    if not asked.isdecimal():
        raise Rejected("should be a whole number, from 0", field=name)
    return int(asked)


def _rows(
    assignment: Assignment, sheet: Sheet, words: Mapping[int | None, Sequence[MachineWord]]
) -> list[Row]:
    reports = own_reports(assignment) if sheet.has_reports else {}
    return rows_of(sheet, words, old_answers(assignment), reports)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def labelling_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """What people see while they label, for managers."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    now = {"shows_reference": project.shows_reference, "reveals_prelabels": project.reveals_prelabels}
    form = LabellingForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        set_labelling(project, **form.cleaned_data)
        messages.success(request, gettext("Saved. It holds from the next page that somebody opens."))
        return redirect("labelling-settings", slug=slug)
    return render(request, "label/settings.html", {"project": project, "form": form})


def _said(assignment: Assignment, data: QueryDict, lease: Lease, blank: Sheet) -> list[Said]:
    """The posted sheet, read as the trace was cut on the page it was posted from."""
    then = lease.boundary
    if then is None or then == blank.boundary:
        return said_in(blank, data, seen=lease.seen, boundary=then)
    old = replace(blank, steps=tuple(steps_at(assignment.trace, then)), candidates=())
    return said_in(old, data, seen=lease.seen, boundary=then)


def _as_json(written: Written) -> dict[str, Any]:
    if written.refusal is not None:
        return {"refused": written.refusal.reason, "field": written.refusal.field}
    if written.is_conflict:
        return {"conflict": written.label_id, "value": written.value, "text": written.text}
    return {"id": written.label_id}


def _page(request: HttpRequest, assignment: Assignment, missing: Rejected | None = None) -> HttpResponse:
    if missing is not None:
        # What was missing may be that the steps are others now.
        assignment.trace.refresh_from_db(fields=["boundary_version", "n_steps"])
    sheet = sheet_of(assignment)
    assert isinstance(request.user, Person)
    project, problem, reader = assignment.project, assignment.trace.problem, reader_of(assignment)
    words = _machine_words(assignment)
    rows = _rows(assignment, sheet, words)
    around = _around_steps(request, assignment, sheet)
    # A page without its script is whole, and so is one that came back from a form.
    is_whole = "whole" in request.GET or missing is not None or not around["is_open"]
    texts = [
        problem.text,
        *(step.text for step in sheet.steps),
        *(one.text for one in sheet.texts.candidates),
    ]
    if project.shows_reference:
        texts += [problem.reference_answer or "", problem.reference_solution or ""]
    first = rows if is_whole else first_rows(rows)
    shown = {
        **around,
        **_about_problem(assignment, is_raw=around["is_raw"]),
        **_about_whole(around, words.get(None, ())),
        "rows": rows,
        "n_rows": len(rows),
        "n_first": len(first),
        "is_long": len(rows) > LONG_TRACE,
        "map": map_rows(rows),
        "steps": step_rows(around, first),
        "choices": step_choices(rows),
        "faults": CutFault.choices,
        "is_revealed": bool(words),
        "doubts": _doubts(assignment) if words else (),
        "needs_math": not around["is_raw"] and any(map(has_math, texts)),
        "missing": missing,
        **_keys(request.user, sheet),
        # The reader's row came through the door.
        "queue": desk_of(project, reader, getattr(reader, "reader", None)),
    }
    if (page := page_from_frame(request, shown)) is not None:
        return HttpResponse(page)
    status = HTTPStatus.OK
    if missing is not None:
        status = HTTPStatus.CONFLICT if missing.field == "boundary" else HTTPStatus.BAD_REQUEST
    return render(request, "label/sheet.html", shown, status=status)


def _about_problem(assignment: Assignment, *, is_raw: bool) -> dict[str, str]:
    problem = assignment.trace.problem
    shows_reference = assignment.project.shows_reference
    return {
        "problem_text": problem_text(problem, is_raw),
        "problem_pictures": images(problem, assignment),
        "problem_opening": revealed(opening(problem.text)),
        "references": render_to_string("label/references.html", {"problem": problem})
        if shows_reference
        else "",
    }


def _about_whole(around: dict[str, Any], words: Sequence[MachineWord]) -> dict[str, Any]:
    whole = blanks_about_trace(around["sheet"])
    shown = {**around, "whole": whole, "whole_words": words}
    return {
        "whole": whole,
        "whole_questions": render_to_string("label/whole.html", shown) if whole else "",
    }


def _machine_words(assignment: Assignment) -> dict[int | None, list[MachineWord]]:
    return machine_words(assignment) if is_revealed(assignment) else {}


def _doubts(assignment: Assignment) -> tuple[Doubt, ...]:
    """What machines differ about, for somebody who has been shown what they say; nothing of what people said."""
    belief = belief_now(assignment.trace)
    return doubts_of(belief, among_machines=True)[:MOST_DOUBTS] if belief is not None else ()


def _around_steps(request: HttpRequest, assignment: Assignment, sheet: Sheet) -> dict[str, Any]:
    """What the steps of a sheet look like depends on this, besides their rows."""
    assert isinstance(request.user, Person)
    return {
        "talk": talk_of_reader(assignment, request.user) if sheet.has_comments else Talk(),
        "assignment": assignment,
        "project": assignment.project,
        "sheet": sheet,
        "asked": {criterion.pk for criterion in sheet.criteria},
        "is_open": assignment.state == AssignmentState.HELD,
        "is_raw": "raw" in request.GET,
    }


def _keys(person: Person, sheet: Sheet) -> dict[str, Any]:
    """The person's shortcuts beside the levels' own keys: for the page's script, and for the list of keys."""
    taken = {level.hotkey for criterion in sheet.criteria for level in criterion.levels.all() if level.hotkey}
    keys = without_levels(keys_of(person.keys), taken)
    listed = [
        {"title": shortcut.title, "fixed": shortcut.fixed, "key": keys.get(shortcut.name, "")}
        for shortcut in SHORTCUTS
    ]
    return {"keys_json": json.dumps(keys), "shortcuts": listed}


def _own_assignment(request: HttpRequest, pk: int) -> Assignment:
    try:
        return assignment_for(request.user, pk)
    except NotAllowed:
        # Somebody who lost a lease knows the trace exists; "not found" would be no answer to them.
        if isinstance(request.user, Person) and has_worked_on(pk, request.user):
            raise Conflict(
                gettext(
                    "Your lease on this trace ran out and it went to somebody else. Your answers are kept,"
                    " but they do not count unless the trace comes back to you."
                )
            ) from None
        raise
