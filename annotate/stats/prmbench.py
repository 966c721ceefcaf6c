"""PRMBench's score: how well single steps are told right from wrong (arXiv 2501.03124).

A step that is right counts as positive. Of all steps together ``F1`` is that of right steps, ``negative F1`` that of
wrong ones, and the PRM score is half of each; of ``multi_solutions``, which holds no wrong step, it is ``F1`` alone.
The total pools the steps of all classes. A solution with a step of which nothing was said is not valid: it is left
out, and the share of valid ones is told. Intervals are over solutions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected

from .processbench import Score

ONLY_RIGHT = "multi_solutions"
GROUPS = {
    "simplicity": ("redundency", "circular"),
    "soundness": ("counterfactual", "step_contradiction", "domain_inconsistency", "confidence"),
    "sensitivity": ("missing_condition", "deception", ONLY_RIGHT),
}


@dataclass(frozen=True, slots=True)
class Solution:
    """``errors`` are places from 0; ``says`` is for every step whether it is right, or None where that is not known."""

    kind: str
    errors: Collection[int]
    says: Sequence[bool | None]


@dataclass(frozen=True, slots=True)
class ClassScore:
    name: str
    n: int
    n_steps: int
    f1: float
    negative_f1: float
    score: Score


@dataclass(frozen=True, slots=True)
class PrmBenchScore:
    """``groups`` are the plain means of their classes' scores, of those that are there."""

    n: int
    n_valid: int
    total: ClassScore
    classes: tuple[ClassScore, ...]
    groups: tuple[tuple[str, float], ...]


def prmbench_score(solutions: Iterable[Solution], *, seed: int = 0, resamples: int = 1000) -> PrmBenchScore:
    """Raises ``Rejected`` when no solution is valid."""
    n = 0
    kinds: dict[str, list[tuple[int, int, int, int]]] = {}
    for solution in solutions:
        n += 1
        if solution.says and None not in solution.says:
            kinds.setdefault(solution.kind, []).append(_counts(solution))
    if not kinds:
        raise Rejected("no solution has an answer for each of its steps.")
    random = np.random.default_rng(seed)
    every = np.array([row for rows in kinds.values() for row in rows], dtype=np.int64)
    classes = tuple(
        _class(kind, np.array(rows, dtype=np.int64), random, resamples, only_f1=kind == ONLY_RIGHT)
        for kind, rows in sorted(kinds.items())
    )
    by_name = {one.name: one.score.value for one in classes}
    groups = []
    for group, members in GROUPS.items():
        known = [value for name in members if (value := by_name.get(name)) is not None]
        if known:
            groups.append((group, float(np.mean(known))))
    total = _class("total", every, random, resamples, only_f1=False)
    return PrmBenchScore(n, len(every), total, classes, tuple(groups))


def _counts(solution: Solution) -> tuple[int, int, int, int]:
    """Right steps called right, wrong ones called right, wrong ones called wrong, right ones called wrong."""
    tp = fp = tn = fn = 0
    for place, is_right in enumerate(solution.says):
        if place in solution.errors:
            fp += bool(is_right)
            tn += not is_right
        else:
            tp += bool(is_right)
            fn += not is_right
    return tp, fp, tn, fn


def _class(
    name: str, rows: np.ndarray, random: np.random.Generator, resamples: int, *, only_f1: bool
) -> ClassScore:
    f1, negative = _f1s(rows.sum(axis=0)[None, :])
    draws = np.empty(resamples)
    block = max(1, 2_000_000 // len(rows))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        weights = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=size)
        one, other = _f1s(weights @ rows)
        draws[start : start + size] = one if only_f1 else (one + other) / 2
    value = float(f1[0]) if only_f1 else float(f1[0] + negative[0]) / 2
    low, high = np.quantile(draws, (0.025, 0.975))
    return ClassScore(
        name,
        len(rows),
        int(rows.sum()),
        float(f1[0]),
        float(negative[0]),
        Score(value, float(low), float(high)),
    )


def _f1s(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 of right and of wrong steps; 0 where there is nothing to find and nothing was found."""
    tp, fp, tn, fn = counts.T.astype(float)
    return _ratio(2 * tp, 2 * tp + fp + fn), _ratio(2 * tn, 2 * tn + fn + fp)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(below > 0, above / np.where(below > 0, below, 1), 0.0))
