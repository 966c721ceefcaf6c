"""Where a rater is milder or stricter than usual: shrunken effects of cells, where they can be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.rasch.bias import Bias


@dataclass(frozen=True, slots=True)
class Shift:
    """How many logits above the expected a rater's ratings lie in a cell, shrunken, and how sure that is."""

    n: int
    effect: float
    se: float


def shifts_of(bias: Bias) -> dict[int, dict[int, Shift]]:
    """By place of the rater, then of the other element; cells of which nothing can be told are left out."""
    found: dict[int, dict[int, Shift]] = {}
    told = np.flatnonzero(np.isfinite(bias.effect) & np.isfinite(bias.effect_se))
    for i in told.tolist():
        shift = Shift(int(bias.n[i]), float(bias.effect[i]), float(bias.effect_se[i]))
        found.setdefault(int(bias.first[i]), {})[int(bias.second[i])] = shift
    return found
