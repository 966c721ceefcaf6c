"""Reads of the pre-labelling room: what a unit is about, what is stored, what stands as evidence."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from django.db.models import QuerySet

from annotate import clock
from annotate.enums import RunKind, RunState, UnitState
from annotate.models import Run, Unit

from .contracts import Completion
from .runs.budget import Budget, budget_of
from .runs.evidence import Signal, StepEvidence, evidence_of, signal_of
from .runs.progress import RunProgress, WorkerLine, run_progress
from .runs.rows import held_completions
from .runs.tasks import task_of, tasks_of
from .runs.totals import RunTotals, run_totals
from .runs.units import free_units

__all__ = [
    "Budget",
    "RunProgress",
    "RunTotals",
    "Signal",
    "StepEvidence",
    "WorkerLine",
    "budget_of",
    "evidence_of",
    "given_up",
    "has_free_units",
    "has_live_worker",
    "open_runs",
    "run_progress",
    "run_totals",
    "signal_of",
    "stored_completions",
    "task_of",
    "tasks_of",
    "wants_cancel",
]

# SQLite takes at most 32,766 variables per statement, older builds 999.
_CHUNK = 500


def stored_completions(run: Run, digests: Collection[str]) -> dict[tuple[str, int], Completion]:
    """Every stored answer to the questions of these digests, by (digest, sample)."""
    found: dict[tuple[str, int], Completion] = {}
    rest = iter(digests)
    while chunk := list(islice(rest, _CHUNK)):
        found.update(((digest, one.sample), one) for digest, one in held_completions(run, chunk))
    return found


def wants_cancel(run: Run) -> bool:
    return Run.objects.filter(pk=run.pk, wants_cancel=True).exists()


def open_runs() -> QuerySet[Run]:
    """Pre-labelling runs that are not over, oldest first."""
    return Run.objects.filter(kind=RunKind.PRELABEL, state__in=(RunState.QUEUED, RunState.RUNNING)).order_by(
        "pk"
    )


def has_free_units(run: Run) -> bool:
    """Whether a worker that holds nothing yet could claim something right now."""
    return free_units(run).filter(run__in=open_runs().filter(wants_cancel=False)).exists()


def given_up(run: Run, *, after: int | None = None) -> QuerySet[Unit]:
    """The units the run failed at, oldest first, with what they are about; behind the one with the key ``after``."""
    failed = Unit.objects.filter(run=run, state=UnitState.FAILED, pk__gt=after or 0).order_by("pk")
    return failed.select_related("trace", "problem", "pair__left_trace", "pair__left_step__trace")


def has_live_worker() -> bool:
    """Whether any worker holds anything: one that is idle cannot be seen from here."""
    return Unit.objects.filter(state=UnitState.RUNNING, lease_until__gt=clock.now()).exists()
