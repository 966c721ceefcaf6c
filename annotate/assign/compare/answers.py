"""What a comparison's answers come to, place by place, so that growth and a key can hold them against others (pure).

An answer about a pair is one place; *unsure* takes no side, so it is like nobody else's and never the key's. An order
of several is as many places as there are couples in it: which of the two stands first, or that they are tied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from annotate.assign.readings import Place, Said
from annotate.enums import WORDING_KINDS, CriterionKind
from annotate.ingest.rankings import implied_pairs
from annotate.models import Criterion
from annotate.models.lineup import MOST

TIED = "0"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one rater has said to one question about a pair, or about a lineup of ``size``."""

    rater: int
    criterion: Criterion
    value: str
    size: int = 0


def unsure_levels(criterion: Criterion) -> frozenset[str]:
    """Levels off the number line, where the others are on it: they take no side."""
    levels = list(criterion.levels.all())
    if all(level.score is None for level in levels):
        return frozenset()
    return frozenset(level.key for level in levels if level.score is None)


def said_in(answers: Iterable[Answered]) -> list[Said]:
    """Every place of every answer; words are not compared."""
    return [one for answer in answers for one in _places(answer)]


def key_in(answers: Iterable[Answered]) -> dict[Place, Collection[str]]:
    """What a key allows, place by place. Where it is unsure, or ties two of an order, it decides nothing."""
    key: dict[Place, set[str]] = defaultdict(set)
    for answer in answers:
        is_order = answer.criterion.kind == CriterionKind.RANKING
        if not is_order and answer.value in unsure_levels(answer.criterion):
            continue
        for one in _places(answer):
            if not (is_order and one.value == TIED):
                key[one.place].add(one.value)
    return dict(key)


def by_place(said: Iterable[Said]) -> Mapping[Place, str]:
    """One rater's answers."""
    return {one.place: one.value for one in said}


def _places(answer: Answered) -> Iterator[Said]:
    criterion = answer.criterion
    if criterion.kind in WORDING_KINDS:
        return
    if criterion.kind != CriterionKind.RANKING:
        is_unsure = answer.value in unsure_levels(criterion)
        value = f"{answer.value} of {answer.rater}" if is_unsure else answer.value
        yield Said(answer.rater, (criterion.pk, None), value)
        return
    for one, other, sign in implied_pairs(answer.value, answer.size):
        yield Said(answer.rater, (criterion.pk, one * MOST + other), str(sign))
