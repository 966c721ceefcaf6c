"""What a person says about a trace, answer by answer. The only writer of people's labels.

Labels are append-only. Changing an answer writes a new row that supersedes the old one; taking an answer back
(``clear_label``) retires the row without a successor, and a later answer to the same question starts afresh.
Everything here needs the lease: the assignment's current token.
"""

from __future__ import annotations

import math
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotate.assign.actions import finish_assignment, held_for_writing, reopen_assignments
from annotate.enums import WORDING_KINDS, AssignmentState, CandidateKind, CriterionKind, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import freeze_rubric, use_rubric
from annotate.ingest.rubric_rows import criteria_of
from annotate.ingest.tags import tidy_tags
from annotate.models import Assignment, Candidate, Criterion, Label, Project, Rubric, Step, Trace

from .carrying import Carriage, carriage_of, carry
from .mapping import Moves, as_json, check_moves
from .queries import Sheet, reader_of, sheet_of

LONGEST_TEXT = 20_000
# A step rewritten may be as long as a step.
LONGEST_CORRECTION = 200_000


@transaction.atomic
def save_label(
    assignment: Assignment,
    token: int,
    *,
    step: Step | None = None,
    trace: Trace | None = None,
    candidate: Candidate | None = None,
    criterion: Criterion,
    value: str,
    text: str = "",
    seconds: float | None = None,
    is_filled: bool = False,
) -> Label:
    """Record one answer; the same answer again writes nothing. Raises Rejected or Conflict.

    ``is_filled``: the step was answered along with an error further on, which the label's evidence says.
    """
    held = held_for_writing(assignment, token)
    _require_target(held, criterion, step, trace, candidate)
    value, text = _clean_answer(criterion, value, text, step)
    standing = _standing(held, criterion, step, candidate).first()
    if standing is not None:
        # Labels a person has from elsewhere (an import, a slot they lost) are superseded, not taken for this slot's.
        if (standing.value, standing.text, standing.assignment_id) == (value, text, held.pk):
            return standing
        _retire(Label.objects.filter(pk=standing.pk))
    freeze_rubric(criterion.rubric)
    return Label.objects.create(
        rater=reader_of(held),
        criterion=criterion,
        step=step,
        trace=trace,
        candidate=candidate,
        assignment=held,
        value=value,
        text=text,
        evidence={"is_filled": True} if is_filled else {},
        seconds=_clean_seconds(seconds),
        supersedes=standing,
    )


@transaction.atomic
def clear_label(
    assignment: Assignment,
    token: int,
    *,
    step: Step | None = None,
    trace: Trace | None = None,
    candidate: Candidate | None = None,
    criterion: Criterion,
) -> bool:
    """Take an answer back; returns whether there was one."""
    held = held_for_writing(assignment, token)
    _require_target(held, criterion, step, trace, candidate)
    return _retire(_standing(held, criterion, step, candidate).filter(assignment=held)) > 0


@transaction.atomic
def submit_assignment(assignment: Assignment, token: int) -> Assignment:
    """Make the answers count. Submitting the same lease twice is the same submission.

    In this order: the slot must be held and complete; drafts of earlier holders of the slot, and answers to what is
    not asked after all (behind a first error, where a condition no longer holds), are set aside; the slot is closed.
    """
    current = Assignment.objects.select_related("holder", "project").get(pk=assignment.pk)
    if current.state == AssignmentState.SUBMITTED and current.token == token:
        return current
    held = held_for_writing(assignment, token)
    sheet = sheet_of(held)
    _require_complete(sheet)
    asked = set(sheet.asked)
    drafts = Label.objects.live().filter(assignment=held)
    _retire(drafts.exclude(rater=reader_of(held)))
    for criterion_id, position in sheet.answers:
        if (criterion_id, position) not in asked:
            place = {"trace": held.trace} if position is None else {"step__position": position}
            _retire(drafts.filter(criterion=criterion_id, **place))
    position_of = {step.pk: step.position for step in sheet.steps}
    for one in sheet.candidates:
        for criterion_id in (pk for pk, rated in sheet.ratings if rated == one.pk):
            if (criterion_id, position_of[one.step_id]) not in asked:
                _retire(drafts.filter(criterion=criterion_id, candidate=one))
    finish_assignment(held)
    return held


