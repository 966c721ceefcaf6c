"""Choosing by the tier a consensus gave its steps, for formats made from one."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.enums import Action, Tier
from annotate.errors import Rejected
from annotate.export.contracts import ExportSettings, StepRow
from annotate.models import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSettings(ExportSettings):
    """``tiers`` names those that are written, such as A and B; empty: whatever was kept, tier or none."""

    tiers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ExportSettings.__post_init__(self)
        if set(self.tiers) - set(Tier.values):
            raise Rejected(f"must be among {', '.join(Tier.values)}.", field="tiers")


def check_tiers(run: Run, settings: TierSettings) -> None:
    """Refuse to choose by tiers from a run whose policy gives none."""
    if settings.tiers and not run.consensus.exclude(tier="").exists():
        raise Rejected(
            f"the policy {run.name} gives no tiers; leave this empty, or run posterior.", field="tiers"
        )


def is_chosen(step: StepRow, tiers: tuple[str, ...]) -> bool:
    """Whether the step is of a tier that is written; with none named, whether it was kept."""
    return step.tier in tiers if tiers else step.action == Action.KEEP


def limits_of_tiers(settings: TierSettings) -> tuple[str, ...]:
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
