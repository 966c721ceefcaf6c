"""Reads of the pre-labelling room: what a unit is about, what is stored, what stands as evidence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from annotate.enums import RaterKind, RunKind, RunState, UnitState
from annotate.models import Completion as CompletionRow
from annotate.models import Label, Run, Trace, Unit

from .contracts import Completion, StepTask, TraceTask
from .progress import RunProgress, RunTotals, run_progress, run_totals
from .rows import completion_of

__all__ = [
    "RunProgress",
    "RunTotals",
    "Signal",
    "StepEvidence",
    "evidence_of",
    "has_free_units",
    "has_live_worker",
    "open_runs",
    "run_progress",
    "run_totals",
    "stored_completions",
    "task_of",
    "wants_cancel",
]

# SQLite takes at most 32,766 variables per statement, older builds 999.
_CHUNK = 500
_MACHINES = (RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER, RaterKind.PROBE)


def task_of(trace: Trace) -> TraceTask:
    """What a strategy may know about a trace."""
    return TraceTask(
        problem=trace.problem.text,
        steps=tuple(StepTask(step.position, step.text) for step in trace.steps.all()),
        reference_answer=trace.problem.reference_answer,
        reference_solution=trace.problem.reference_solution,
    )


def stored_completions(run: Run, digests: Collection[str]) -> dict[tuple[str, int], Completion]:
    """Every stored answer to the questions of these digests, by (digest, sample)."""
    found: dict[tuple[str, int], Completion] = {}
    rest = iter(digests)
    while chunk := list(islice(rest, _CHUNK)):
        rows = CompletionRow.objects.filter(run=run, digest__in=chunk).order_by()
        found.update(((row.digest, row.sample), completion_of(row)) for row in rows.iterator())
    return found


def wants_cancel(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk, wants_cancel=True).exists()


def open_runs() -> QuerySet[Run]:
    """Pre-labelling runs that are not over, oldest first."""
    return Run.objects.filter(kind=RunKind.PRELABEL, state__in=(RunState.QUEUED, RunState.RUNNING)).order_by(
        "pk"
    )


def has_free_units(run: Run) -> bool:
    """Whether a worker could claim something right now."""
    is_lost = Q(state=UnitState.RUNNING, lease_until__lt=timezone.now())
    free = Unit.objects.filter(Q(state=UnitState.PENDING) | is_lost, run=OuterRef("pk"))
    return open_runs().filter(Exists(free), pk=run.pk, wants_cancel=False).exists()


def has_live_worker() -> bool:
    """Whether any worker holds anything: one that is idle cannot be seen from here."""
    return Unit.objects.filter(state=UnitState.RUNNING, lease_until__gt=timezone.now()).exists()


@dataclass(frozen=True, slots=True)
class Signal:
    """What one machine rater says about one place, or, with ``value`` None, why it says nothing there."""

    rater: str
    kind: str
    criterion: str
    run_id: int | None
    value: str | None
    reason: str = ""
    score: float | None = None
    distribution: dict[str, float] | None = None
    text: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def probability(self) -> float | None:
        """How sure the machine is of its own value; None where it gave no distribution."""
        return (self.distribution or {}).get(self.value or "")


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """Every machine's word on one step; ``position`` None is the trace as a whole."""

    position: int | None
    signals: tuple[Signal, ...]


def evidence_of(trace: Trace) -> list[StepEvidence]:
    """The machines' labels and silences on a trace, the whole trace first, then step by step."""
    places: dict[int | None, list[Signal]] = {None: []}
    places.update((step.position, []) for step in trace.steps.all())
    for position, signal in [*_spoken(trace), *_silent(trace)]:
        places.setdefault(position, []).append(signal)
    return [
        StepEvidence(position, tuple(sorted(signals, key=lambda one: (one.kind, one.rater, one.criterion))))
        for position, signals in places.items()
    ]


def _spoken(trace: Trace) -> list[tuple[int | None, Signal]]:
    labels = Label.objects.live().filter(Q(step__trace=trace) | Q(trace=trace), rater__kind__in=_MACHINES)
    return [
        (
            label.step.position if label.step else None,
            Signal(
                rater=label.rater.name,
                kind=label.rater.kind,
                criterion=label.criterion.key,
                run_id=label.run_id,
                value=label.value,
                score=label.score,
                distribution=label.distribution,
                text=label.text,
                evidence=label.evidence,
            ),
        )
        for label in labels.select_related("rater", "criterion", "step")
    ]


def _silent(trace: Trace) -> list[tuple[int | None, Signal]]:
    """The silences of each rater's newest finished look at the trace."""
    newest: dict[tuple[int | None, int], Unit] = {}
    units = Unit.objects.filter(trace=trace, state=UnitState.DONE, run__rater__isnull=False)
    for unit in units.select_related("run__rater", "run__criterion").order_by("run_id"):
        newest[unit.run.rater_id, unit.run.criterion_id] = unit
    found: list[tuple[int | None, Signal]] = []
    for unit in newest.values():
        rater = unit.run.rater
        assert rater is not None
        for silence in unit.findings.get("silences", ()):
            signal = Signal(
                rater=rater.name,
                kind=rater.kind,
                criterion=unit.run.criterion.key,
                run_id=unit.run_id,
                value=None,
                reason=silence["reason"],
                evidence=silence["evidence"],
            )
            found.append((silence["position"], signal))
    return found
