from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from annotate.consensus.funnel import FunnelRow, from_json
from annotate.enums import RaterKind, RunKind, RunState, Verdict
from annotate.models import Consensus, Criterion, Label, Project, Run, Trace


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How often raters of a criterion differ: steps with two or more votes, and those of them with two values."""

    steps_compared: int
    steps_split: int


def funnel_of(run: Run) -> list[FunnelRow]:
    """From all steps to the kept ones, one row per reason; empty while the run is not done."""
    return from_json(run.summary.get("funnel", ()))


def consensus_runs(project: Project, policy: str | None = None) -> QuerySet[Run]:
    """Finished consensus runs, newest first."""
    runs = Run.objects.filter(project=project, kind=RunKind.CONSENSUS, state=RunState.DONE)
    return (runs.filter(name=policy) if policy else runs).select_related("criterion").order_by("-pk")


def latest_consensus(project: Project, policy: str | None = None) -> Run | None:
    return consensus_runs(project, policy).first()


def decisions_of(trace: Trace, run: Run) -> QuerySet[Consensus]:
    """What the run decided about each step of the trace, first step first."""
    return (
        Consensus.objects.filter(run=run, step__trace=trace).select_related("step").order_by("step__position")
    )


def disagreement_of(criterion: Criterion, *, people_only: bool = False) -> Disagreement:
    """Compare the counted step labels by ``criterion``; *unsure* is no vote and gold is no rater here."""
    labels = (
        Label.objects.counted()
        .filter(criterion=criterion, step__isnull=False)
        .exclude(value=Verdict.UNSURE)
        .exclude(rater__kind=RaterKind.GOLD)
    )
    if people_only:
        labels = labels.filter(rater__kind=RaterKind.PERSON)
    per_step = labels.values("step").annotate(votes=Count("pk"), values_said=Count("value", distinct=True))
    counts = per_step.filter(votes__gte=2).aggregate(
        compared=Count("step"), split=Count("step", filter=Q(values_said__gte=2))
    )
    return Disagreement(steps_compared=counts["compared"], steps_split=counts["split"])
