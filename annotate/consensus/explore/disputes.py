"""Where sources disagree about steps: by place in the trace, kind of step, answer and source model (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from annotate.consensus.explore.rates import Rate, rate_of
from annotate.stats.codes import BoolArray, IntArray

FIFTHS = 5
MOST_GROUPS = 12
"""Groups that are shown of one division; the rest are counted together."""
_NONE, _MIXED = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Labels that could vote, in columns: the step's row, the kind of the rater, the level (lowest first)."""

    step: IntArray
    kind: IntArray
    level: IntArray
    kinds: tuple[str, ...]
    levels: tuple[str, ...]
    n_steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """A way to sort steps: ``group`` (n_steps,) is the place in ``titles``, −1 for steps that are in none."""

    name: str
    titles: tuple[str, ...]
    group: IntArray


@dataclass(frozen=True, slots=True)
class Group:
    """Of the steps with two voices or more, the share on which they are not all of one opinion."""

    title: str
    rate: Rate

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, **self.rate.as_json()}


@dataclass(frozen=True, slots=True)
class Meeting:
    """What two kinds of raters, each of one mind, say of the same steps; of ``n`` they differ on ``differ``.

    On ``lower`` of these the first says the lower level. Where both are the same kind, these are steps that two of its
    raters have labelled, and those on which it is not of one mind.
    """

    one: str
    other: str
    n: int
    differ: int
    lower: int


@dataclass(frozen=True, slots=True)
class Disputes:
    overall: Rate
    divisions: Mapping[str, tuple[Group, ...]]
    meetings: tuple[Meeting, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "overall": self.overall.as_json(),
            "divisions": {name: [one.as_json() for one in groups] for name, groups in self.divisions.items()},
            "meetings": [asdict(one) for one in self.meetings],
        }


def disputes_of(voices: Voices, trace: IntArray, divisions: Sequence[Division]) -> Disputes:
    """``trace`` (n_steps,) numbers the traces without gaps."""
    lowest, highest, n = _span(voices, np.ones(len(voices.step), dtype=np.bool_))
    is_heard = n >= 2
    is_split = is_heard & (lowest != highest)
    n_traces = int(trace.max()) + 1 if len(trace) else 0

    def rate(chosen: BoolArray) -> Rate:
        return rate_of(
            _per_trace(trace, is_split & chosen, n_traces), _per_trace(trace, is_heard & chosen, n_traces)
        )

    everything = np.ones(voices.n_steps, dtype=np.bool_)
    found = {}
    for division in divisions:
        groups = [Group(title, rate(division.group == place)) for place, title in enumerate(division.titles)]
        found[division.name] = tuple(one for one in groups if one.rate.n)
    return Disputes(rate(everything), found, tuple(_meetings(voices)))


def _per_trace(trace: IntArray, chosen: BoolArray, n_traces: int) -> IntArray:
    return np.bincount(trace[chosen], minlength=n_traces).astype(np.int64)


def _span(voices: Voices, chosen: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
    """(n_steps,) the lowest and the highest level that the chosen voices give, and how many they are."""
    lowest = np.full(voices.n_steps, len(voices.levels), dtype=np.int64)
    highest = np.full(voices.n_steps, -1, dtype=np.int64)
    step, level = voices.step[chosen], voices.level[chosen]
    np.minimum.at(lowest, step, level)
    np.maximum.at(highest, step, level)
    return lowest, highest, np.bincount(step, minlength=voices.n_steps).astype(np.int64)


def _meetings(voices: Voices) -> Iterator[Meeting]:
    """Every kind with itself, where two of it spoke of a step, then every two kinds that met."""
    said: dict[int, IntArray] = {}
    for code, kind in enumerate(voices.kinds):
        lowest, highest, n = _span(voices, voices.kind == code)
        is_mixed = (n > 1) & (lowest != highest)
        said[code] = np.where(n == 0, _NONE, np.where(is_mixed, _MIXED, highest))
        if several := int((n > 1).sum()):
            yield Meeting(kind, kind, several, int(is_mixed.sum()), 0)
    for one, other in combinations(said, 2):
        met = (said[one] >= 0) & (said[other] >= 0)
        a, b = said[one][met], said[other][met]
        if len(a):
            yield Meeting(
                voices.kinds[one], voices.kinds[other], len(a), int((a != b).sum()), int((a < b).sum())
            )


def by_fifth(position: IntArray, length: IntArray) -> Division:
    """By where in its trace a step stands, in fifths from the first step to the last."""
    fifth = np.minimum(position * FIFTHS // np.maximum(length, 1), FIFTHS - 1)
    return Division("position", tuple(str(place + 1) for place in range(FIFTHS)), fifth.astype(np.int64))


def by_word(name: str, words: Sequence[str]) -> Division:
    """By a word that each step has; an empty one is a group like any other.

    The most frequent come first. Beyond `MOST_GROUPS` the rest are one group, whose title is None in the words' place.
    """
    titles, group = np.unique(np.array(words, dtype=np.str_), return_inverse=True)
    size = np.bincount(group, minlength=len(titles))
    order = np.argsort(-size, kind="stable")
    rank = np.empty(len(titles), dtype=np.int64)
    rank[order] = np.arange(len(titles))
    if len(titles) <= MOST_GROUPS:
        return Division(name, tuple(str(titles[one]) for one in order), rank[group])
    shown = [str(titles[one]) for one in order[: MOST_GROUPS - 1]]
    others = f"+{len(titles) - len(shown)}"
    return Division(name, (*shown, others), np.minimum(rank, MOST_GROUPS - 1)[group])
