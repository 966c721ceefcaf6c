"""What the answers about a trace come to, group by group (pure).

The score of a group is the mean of its questions' scores, weighted. What has no score, because nobody answered or
because the answer is off the number line (unsure), is left out and named: it is neither 0 nor average. One fatal answer
brings every group it is in down to the lowest score that the group could have. static/js/rollup.js does the same sum
while somebody answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Item:
    """A group, or a question with the scores of its level keys (None: off the number line)."""

    id: int
    title: str
    parent: int | None = None
    weight: float = 1.0
    is_group: bool = False
    scores: Mapping[str, float | None] = field(default_factory=dict)
    fatal: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """What one group comes to. ``score`` None: nothing in it is known. ``depth`` counts from 0."""

    id: int
    title: str
    parent: int | None
    weight: float
    depth: int
    score: float | None
    n_known: int
    n_asked: int
    unknown: tuple[str, ...]
    fatal: tuple[str, ...]


def roll_up(
    items: Sequence[Item], answers: Mapping[int, str], asked: Collection[int] | None = None
) -> list[Total]:
    """The groups in their order, each after the one it is in. ``asked`` None: every question is asked."""
    children: dict[int | None, list[Item]] = {}
    for item in items:
        children.setdefault(item.parent, []).append(item)
    totals: list[Total] = []
    for item in items:
        if item.is_group and item.parent is None:
            _total(item, 0, children, answers, asked, totals)
    return totals


def _total(
    group: Item,
    depth: int,
    children: Mapping[int | None, Sequence[Item]],
    answers: Mapping[int, str],
    asked: Collection[int] | None,
    totals: list[Total],
) -> tuple[Total, float | None]:
    """The group's total, and the lowest score it could have. Appends it and those inside it to ``totals``."""
    place = len(totals)
    weighed: list[tuple[float, float]] = []
    lowest: list[float] = []
    unknown: list[str] = []
    fatal: list[str] = []
    n_asked = 0
    for child in children.get(group.id, ()):
        if child.is_group:
            inner, low = _total(child, depth + 1, children, answers, asked, totals)
            score = inner.score
            unknown += inner.unknown
            fatal += inner.fatal
            n_asked += inner.n_asked
        elif asked is not None and child.id not in asked:
            continue
        else:
            said = answers.get(child.id, "")
            score = child.scores.get(said)
            low = min((at for at in child.scores.values() if at is not None), default=None)
            unknown += [] if score is not None else [child.title]
            fatal += [child.title] if said in child.fatal else []
            n_asked += 1
        if low is not None:
            lowest.append(low)
        if score is not None:
            weighed.append((child.weight, score))
    weight = sum(w for w, _ in weighed)
    mean = sum(w * score for w, score in weighed) / weight if weight > 0 else None
    low = min(lowest, default=None)
    total = Total(
        id=group.id,
        title=group.title,
        parent=group.parent,
        weight=group.weight,
        depth=depth,
        score=low if fatal else mean,
        n_known=n_asked - len(unknown),
        n_asked=n_asked,
        unknown=tuple(unknown),
        fatal=tuple(fatal),
    )
    totals.insert(place, total)
    return total, low
