"""What a person says about a trace, answer by answer. The only writer of people's labels.

Labels are append-only. Changing an answer writes a new row that supersedes the old one. Taking an answer back retires
its row and writes one that is not live, with no value: so that every change has its place in the history, and another
window's answer can be told to be older or newer than it. A later answer to the same question starts afresh.
Everything here needs the lease: the assignment's current token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.utils.translation import gettext, gettext_lazy

from annotate.assign.actions import (
    claim_after,
    claim_next,
    finish_assignment,
    held_for_writing,
    reopen_assignments,
)
from annotate.assign.finishing import SaidHere
from annotate.enums import AssignmentState, CriterionKind, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import freeze_rubric, use_rubric
from annotate.ingest.rubric_rows import criteria_of
from annotate.models import Assignment, Candidate, Criterion, Label, Project, Reader, Rubric, Step, Trace

from .answers import Said, Written
from .carrying import Carriage, carriage_of, carry
from .completeness import Answer, asked_places, first_missing
from .mapping import Moves, as_json, check_moves
from .queries import Sheet, question_of, reader_of
from .revealing import reveal_to
from .writing import Ledger, open_ledger, retire

Reading = Callable[[Sheet], Sequence[Said]]
RECUT_MEANWHILE = gettext_lazy(
    "Somebody has split or merged steps of this trace since the page was loaded. Below are the steps as they are now;"
    " what you had answered is kept wherever it still fits."
)


def save_answers(assignment: Assignment, token: int, said: Sequence[Said]) -> list[Written]:
    """Write some answers in their order, each by itself: one that is refused or in conflict stops no other.

    However many there are, they cost the same few queries, as long as each is about another place.
    """
    return save_for_page(assignment, token, said)[0]


@transaction.atomic
def save_for_page(assignment: Assignment, token: int, said: Sequence[Said]) -> tuple[list[Written], int]:
    """:func:`save_answers`, with the boundary version under which they were written, for a page that shows steps."""
    held = held_for_writing(assignment, token)
    ledger, placed = open_ledger(held, said)
    return ledger.write_placed(placed), ledger.boundary


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
    position = _position(assignment, criterion, step, trace, candidate)
    rated = candidate.pk if candidate else None
    said = Said(
        criterion.pk,
        position,
        value,
        text,
        seconds,
        is_filled=is_filled,
        candidate=rated,
        step=step.pk if step else None,
    )
    [written] = save_answers(assignment, token, [said])
    if written.refusal is not None:
        raise written.refusal
    assert written.label_id is not None
    return Label.objects.select_related("criterion", "rater", "assignment").get(pk=written.label_id)


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
    position, rated = (
        _position(assignment, criterion, step, trace, candidate),
        candidate.pk if candidate else None,
    )
    said = Said(criterion.pk, position, is_cleared=True, candidate=rated, step=step.pk if step else None)
    [written] = save_answers(assignment, token, [said])
    if written.refusal is not None:
        raise written.refusal
    return written.label_id is not None


def submit_assignment(assignment: Assignment, token: int) -> Assignment:
    """Make the answers count; raises Rejected while one is missing. The same lease twice is the same submission.

    Where the project shows pre-labels to those who have answered, the first submission shows them and the assignment
    comes back held; the second makes the answers count.
    """
    handed = submit_sheet(assignment, token)
    if handed.problem is not None:
        raise handed.problem
    return Assignment.objects.select_related("holder", "project").get(pk=assignment.pk)


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a submission: it counts, or there is a ``problem``, or the pre-labels are shown first.

    ``reader`` is their row at the queue, locked, where the submission was not there already.
    """

    problem: Rejected | None = None
    is_revealed: bool = False
    submitted: Assignment | None = None
    reader: Reader | None = None

    @property
    def counts(self) -> bool:
        return self.problem is None and not self.is_revealed


def submit_and_claim(
    assignment: Assignment, token: int, said: Sequence[Said] | Reading
) -> tuple[Handed, Assignment | None]:
    """:func:`submit_sheet`, and the next trace for whoever has submitted, in one transaction: one wait for the disk.

    ``said`` may be what reads a form by the blank sheet, whose steps need then be read no second time.
    """
    project, rater = assignment.project, reader_of(assignment)
    try:
        with transaction.atomic():
            handed = _submitted(assignment, token, said)
            if handed.reader is not None:
                return handed, claim_after(project, handed.reader, rater)
    except DatabaseError:
        # A claim that fails takes nothing with it that was submitted.
        handed = submit_sheet(assignment, token, said)
    return handed, claim_next(project, rater) if handed.counts else None


@transaction.atomic
def submit_sheet(assignment: Assignment, token: int, said: Sequence[Said] | Reading = ()) -> Handed:
    """Write the answers given with it and make all of them count; while something is missing it stays open.

    An answer from a page on which the trace was cut otherwise is written where it belongs now, and nothing is
    submitted: somebody has to look at the steps again.

    In this order: the slot must be held and complete; where the project reveals pre-labels and has not yet, it does
    so now and the slot stays open; drafts of earlier holders of the slot, and answers to what is not asked after all
    (behind a first error, where a condition no longer holds), are set aside; the slot is closed.
    """
    return _submitted(assignment, token, said)


