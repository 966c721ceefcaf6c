"""What reviewers decide about the steps of a trace, and about texts given for them. The only writer of decisions.

A decision is a label by the project's one rater of kind review, with the reviewer behind it in ``decided_by``, the
reason as its text, and in its evidence the readings it was decided between. So it is revised, taken back and kept like
every label, and one stands at each place; being of a kind of its own, it is no reading that agreement could count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext

from annotate.assign.actions import rater_of
from annotate.assign.worth import note_said
from annotate.enums import Purpose, RaterKind, Scope
from annotate.errors import Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.logbook import note
from annotate.models import Candidate, Criterion, Label, Person, Project, Rater, Step, Trace, Turn

from .answers import Said, Spot, Written, clean_compared, clean_seconds
from .cut_versions import Moved, moved
from .queries import asked_criteria
from .writing import retire

DESK = "review"
# What people say about traces whose answers are known is measured, and ends there.
IS_WORK = Q(assignment=None) | Q(assignment__purpose=Purpose.WORK)


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody's submitted answer says, as far as deciding cares."""

    label: int
    value: str


def decidable_criteria(project: Project) -> tuple[Criterion, ...]:
    """The questions about steps, texts given for them and the trace that have levels to decide between."""
    return tuple(one for one in asked_criteria(project) if one.levels.all())


def desk_of(project: Project) -> Rater:
    """The rater that holds the project's decisions. A rater of that name that came with a file is somebody else."""
    found = Rater.objects.filter(project=project, kind=RaterKind.REVIEW).first()
    if found is not None:
        return found
    is_taken = Rater.objects.filter(project=project, name=DESK).exists()
    desk, _ = Rater.objects.get_or_create(
        project=project,
        kind=RaterKind.REVIEW,
        defaults={"name": f"{DESK}#{project.pk}" if is_taken else DESK},
    )
    return desk


@transaction.atomic
def decide(trace: Trace, person: Person, said: Sequence[Said]) -> list[Written]:
    """Write some decisions about a trace, each by itself; the same one again writes nothing.

    ``text`` is the reason, which may be left out only where a reading says the same. With ``seen``, a decision that
    somebody else made at that place after it is left standing, as a conflict. Raises nothing: a decision that cannot be
    taken is a refusal in its place. ``person`` is somebody who may review the project.
    """
    # Two reviewers of one trace take turns here; a turn is locked before its trace everywhere.
    turn = Turn.objects.select_for_update(of=("self",)).filter(trace=trace).first()
    Trace.objects.select_for_update(no_key=True).get(pk=trace.pk)
    book = _Book(trace, person)
    now = {pk: position for position, pk in book.steps.items()}
    stale = any(one.boundary is not None for one in said)
    placed = moved(trace, said, now) if stale else [Moved(one) for one in said]
    transaction.on_commit(partial(note_said, [trace.pk]))
    written = [book.write(one.said) if one.gone is None else _too_late(one.said) for one in placed]
    if turn is not None and turn.is_settled != (is_settled := book.is_settled):
        Turn.objects.filter(pk=turn.pk).update(is_settled=is_settled)
    return written


def _too_late(one: Said) -> Written:
    refusal = Rejected(
        gettext("The step was split or merged meanwhile; look at it again."), field=_field("reason", one)
    )
    return Written(refusal=refusal)


class _Book:
    """The decisions of one trace, and what they are decided between."""

    def __init__(self, trace: Trace, person: Person) -> None:
        self.trace = trace
        self.desk, self.reviewer = desk_of(trace.project), rater_of(trace.project, person)
        self.criteria = {one.pk: one for one in decidable_criteria(trace.project)}
        self.steps = dict(Step.objects.filter(trace=trace).values_list("position", "pk"))
        self.texts = dict(_candidates(trace))
        self.readings = _readings_by_spot(trace, self.criteria)
        self.rows = _decisions_by_spot(trace, self.desk)

    @property
    def is_settled(self) -> bool | None:
        """Whether every disagreement is decided; None where nothing is decided at all."""
        decided = {spot for spot, rows in self.rows.items() if any(row.is_live for row in rows)}
        if not decided:
            return None
        differ = (
            spot for spot, said in self.readings.items() if len({reading.value for reading in said}) > 1
        )
        return decided.issuperset(differ)

    def write(self, one: Said) -> Written:
        try:
            return self._write(one)
        except Rejected as refusal:
            return Written(refusal=refusal)

    def _write(self, one: Said) -> Written:
        criterion = self._criterion_of(one)
        is_whole = one.position is None and one.candidate is None
        about = {
            "step_id": None if one.position is None else self.steps[one.position],
            "candidate_id": one.candidate,
            "trace": self.trace if is_whole else None,
        }
        rows = self.rows.setdefault(one.spot, [])
        readings = self.readings.get(one.spot, ())
        return write_decision(self.desk, self.reviewer, criterion, one, rows, readings, about)

    def _criterion_of(self, one: Said) -> Criterion:
        criterion = self.criteria.get(one.criterion_id)
        if criterion is None:
            raise Rejected(
                gettext("This is no question of the project's rubric that can be decided."), field="criterion"
            )
        if criterion.scope == Scope.CANDIDATE or one.candidate is not None:
            if one.candidate is None or self.texts.get(one.candidate) != criterion.candidate_kind:
                raise Rejected(
                    gettext("%(criterion)s is about no such text of this trace.") % {"criterion": criterion},
                    field="candidate",
                )
            return criterion
        if (criterion.scope == Scope.STEP) != (one.position is not None):
            if criterion.scope == Scope.STEP:
                raise Rejected(
                    gettext("%(criterion)s is about a step.") % {"criterion": criterion}, field="step"
                )
            raise Rejected(
                gettext("%(criterion)s is about the trace as a whole.") % {"criterion": criterion},
                field="step",
            )
        if one.position is not None and one.position not in self.steps:
            raise Rejected(
                gettext("This trace has %(n_steps)s steps.") % {"n_steps": self.trace.n_steps}, field="step"
            )
        return criterion


