"""What the others say where a rater has spoken, and what gold keys and reviewers say: how often each rater agrees.

The consensus at a place is what a reviewer decided there, else what more of the other raters say than anything else;
places where the others are divided evenly, or silent, say nothing. The rater's own label never takes part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.enums import RaterKind
from annotate.measure.ruler.fitting import Scale
from annotate.measure.ruler.labels import IntArray, RulerLabels
from annotate.stats.codes import BoolArray

UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """(n,) columns beside the ratings of a scale; levels are -1 where nothing is known.

    ``consensus`` is what stands there without the rater, ``gold`` what a key says, ``n_others`` how many others spoke.
    """

    consensus: IntArray
    gold: IntArray
    n_others: IntArray

    @classmethod
    def of(cls, scale: Scale) -> Self:
        votes, place = _without_own(scale)
        most = votes.max(axis=1)
        is_clear = (most > 0) & ((votes == most[:, None]).sum(axis=1) == 1)
        said = np.where(is_clear, votes.argmax(axis=1), UNKNOWN)
        decided = _known(scale, RaterKind.REVIEW)
        return cls(
            np.where(decided >= 0, decided, said),
            _known(scale, RaterKind.GOLD),
            votes.sum(axis=1, dtype=np.int64) if len(place) else np.zeros(0, dtype=np.int64),
        )

    @property
    def has_consensus(self) -> BoolArray:
        return np.asarray(self.consensus >= 0)

    @property
    def has_gold(self) -> BoolArray:
        return np.asarray(self.gold >= 0)


def _without_own(scale: Scale) -> tuple[np.ndarray, IntArray]:
    """(n, levels) how many others chose each level at the place of each rating."""
    _, place = np.unique(scale.place, return_inverse=True)
    level, k = scale.columns.level, scale.n_levels
    counts = np.bincount(place * k + level, minlength=(int(place.max(initial=-1)) + 1) * k)
    votes = counts.astype(np.int32).reshape(-1, k)[place]
    votes[np.arange(len(level)), level] -= 1
    return votes, place


def _known(scale: Scale, kind: RaterKind) -> IntArray:
    """(n,) what raters of this kind say at the place of each rating, where they are of one mind."""
    labels = scale.labels
    rows = labels.by((kind,)) & (labels.level >= 0)
    found = np.full(len(scale.columns), UNKNOWN, dtype=np.int64)
    if not rows.any():
        return found
    known = _of_one_mind(labels, rows)
    mine = np.stack([scale.columns.target, scale.columns.criterion])
    theirs = np.stack([labels.target[known], labels.criterion[known]])
    keys, place = np.unique(np.concatenate([theirs, mine], axis=1), axis=1, return_inverse=True)
    answer = np.full(keys.shape[1], UNKNOWN, dtype=np.int64)
    place = place.ravel()
    answer[place[: len(known)]] = labels.level[known]
    return np.asarray(answer[place[len(known) :]])


def _of_one_mind(labels: RulerLabels, rows: BoolArray) -> IntArray:
    """The rows of keys at places where no other key says otherwise."""
    chosen = np.flatnonzero(rows)
    keys = np.stack([labels.target[chosen], labels.criterion[chosen]])
    _, place = np.unique(keys, axis=1, return_inverse=True)
    place = place.ravel()
    low = np.full(int(place.max()) + 1, np.iinfo(np.int64).max)
    high = np.full(len(low), -1)
    np.minimum.at(low, place, labels.level[chosen])
    np.maximum.at(high, place, labels.level[chosen])
    return np.asarray(chosen[low[place] == high[place]])
