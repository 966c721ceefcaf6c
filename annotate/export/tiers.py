"""Choosing by the tier a consensus gave its steps."""

from __future__ import annotations

from dataclasses import replace

from annotate.enums import Action, Tier
from annotate.errors import Rejected
from annotate.export.contracts import Format, SelectSettings, StepRow, TraceRow
from annotate.models import Run


def check_tiers(run: Run, layout: Format, settings: SelectSettings) -> None:
    """Refuse to choose by tiers from a run whose policy gives none, or those that the format cannot write."""
    if not settings.tiers:
        return
    if not run.consensus.exclude(tier="").exists():
        raise Rejected(
            f"the policy {run.name} gives no tiers; leave this empty, or run posterior.", field="tiers"
        )
    if unheld := sorted(set(settings.tiers) - set(layout.tiers)):
        why = "has soft targets only: use soft_labels or parquet" if Tier.C in unheld else "is undecided"
        raise Rejected(f"{layout.name} cannot write {', '.join(unheld)}: {unheld[0]} {why}.", field="tiers")


def of_tiers(trace: TraceRow, tiers: tuple[str, ...]) -> tuple[TraceRow, int]:
    """The trace without the levels of kept steps of other tiers, and how many those are."""
    n_left = sum(_is_left(step, tiers) for step in trace.steps)
    if not n_left:
        return trace, 0
    steps = (
        step._replace(action=Action.DROP, value="") if _is_left(step, tiers) else step for step in trace.steps
    )
    return replace(trace, steps=tuple(steps)), n_left


def _is_left(step: StepRow, tiers: tuple[str, ...]) -> bool:
    return step.action == Action.KEEP and step.tier not in tiers


def limits_of_tiers(settings: SelectSettings) -> tuple[str, ...]:
    if not settings.tiers:
        return ()
    told = {
        Tier.A: "A: rollouts and judges put the first error at the same step, and nothing made another more probable",
        Tier.B: "B: the risk that the level is wrong is below the run's threshold",
        Tier.C: "C: too uncertain for a level, good enough for a soft target",
        Tier.D: "D: undecided, waiting for a person",
    }
    chosen = "; ".join(text for tier, text in told.items() if tier in settings.tiers)
    return (f"Only steps of these tiers are here: {chosen}.",)
