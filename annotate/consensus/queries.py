from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from annotate.consensus.funnel import FunnelRow, from_json
from annotate.enums import RunKind, RunState, Tier
from annotate.models import Consensus, Project, Run, Trace


def funnel_of(run: Run) -> list[FunnelRow]:
    """From all steps to the kept ones, one row per reason; empty while the run is not done."""
    return from_json(run.summary.get("funnel", ()))


@dataclass(frozen=True, slots=True)
class TierCount:
    """``title`` as a reader is told it, ``steps`` of the run in that tier."""

    tier: str
    title: str
    steps: int


def tier_counts(run: Run) -> list[TierCount]:
    """The tiers of a run whose policy gives them; empty otherwise."""
    counts = run.summary.get("tiers")
    return [TierCount(t.value, str(t.label), counts.get(t.value, 0)) for t in Tier] if counts else []


def consensus_runs(project: Project, policy: str | None = None) -> QuerySet[Run]:
    """Finished consensus runs, newest first."""
    runs = Run.objects.filter(project=project, kind=RunKind.CONSENSUS, state=RunState.DONE)
    return (runs.filter(name=policy) if policy else runs).select_related("criterion").order_by("-pk")


def latest_consensus(project: Project, policy: str | None = None) -> Run | None:
    return consensus_runs(project, policy).first()


def decisions_of(trace: Trace, run: Run) -> QuerySet[Consensus]:
    """What the run decided about each step that the trace still has, first step first."""
    return (
        Consensus.objects.filter(run=run, step__trace=trace, step__retired_in=None)
        .select_related("step")
        .order_by("step__position")
    )
