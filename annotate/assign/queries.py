"""What the queue holds, and for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotate.enums import AssignmentState
from annotate.models import Assignment, Project, Rater, Trace

from .policy import Standing, standing_of

UNSUBMITTED = (AssignmentState.OPEN, AssignmentState.HELD)


@dataclass(frozen=True, slots=True)
class QueueState:
    """Why a person gets a trace, or gets none."""

    standing: Standing
    n_claimable: int
    n_held_by_others: int
    n_submitted: int
    n_submitted_by_you: int
    next_free_at: datetime | None

    @property
    def is_empty(self) -> bool:
        return self.standing not in (Standing.HOLDING, Standing.READY)

    @property
    def explanation(self) -> str:
        """One sentence for the person; empty when there is work."""
        if self.standing is Standing.HELD_BY_OTHERS and self.next_free_at:
            until = timezone.localtime(self.next_free_at)
            return (
                f"Others hold the last {self.n_held_by_others} until {until:%H:%M}."
                " What they do not submit comes back to the queue then."
            )
        return _SENTENCES.get(self.standing, "")


_SENTENCES = {
    Standing.NO_RUBRIC: "The project has no rubric yet, so there is nothing to ask.",
    Standing.NO_TRACES: "The project has no traces yet.",
    Standing.NOT_FILLED: "The traces are here, but the queue has not been filled: nobody is asked to label them yet.",
    Standing.ALL_SUBMITTED: "Every trace has been labelled as often as the project asks.",
    Standing.DONE_BY_YOU: "You have labelled or skipped all that is still open; the rest waits for other people.",
}


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Slots of a project by state; skipped ones are replaced and so not part of ``wanted``."""

    open: int
    held: int
    submitted: int
    skipped: int
    returned: int = 0

    @property
    def wanted(self) -> int:
        return self.open + self.held + self.submitted + self.returned


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """How far one person has come."""

    rater_id: int
    name: str
    is_simulated: bool
    submitted: int
    skipped: int


def claimable(project: Project, rater: Rater) -> QuerySet[Assignment]:
    """Open slots and slots whose lease ran out, of traces this rater has had no slot of, in queue order."""
    return _unread(project, rater).filter(_is_free()).order_by("position", "slot")


def queue_state(project: Project, rater: Rater | None) -> QueueState:
    """What ``rater`` (None: somebody who has not labelled here yet) would find when asking for a trace now."""
    mine = Assignment.objects.filter(project=project, holder=rater) if rater else Assignment.objects.none()
    held = _unread(project, rater).filter(state=AssignmentState.HELD, held_until__gt=timezone.now())
    others = held.aggregate(n=Count("pk"), until=Min("held_until"))
    counts = queue_counts(project)
    n_claimable = claimable_count(project, rater)
    return QueueState(
        standing=standing_of(
            is_holding=mine.filter(state__in=(AssignmentState.HELD, AssignmentState.RETURNED)).exists(),
            has_rubric=project.rubric_id is not None,
            n_traces=Trace.objects.filter(project=project).count(),
            n_slots=counts.wanted + counts.skipped,
            n_claimable=n_claimable,
            n_held_by_others=others["n"],
            n_open=counts.open + counts.held,
        ),
        n_claimable=n_claimable,
        n_held_by_others=others["n"],
        n_submitted=counts.submitted,
        n_submitted_by_you=mine.filter(state=AssignmentState.SUBMITTED).count(),
        next_free_at=others["until"],
    )


def claimable_count(project: Project, rater: Rater | None) -> int:
    """How many traces the rater could be given now (a trace with two free slots counts once)."""
    return _unread(project, rater).filter(_is_free()).values("trace").distinct().count()


def queue_counts(project: Project) -> QueueCounts:
    rows = Assignment.objects.filter(project=project).order_by().values_list("state").annotate(n=Count("pk"))
    by_state = dict(rows)
    return QueueCounts(**{state.value: by_state.get(state.value, 0) for state in AssignmentState})


def with_counts(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each project with ``n_traces``, ``n_wanted`` and ``n_submitted``, in one query however many there are."""
    slots = Assignment.objects.filter(project=OuterRef("pk"))
    wanted = slots.exclude(state=AssignmentState.SKIPPED)
    return projects.annotate(
        n_traces=_count(Trace.objects.filter(project=OuterRef("pk"))),
        n_wanted=_count(wanted),
        n_submitted=_count(slots.filter(state=AssignmentState.SUBMITTED)),
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """The number of ``rows`` as a subquery; they refer to one project of the outer query."""
    counted = rows.order_by().values("project").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def readings_by_trace(traces: Iterable[Trace]) -> dict[int, tuple[int, int]]:
    """(submitted, wanted) readings of each of some traces."""
    rows = (
        Assignment.objects.filter(trace__in=traces)
        .exclude(state=AssignmentState.SKIPPED)
        .order_by()
        .values_list("trace")
        .annotate(submitted=Count("pk", filter=Q(state=AssignmentState.SUBMITTED)), wanted=Count("pk"))
    )
    return {trace: (submitted, wanted) for trace, submitted, wanted in rows}


def reader_progress(project: Project) -> list[ReaderProgress]:
    """Everybody who has finished something, the busiest first."""
    rows = (
        Rater.objects.filter(project=project)
        .annotate(
            submitted=Count("assignments", filter=Q(assignments__state=AssignmentState.SUBMITTED)),
            skipped=Count("assignments", filter=Q(assignments__state=AssignmentState.SKIPPED)),
        )
        .filter(Q(submitted__gt=0) | Q(skipped__gt=0))
        .order_by("-submitted", "name")
    )
    return [ReaderProgress(r.pk, r.name, r.is_simulated, r.submitted, r.skipped) for r in rows]


def _is_free() -> Q:
    return Q(state=AssignmentState.OPEN) | Q(state=AssignmentState.HELD, held_until__lte=timezone.now())


def _unread(project: Project, rater: Rater | None) -> QuerySet[Assignment]:
    slots = Assignment.objects.filter(project=project, state__in=UNSUBMITTED)
    if rater is None:
        return slots
    return slots.exclude(trace__in=Assignment.objects.filter(project=project, holder=rater).values("trace"))
