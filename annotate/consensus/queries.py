from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.consensus.funnel import FunnelRow, from_json
from annotate.consensus.unfinished import is_silent
from annotate.enums import RunKind, RunState, Tier
from annotate.models import Consensus, Project, Run, Trace
from annotate.models.looking import Looked, look_through
from annotate.prelabel.runs.attendance import on_duty
from annotate.prelabel.runs.progress import trouble_of, waiting_for

# So long nobody wonders why no worker has taken a run up.
_GRACE = timedelta(seconds=5)


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


def undecided_runs(project: Project) -> QuerySet[Run]:
    """Consensus runs that are under way, and those that failed since the latest that was done; newest first."""
    latest = latest_consensus(project)
    is_open = Q(state__in=(RunState.QUEUED, RunState.RUNNING))
    has_failed = Q(state=RunState.FAILED, pk__gt=latest.pk if latest else 0)
    return Run.objects.filter(is_open | has_failed, project=project, kind=RunKind.CONSENSUS).order_by("-pk")


def note_of(run: Run) -> str:
    """What there is to say beside the state of a consensus run: why it waits, or why it failed; often nothing."""
    if run.is_over:
        return run.error
    if run.error:
        return trouble_of(run.error)
    if run.state == RunState.QUEUED:
        return waiting_for(on_duty().count()) if clock.now() - run.created_at > _GRACE else ""
    return gettext("Its worker has stopped; another makes it again.") if is_silent(run) else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Decisions that are looked for, by what was decided, why, and how surely; empty where it does not matter."""

    action: str = ""
    reason: str = ""
    tier: str = ""


def decision_page(run: Run, wanted: Wanted, *, after: int | None, size: int) -> Looked[Consensus]:
    """Some decisions of the run in the order of their steps, behind the one about the step with the key ``after``."""
    chosen = {name: value for name, value in asdict(wanted).items() if value}
    found = run.consensus.filter(**chosen).select_related("step__trace")
    return look_through(
        lambda reach: found.filter(reach.on("step_id")),
        run.consensus.all(),
        size=size,
        after=after,
        key="step_id",
    )


def decisions_of(trace: Trace, run: Run) -> QuerySet[Consensus]:
    """What the run decided about each step that the trace still has, first step first."""
    return (
        Consensus.objects.filter(run=run, step__trace=trace, step__retired_in=None)
        .select_related("step")
        .order_by("step__position")
    )