def _submitted(assignment: Assignment, token: int, said: Sequence[Said] | Reading) -> Handed:
    try:
        held = held_for_writing(assignment, token)
    except Conflict:
        # A submission that arrives twice, its first answer lost on the way, is not the second one's fault.
        if Assignment.objects.filter(pk=assignment.pk, state=AssignmentState.SUBMITTED, token=token).exists():
            return Handed()
        raise
    ledger = Ledger(held)
    if callable(said):
        said = said(ledger.blank())
    is_stale = any(one.boundary not in (None, ledger.boundary) for one in said)
    problem = trouble_in(said, ledger.write_placed(ledger.place(said)))
    if problem is None and is_stale:
        problem = Rejected(str(RECUT_MEANWHILE), field="boundary")
    return Handed(problem) if problem is not None else _finish_if_complete(ledger)


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
        raise Conflict(
            gettext("%(project)s asks by %(current)s already.") % {"project": project, "current": current}
            if old
            else gettext("%(project)s has no rubric yet.") % {"project": project}
        )
    if current.is_frozen:
        raise Conflict(
            gettext("Labels rest on %(current)s already, so no others can be carried over to it.")
            % {"current": current}
        )
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


def trouble_in(said: Sequence[Said], written: Sequence[Written]) -> Rejected | None:
    """The first answer that was not taken, and why, for whoever sent a whole sheet at once."""
    for one, outcome in zip(said, written, strict=True):
        if outcome.refusal is not None:
            return outcome.refusal
        if outcome.is_conflict:
            place = (
                gettext("The trace as a whole")
                if one.position is None
                else gettext("Step %(position)s") % {"position": one.position + 1}
            )
            return Rejected(
                gettext(
                    "%(place)s was answered otherwise in another window after this page was loaded. What"
                    " stands there is shown now; the other answers are saved."
                )
                % {"place": place},
                field="trace" if one.position is None else f"step-{one.position}",
            )
    return None


def _finish_if_complete(ledger: Ledger) -> Handed:
    held, criteria = ledger.held, ledger.criteria
    if not criteria:
        raise Conflict(gettext("The rubric asks people nothing, so there is nothing to submit."))
    drafts, ratings = ledger.drafts, ledger.ratings
    questions = [question_of(one, ledger.texts.places_of(one)) for one in criteria.values()]
    said = {place: Answer(row.value, row.text) for place, row in drafts.items()}
    rated = {place: Answer(row.value, row.text) for place, row in ratings.items()}
    answers = ledger.texts.together(criteria.values(), said, rated)
    missing = first_missing(questions, ledger.kinds, answers)
    if missing is not None:
        what = gettext("the reason in words") if missing in answers else gettext("an answer")
        return Handed(_still_needed(criteria[missing[0]], missing[1], what))
    if reveal_to(held):
        return Handed(is_revealed=True)
    asked = set(asked_places(questions, ledger.kinds, answers))
    # A rating is said at the step whose text it rates.
    said_here = list(drafts.items())
    for (criterion_id, candidate), row in ratings.items():
        said_here.append(((criterion_id, ledger.texts.position(ledger.candidates[candidate])), row))
    aside = [row.pk for place, row in said_here if place not in asked]
    # A slot claimed once has had one holder only.
    if held.token > 1:
        earlier = Label.objects.live().filter(assignment=held).exclude(rater=reader_of(held))
        aside += earlier.values_list("pk", flat=True)
    if aside:
        retire(aside)
    stands = [(place, row) for place, row in said_here if place in asked]
    reader = finish_assignment(held, [SaidHere(*place, row.value, row.seconds) for place, row in stands])
    return Handed(submitted=held, reader=reader)


def _still_needed(criterion: Criterion, position: int | None, what: str) -> Rejected:
    if position is None:
        return Rejected(
            gettext("The trace as a whole still needs %(what)s (%(criterion)s).")
            % {"what": what, "criterion": criterion},
            field="trace",
        )
    return Rejected(
        gettext("Step %(position)s still needs %(what)s (%(criterion)s).")
        % {"position": position + 1, "what": what, "criterion": criterion},
        field=f"step-{position}",
    )


def set_labelling(project: Project, *, shows_reference: bool, reveals_prelabels: bool) -> None:
    """What people see beside the steps. Callers have checked that the person may manage the project."""
    project.shows_reference, project.reveals_prelabels = shows_reference, reveals_prelabels
    project.save(update_fields=["shows_reference", "reveals_prelabels"])


def _position(
    assignment: Assignment,
    criterion: Criterion,
    step: Step | None,
    trace: Trace | None,
    candidate: Candidate | None,
) -> int | None:
    """Where a target is, for those who hold the rows themselves."""
    if criterion.rubric_id != assignment.project.rubric_id:
        raise Rejected(
            gettext("%(criterion)s is not part of this project's rubric.") % {"criterion": criterion},
            field="criterion",
        )
    if not criterion.is_asked or criterion.kind == CriterionKind.GROUP:
        raise Rejected(
            gettext("%(criterion)s is not put to people.") % {"criterion": criterion}, field="criterion"
        )
    if candidate is not None:
        if step is not None or trace is not None:
            raise Rejected(
                gettext("%(criterion)s needs a candidate of this trace.") % {"criterion": criterion},
                field="candidate",
            )
        return None
    if criterion.scope == Scope.CANDIDATE:
        raise Rejected(
            gettext("%(criterion)s is about a candidate.") % {"criterion": criterion}, field="candidate"
        )
    if criterion.scope == Scope.STEP:
        if step is None or trace is not None or step.trace_id != assignment.trace_id:
            raise Rejected(
                gettext("%(criterion)s needs a step of this trace.") % {"criterion": criterion}, field="step"
            )
        return step.position
    if criterion.scope == Scope.TRACE:
        if trace is None or step is not None or trace.pk != assignment.trace_id:
            raise Rejected(
                gettext("%(criterion)s is about this trace as a whole.") % {"criterion": criterion},
                field="trace",
            )
        return None
    raise Rejected(
        gettext("%(criterion)s is about pairs, not traces.") % {"criterion": criterion}, field="criterion"
    )