def write_decision(
    desk: Rater,
    reviewer: Rater,
    criterion: Criterion,
    one: Said,
    rows: list[Label],
    readings: Sequence[Reading],
    about: Mapping[str, Any],
    *,
    noun: str = "decision",
) -> Written:
    """One decision; raises Rejected. ``rows`` are all ever made at its place, oldest first, and get the new one.

    ``about`` is what the label is about, as its fields say it. Whoever calls this has locked that. ``noun`` is what the
    logbook calls it.
    """
    lineup = about.get("lineup")
    size = lineup.size if lineup is not None else 0
    value, text = (
        ("", one.text.strip()) if one.is_cleared else clean_compared(criterion, one.value, one.text, size)
    )
    standing = next((row for row in rows if row.is_live), None)
    if standing is None and one.is_cleared:
        return Written()
    if standing is not None and not one.is_cleared and (standing.value, standing.text) == (value, text):
        return Written(standing.pk)
    newest = max((row.pk for row in rows), default=0)
    if one.seen is not None and newest > one.seen:
        there = standing or Label(value="", text="")
        return Written(newest, True, there.value, there.text)
    if not one.is_cleared and not text and all(reading.value != value for reading in readings):
        raise Rejected(
            gettext("No reading says %(value)s here, so say why you decide it.")
            % {"value": value or gettext("this")},
            field=_field("reason", one),
        )
    if standing is not None:
        retire([standing.pk])
        standing.is_live = False
    freeze_rubric(criterion.rubric)
    label = Label.objects.create(
        rater=desk,
        decided_by=reviewer,
        criterion=criterion,
        value=value,
        text=text,
        seconds=clean_seconds(one.seconds),
        is_live=not one.is_cleared,
        evidence={"between": [reading.label for reading in readings]},
        supersedes=standing,
        **about,
    )
    rows.append(label)
    keys = {name: getattr(held, "pk", held) for name, held in about.items() if held is not None}
    note(
        "cleared" if one.is_cleared else "decided",
        noun,
        project=desk.project_id,
        subject=label.pk,
        before={} if standing is None else {"label": standing.pk, "value": standing.value},
        after={"criterion": criterion.key, **keys, "position": one.position, "value": label.value},
    )
    return Written(label.pk)


def decisions_on(trace: Trace) -> list[Label]:
    """What stands decided about a trace, its steps and the texts given for them. Not for annotators."""
    rows = Label.objects.about(trace).decisions()
    # Without the trace, which is known: PostgreSQL orders joins of up to eight tables by itself, and with more it
    # reads every decision of the project before it looks whether it is about this trace.
    rows = rows.select_related("rater", "decided_by", "criterion", "step", "candidate__step")
    found = list(rows.order_by("pk"))
    for label in found:
        if label.trace_id is not None:
            label.trace = trace
        if label.step is not None:
            label.step.trace = trace
        if label.candidate is not None:
            label.candidate.step.trace = trace
    return found


def newest_decision(trace: Trace) -> int:
    """The id of the newest decision about a trace, taken back or not; 0 when there is none."""
    rows = Label.objects.about(trace).filter(rater__kind=RaterKind.REVIEW)
    return rows.aggregate(newest=Max("pk"))["newest"] or 0


def hide_readers(project: Project, is_hidden: bool) -> None:
    """Whether reviewers see readers' names before they have decided. For managers."""
    project.hides_readers = is_hidden
    project.save(update_fields=["hides_readers"])


def counted_readings(trace: Trace) -> QuerySet[Label]:
    """What people have submitted about a trace, its steps and the texts given for them; nobody else's word."""
    rows = Label.objects.about(trace).counted().filter(IS_WORK, rater__kind=RaterKind.PERSON)
    return rows.select_related("rater__person", "criterion", "step", "assignment").order_by("pk")


def _candidates(trace: Trace) -> QuerySet[Candidate, tuple[int, str]]:
    return Candidate.objects.filter(step__trace=trace, step__retired_in=None).values_list("pk", "kind")


def _readings_by_spot(trace: Trace, criteria: Mapping[int, Criterion]) -> dict[Spot, list[Reading]]:
    found: dict[Spot, list[Reading]] = {}
    for row in counted_readings(trace):
        if row.criterion_id in criteria:
            found.setdefault(spot_of(row), []).append(Reading(row.pk, row.value))
    return found


def _decisions_by_spot(trace: Trace, desk: Rater) -> dict[Spot, list[Label]]:
    """Every decision ever made about a trace, oldest first."""
    rows = Label.objects.about(trace).filter(rater=desk, step__retired_in=None)
    found: dict[Spot, list[Label]] = {}
    for row in rows.select_related("step").order_by("pk"):
        found.setdefault(spot_of(row), []).append(row)
    return found


def spot_of(label: Label) -> Spot:
    position = None if label.step is None else label.step.position
    return label.criterion_id, position, label.candidate_id


def spot_name(criterion: int, position: int | None, candidate: int | None) -> str:
    """How a spot is named in forms: by its question, and the text, the step or the trace that it is about."""
    if candidate is not None:
        return f"{criterion}-c{candidate}"
    return f"{criterion}-{'trace' if position is None else position}"


def _field(name: str, one: Said) -> str:
    return f"{name}-{spot_name(*one.spot)}"
