"""What reviewers decide about the steps of a trace. The only writer of decisions, those about pairs among them.

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
from annotate.models import Criterion, Label, Person, Project, Rater, Step, Trace

from .answers import Said, Written, clean_answer, clean_seconds
from .completeness import Place
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
    """The questions about steps and the trace that have levels; words have none to decide between."""
    asked = (one for one in asked_criteria(project) if one.scope != Scope.CANDIDATE)
    return tuple(one for one in asked if one.levels.all())


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
    # Two reviewers of one trace take turns here.
    Trace.objects.select_for_update(no_key=True).get(pk=trace.pk)
    book = _Book(trace, person)
    now = {pk: position for position, pk in book.steps.items()}
    stale = any(one.boundary is not None for one in said)
    placed = moved(trace, said, now) if stale else [Moved(one) for one in said]
    # Behind the commit: a turn is locked before its trace everywhere else.
    transaction.on_commit(partial(note_said, [trace.pk]))
    return [book.write(one.said) if one.gone is None else _too_late(one.said) for one in placed]


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
        self.readings = _readings_by_place(trace, self.criteria)
        self.rows = _decisions_by_place(trace, self.desk)

    def write(self, one: Said) -> Written:
        try:
            return self._write(one)
        except Rejected as refusal:
            return Written(refusal=refusal)

    def _write(self, one: Said) -> Written:
        criterion = self._criterion_of(one)
        about = {
            "step_id": None if one.position is None else self.steps[one.position],
            "trace": self.trace if one.position is None else None,
        }
        rows = self.rows.setdefault(one.place, [])
        readings = self.readings.get(one.place, ())
        return write_decision(self.desk, self.reviewer, criterion, one, rows, readings, about)

    def _criterion_of(self, one: Said) -> Criterion:
        criterion = self.criteria.get(one.criterion_id)
        if criterion is None:
            raise Rejected(
                gettext("This is no question of the project's rubric that can be decided."), field="criterion"
            )
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
) -> Written:
    """One decision; raises Rejected. ``rows`` are all ever made at its place, oldest first, and get the new one.

    ``about`` is what the label is about, as its fields say it. Whoever calls this has locked that.
    """
    value, text = (
        ("", one.text.strip()) if one.is_cleared else clean_answer(criterion, one.value, one.text, None)
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
        "decision",
        project=desk.project_id,
        subject=label.pk,
        before={} if standing is None else {"label": standing.pk, "value": standing.value},
        after={"criterion": criterion.key, **keys, "position": one.position, "value": label.value},
    )
    return Written(label.pk)


def decisions_on(trace: Trace) -> list[Label]:
    """What stands decided about a trace and its steps. Not for annotators."""
    rows = Label.objects.about(trace).decisions().filter(candidate=None)
    return list(
        rows.select_related("rater", "decided_by", "criterion", "trace", "step__trace").order_by("pk")
    )


def newest_decision(trace: Trace) -> int:
    """The id of the newest decision about a trace, taken back or not; 0 when there is none."""
    rows = Label.objects.about(trace).filter(candidate=None, rater__kind=RaterKind.REVIEW)
    return rows.aggregate(newest=Max("pk"))["newest"] or 0


def hide_readers(project: Project, is_hidden: bool) -> None:
    """Whether reviewers see readers' names before they have decided. For managers."""
    project.hides_readers = is_hidden
    project.save(update_fields=["hides_readers"])


def counted_readings(trace: Trace) -> QuerySet[Label]:
    """What people have submitted about a trace and its steps, without what machines, keys and reviewers say."""
    rows = Label.objects.about(trace).counted().filter(IS_WORK, candidate=None, rater__kind=RaterKind.PERSON)
    return rows.select_related("rater__person", "criterion", "step", "assignment").order_by("pk")


def _readings_by_place(trace: Trace, criteria: Mapping[int, Criterion]) -> dict[Place, list[Reading]]:
    found: dict[Place, list[Reading]] = {}
    for row in counted_readings(trace):
        if row.criterion_id in criteria:
            found.setdefault(place_of(row), []).append(Reading(row.pk, row.value))
    return found


def _decisions_by_place(trace: Trace, desk: Rater) -> dict[Place, list[Label]]:
    """Every decision ever made about a trace, oldest first."""
    rows = Label.objects.about(trace).filter(rater=desk, candidate=None, step__retired_in=None)
    found: dict[Place, list[Label]] = {}
    for row in rows.select_related("step").order_by("pk"):
        found.setdefault(place_of(row), []).append(row)
    return found


def place_of(label: Label) -> Place:
    return label.criterion_id, None if label.step is None else label.step.position


def _field(name: str, one: Said) -> str:
    return f"{name}-{one.criterion_id}-{'trace' if one.position is None else one.position}"
