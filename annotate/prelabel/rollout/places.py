"""Rollouts at places that somebody chose, such as where a consensus' fit expects them to decide most.

Of a trace that is named, only the named steps are rolled out, ``k`` times each, and labelled by their own counts: where
the first error is, these rollouts alone do not say, so every step stands for itself. The counts go with those of other
runs wherever a consensus reads counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from annotate.prelabel.continuations.rollouts import (
    UNCLEAR,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

NOT_CHOSEN = "no step of this trace was chosen that can be rolled out"
_PLACE = re.compile(r"[1-9]\d{0,17}:[1-9]\d{0,5}")


@dataclass(frozen=True, slots=True)
class PlacesSettings(RolloutSettings):
    """``places`` are lines TRACE:STEP, a trace by the number in its address and a step counted from 1.

    Without any, every step but the last is rolled out. ``k`` is drawn in full, so ``first_wave`` has no effect.
    """

    sc_samples: int = 0
    places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        for place in self.places:
            require(_PLACE.fullmatch(place) is not None, "places", f"{place!r} should be like 41:3.")


def roll_out_places(task: TraceTask, settings: PlacesSettings, grade: Grade = grade_completion) -> Strategy:
    """Label the chosen steps of one trace by ``k`` continuations of each."""
    finding = unusable(task, grade)
    if finding is not None:
        return finding
    rollouts = Rollouts(task, settings, grade)
    chosen = _chosen(task, settings, rollouts)
    if not chosen:
        return Finding(silences=(Silence(None, NOT_CHOSEN),))
    yield from rollouts.draw_self_confidence()
    yield from rollouts.draw(dict.fromkeys(chosen, settings.k))
    opinions: list[Opinion] = []
    silences: list[Silence] = []
    for index in chosen:
        verdict = rollouts.verdict(index, settings.k)
        if verdict is None:
            silences.append(rollouts.silence(index, UNCLEAR))
        else:
            opinions.append(rollouts.opinion(index, verdict, score_is="posterior mean"))
    return Finding(
        tuple(opinions), tuple(silences), {"rollouts": rollouts.completions, "tokens": rollouts.tokens}
    )


def _chosen(task: TraceTask, settings: PlacesSettings, rollouts: Rollouts) -> list[int]:
    """Indices of the model's own steps, the last left out: it is graded."""
    able = rollouts.own[:-1]
    if not settings.places:
        return list(able)
    return [index for index in able if task.steps[index].position in task.places]


STRATEGY = StrategyEntry(
    "rollout/places",
    "rollout",
    "Rollouts, at chosen steps",
    PlacesSettings,
    roll_out_places,
    summary="Continues the solution k times after the steps you name. For more rollouts where they decide most.",
    usual_criterion="recoverable",
)
