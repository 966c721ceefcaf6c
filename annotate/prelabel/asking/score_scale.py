"""A criterion's levels as places on a scale of numbers, and what a distribution over such a scale says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from annotate.prelabel.contracts import LevelTask

# Keeps log(p / (1 - p)) finite; a judge is not surer than this.
_EDGE = 1e-9


def mean_score(probabilities: Mapping[int, float]) -> float:
    return math.fsum(score * p for score, p in probabilities.items())


def sharpened(probabilities: Mapping[int, float], temperature: float) -> dict[int, float]:
    """TrustJudge's weights: softmax of the log-odds of each score over ``temperature``."""
    held = {score: min(max(p, _EDGE), 1 - _EDGE) for score, p in probabilities.items()}
    logits = {score: math.log(p / (1 - p)) / temperature for score, p in held.items()}
    top = max(logits.values())
    weights = {score: math.exp(logit - top) for score, logit in logits.items()}
    total = math.fsum(weights.values())
    return {score: weight / total for score, weight in weights.items()}


def variance(probabilities: Mapping[int, float]) -> float:
    centre = mean_score(probabilities)
    return math.fsum(p * (score - centre) ** 2 for score, p in probabilities.items())


def split(probabilities: Mapping[int, float]) -> float:
    """How deep a valley lies between two peaks: 0 with one peak, 1 with half the probability at each of two scores.

    Twice the largest ``min(p[i], p[k]) - p[j]`` over scores ``i < j < k``.
    """
    row = [probabilities[score] for score in sorted(probabilities)]
    depths = [min(max(row[:j]), max(row[j + 1 :])) - row[j] for j in range(1, len(row) - 1)]
    return 2 * max(0.0, *depths)


class Scale:
    """The criterion's levels on the scale ``low`` .. ``high``."""

    def __init__(self, levels: Sequence[LevelTask], low: int, high: int) -> None:
        scores = {level.key: level.score for level in levels if level.score is not None}
        least, most = min(scores.values()), max(scores.values())
        self._unit = (most - least) / (high - low)
        self._least, self._low = least, low
        self.places = {key: low + (score - least) / self._unit for key, score in scores.items()}

    def nearest(self, value: float) -> str:
        """The level nearest to a place on the scale; halfway between two it is the lower one."""
        return min(self.places, key=lambda key: (round(abs(self.places[key] - value), 9), self.places[key]))

    def binned(self, probabilities: Mapping[int, float]) -> dict[str, float]:
        """Each score's probability given to its nearest level, halves to both where it lies midway."""
        shares = dict.fromkeys(self.places, 0.0)
        for score, p in probabilities.items():
            gaps = {key: abs(place - score) for key, place in self.places.items()}
            closest = [
                key for key, gap in gaps.items() if math.isclose(gap, min(gaps.values()), abs_tol=1e-9)
            ]
            for key in closest:
                shares[key] += p / len(closest)
        return shares

    def score_at(self, value: float) -> float:
        """A place on the scale in the criterion's own units."""
        return self._least + (value - self._low) * self._unit