@transaction.atomic
def carry_over(new: Rubric, moves: Moves, *, is_dry_run: bool = False) -> Carriage:
    """Ask by ``new`` from now on, and let what was said under the project's rubric count under it.

    In this order: the moves are checked and stored with the new version, the labels carried over as new rows, slots
    that are incomplete now opened again, and the new version put to use. A dry run does none of it and returns the
    same. Raises Rejected for moves that cannot be made, Conflict where labels rest on the new version already.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=new.project_id)
    old = project.rubric
    current = Rubric.objects.select_for_update(no_key=True).get(pk=new.pk)
    if old is None or old.pk == current.pk:
        raise Conflict(f"{project} asks by {current} already." if old else f"{project} has no rubric yet.")
    if current.is_frozen:
        raise Conflict(f"Labels rest on {current} already, so no others can be carried over to it.")
    check_moves(moves, criteria_of(old), criteria_of(current))
    carriage = carriage_of(old, current, moves)
    if is_dry_run:
        return carriage
    current.carried_from, current.mapping = old, as_json(moves)
    current.save(update_fields=["carried_from", "mapping"])
    if carry(old, current, moves):
        freeze_rubric(current)
    reopen_assignments(project, [reading.assignment for reading in carriage.incomplete])
    use_rubric(project, current)
    return carriage


def _require_complete(sheet: Sheet) -> None:
    if not sheet.criteria:
        raise Conflict("The rubric asks people nothing, so there is nothing to submit.")
    missing = sheet.missing
    if missing is None:
        return
    criterion_id, position = missing
    title = next(criterion.title for criterion in sheet.criteria if criterion.pk == criterion_id)
    what = "the reason in words" if missing in sheet.answers else "an answer"
    if position is None:
        raise Rejected(f"The trace as a whole still needs {what} ({title}).", field="trace")
    raise Rejected(f"Step {position + 1} still needs {what} ({title}).", field=f"step-{position}")


def _require_target(
    held: Assignment,
    criterion: Criterion,
    step: Step | None,
    trace: Trace | None,
    candidate: Candidate | None,
) -> None:
    if criterion.rubric_id != held.project.rubric_id:
        raise Rejected(f"{criterion} is not part of this project's rubric.", field="criterion")
    if not criterion.is_asked or criterion.kind == CriterionKind.GROUP:
        raise Rejected(f"{criterion} is not put to people.", field="criterion")
    if (candidate is not None) != (criterion.scope == Scope.CANDIDATE):
        wanted = "a candidate" if candidate is None else f"a {criterion.scope}, not a candidate"
        raise Rejected(f"{criterion} is about {wanted}.", field="candidate")
    if candidate is not None:
        if step is not None or trace is not None or candidate.step.trace_id != held.trace_id:
            raise Rejected(f"{criterion} needs a candidate of this trace.", field="candidate")
        if candidate.kind != criterion.candidate_kind:
            raise Rejected(f"{criterion} is about {criterion.candidate_kind}s.", field="candidate")
    elif criterion.scope == Scope.STEP:
        if step is None or trace is not None or step.trace_id != held.trace_id:
            raise Rejected(f"{criterion} needs a step of this trace.", field="step")
    elif criterion.scope == Scope.TRACE:
        if trace is None or step is not None or trace.pk != held.trace_id:
            raise Rejected(f"{criterion} is about this trace as a whole.", field="trace")
    else:
        raise Rejected(f"{criterion} is about pairs, not traces.", field="criterion")


def _clean_answer(criterion: Criterion, value: str, text: str, step: Step | None) -> tuple[str, str]:
    # Forms send CRLF. A step rewritten may begin with an indentation that means something.
    text = text.replace("\r\n", "\n")
    is_correction = criterion.kind == CriterionKind.CORRECTION
    text = text.strip("\n").rstrip() if is_correction else text.strip()
    longest = LONGEST_CORRECTION if is_correction else LONGEST_TEXT
    if len(text) > longest:
        raise Rejected(f"The text is longer than {longest} characters.", field="text")
    if "\x00" in text:
        raise Rejected("The text contains a NUL character.", field="text")
    if criterion.kind in WORDING_KINDS:
        if value or not text:
            raise Rejected(f"{criterion} is answered in words.", field="text")
        if is_correction and step is not None and text.strip() == step.body.strip():
            raise Rejected(f"{criterion} says what the step says; change it, or leave it out.", field="text")
        return "", text
    if criterion.kind == CriterionKind.PICK:
        return _clean_pick(criterion, value, text, step)
    known = {level.key for level in criterion.levels.all()}
    if criterion.kind == CriterionKind.TAGS:
        return tidy_tags(value, known, criterion.severities), text
    if value not in known:
        raise Rejected(f"{criterion} has no level {value!r}.", field="value")
    return value, text


def _clean_pick(criterion: Criterion, value: str, text: str, step: Step | None) -> tuple[str, str]:
    """The position of an alternative at the step; or no value, and a continuation in one's own words."""
    if not value:
        if not text:
            raise Rejected(f"{criterion}: pick one, or write your own.", field="value")
        return "", text
    alternatives = Candidate.objects.filter(step=step, kind=CandidateKind.ALTERNATIVE)
    if not value.isdecimal() or not alternatives.filter(position=int(value)).exists():
        raise Rejected(f"{criterion}: the step has no alternative {value}.", field="value")
    return str(int(value)), text


def _clean_seconds(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        raise Rejected("Seconds spent must be a number from 0.", field="seconds")
    return round(seconds, 1)


def _standing(
    held: Assignment, criterion: Criterion, step: Step | None, candidate: Candidate | None
) -> QuerySet[Label]:
    target: dict[str, Any] = {"trace": held.trace}
    if step is not None or candidate is not None:
        target = {"step": step} if candidate is None else {"candidate": candidate}
    return Label.objects.live().filter(rater=reader_of(held), criterion=criterion, **target)


def _retire(labels: QuerySet[Label]) -> int:
    return labels.update(is_live=False)
