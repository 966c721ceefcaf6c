"""What a policy may learn of raters before it weighs them: how often they are right, and who copies whom (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from annotate.consensus.contracts import GoldReading, Voter

# Two machines that differ less than this, beside what chance would give, on this many steps are one opinion.
COPY_KAPPA = 0.98
COPY_STEPS = 30


@dataclass(frozen=True, slots=True)
class Record:
    """``right`` of ``n`` answers to steps whose answer is known."""

    right: int = 0
    n: int = 0

    @property
    def accuracy(self) -> float | None:
        return self.right / self.n if self.n else None


def records(gold: Iterable[GoldReading], levels: Sequence[str]) -> dict[int, Record]:
    """By rater. A step counts once: not where they were unsure, nor where two answers of theirs differ."""
    said: dict[tuple[int, int], set[str]] = defaultdict(set)
    right: dict[int, str] = {}
    for one in gold:
        if one.said in levels and one.right in levels:
            said[one.rater, one.step].add(one.said)
            right[one.step] = one.right
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for (rater, step), levels_said in said.items():
        if len(levels_said) == 1:
            counts[rater][0] += right[step] in levels_said
            counts[rater][1] += 1
    return {rater: Record(k, n) for rater, (k, n) in counts.items()}


class Copies:
    """Counts, while steps go by, how machines that labelled the same step answered it together."""

    def __init__(self, machines: Iterable[int]) -> None:
        self._machines = frozenset(machines)
        self._counts: dict[tuple[int, int, str, str], int] = defaultdict(int)

    def add(self, levels: Mapping[int, str]) -> None:
        """The levels of one step by rater."""
        here = [rater for rater in levels if rater in self._machines]
        if len(here) > 1:
            for one, other in combinations(sorted(here), 2):
                self._counts[one, other, levels[one], levels[other]] += 1

    def found(self) -> dict[int, int]:
        """Who copies whom: the later rater counts as the earlier one's copy, and who copies a copy is the first's."""
        tables: dict[tuple[int, int], Counter[tuple[str, str]]] = defaultdict(Counter)
        for (one, other, says, other_says), n in self._counts.items():
            tables[one, other][says, other_says] += n
        copied: dict[int, int] = {}
        for (one, other), table in sorted(tables.items()):
            if other not in copied and _kappa(table) >= COPY_KAPPA:
                copied[other] = copied.get(one, one)
        return copied


def _kappa(table: Counter[tuple[str, str]]) -> float:
    """Cohen's kappa; 0 for too few steps and where either gave one level only, which any two could."""
    n = table.total()
    rows, columns = Counter[str](), Counter[str]()
    for (one, other), count in table.items():
        rows[one] += count
        columns[other] += count
    expected = sum(rows[level] * columns[level] for level in rows) / n**2
    if n < COPY_STEPS or len(rows) < 2 or len(columns) < 2:
        return 0.0
    agreed = sum(count for (one, other), count in table.items() if one == other) / n
    return (agreed - expected) / (1 - expected)


def copies_told(copies: Mapping[int, int], voters: Sequence[Voter], here: Iterable[int]) -> str:
    """A sentence on the raters of a step whose labels were left out as copies; empty where there are none."""
    names = {voter.rater: voter.name for voter in voters}
    told = [f"{names.get(r, r)} repeats {names.get(copies[r], copies[r])}" for r in here if r in copies]
    return f" Not counted again: {'; '.join(told)}." if told else ""
