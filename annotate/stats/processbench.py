"""ProcessBench's score: how often the first error is found, and its absence (arXiv 2412.06559).

Per subset, the share of wrong solutions whose first error is named exactly, the share of right ones in which none is
named, and their harmonic mean, F1; over subsets, the plain mean of the F1s. An answer that is not known counts as
wrong, as an unreadable one does there. Intervals are over solutions, drawn anew among the wrong and among the right
ones of each subset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected

NO_ERROR = -1
_NUMBERED = re.compile(r"(.+)-\d+")


@dataclass(frozen=True, slots=True)
class Answer:
    """``truth`` and ``said``: the place of the first error from 0, ``NO_ERROR`` for none; ``said`` None: not known."""

    subset: str
    truth: int
    said: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """With its 95 % interval; None where a subset has no wrong or no right solution."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SubsetScore:
    name: str
    n_wrong: int
    n_right: int
    n_unknown: int
    on_wrong: Score
    on_right: Score
    f1: Score


@dataclass(frozen=True, slots=True)
class ProcessBenchScore:
    subsets: tuple[SubsetScore, ...]
    f1: Score


def processbench_score(
    answers: Iterable[Answer], *, seed: int = 0, resamples: int = 2000
) -> ProcessBenchScore:
    """Raises ``Rejected`` for no answers."""
    by_subset: dict[str, list[Answer]] = {}
    for answer in answers:
        by_subset.setdefault(answer.subset, []).append(answer)
    if not by_subset:
        raise Rejected("there is nothing to score.")
    random = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    subsets: list[SubsetScore] = []
    for name, some in by_subset.items():
        found, draws = _subset(name, some, random, resamples)
        subsets.append(found)
        drawn.append(draws)
    known = [subset.f1.value for subset in subsets]
    if None in known:
        return ProcessBenchScore(tuple(subsets), Score(None, None, None))
    mean = float(np.mean([value for value in known if value is not None]))
    return ProcessBenchScore(tuple(subsets), _score(mean, np.mean(drawn, axis=0)))


def _subset(
    name: str, answers: Sequence[Answer], random: np.random.Generator, resamples: int
) -> tuple[SubsetScore, np.ndarray]:
    wrong = [answer for answer in answers if answer.truth != NO_ERROR]
    right = [answer for answer in answers if answer.truth == NO_ERROR]
    unknown = sum(answer.said is None for answer in answers)
    shares: list[float | None] = []
    draws: list[np.ndarray] = []
    for some in (wrong, right):
        hits = sum(answer.said == answer.truth for answer in some)
        shares.append(hits / len(some) if some else None)
        # Drawing solutions anew is drawing how many of them are hits.
        draws.append(
            random.binomial(len(some), hits / len(some), resamples) / len(some)
            if some
            else np.zeros(resamples)
        )
    both = harmonic(draws[0], draws[1])
    a, b = shares
    f1 = None if a is None or b is None else float(harmonic(np.array(a), np.array(b)))
    found = SubsetScore(
        name,
        len(wrong),
        len(right),
        unknown,
        _score(a, draws[0]),
        _score(b, draws[1]),
        _score(f1, both),
    )
    return found, both


def harmonic(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The harmonic mean, 0 where both are."""
    total = one + other
    return np.asarray(np.where(total > 0, 2 * one * other / np.where(total > 0, total, 1), 0.0))


def _score(value: float | None, draws: np.ndarray) -> Score:
    if value is None:
        return Score(None, None, None)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Score(value, float(low), float(high))


def first_below(scores: Sequence[float], threshold: float) -> int:
    """The first step whose score is below the threshold, ``NO_ERROR`` for none."""
    return next((place for place, score in enumerate(scores) if score < threshold), NO_ERROR)


def best_threshold(scored: Iterable[tuple[int, Sequence[float]]]) -> float:
    """The threshold with the highest F1 on these solutions (truth, and scores of the steps); the lowest of equals.

    Choose it on one subset (ProcessBench: GSM8K) and keep it for the others. Raises ``Rejected`` without both kinds.
    """
    solutions = list(scored)
    values = np.unique([score for _, scores in solutions for score in scores])
    if not len(values):
        raise Rejected("there are no scores to choose a threshold by.", field="threshold")
    # Between every two scores, at most a thousand places.
    edges = np.concatenate([[values[0]], (values[1:] + values[:-1]) / 2, [np.nextafter(values[-1], np.inf)]])
    if len(edges) > 1000:
        edges = np.unique(np.quantile(edges, np.linspace(0, 1, 1000)))
    best: tuple[float, float] | None = None
    for threshold in edges.tolist():
        found = processbench_score(
            [Answer("", truth, first_below(scores, threshold)) for truth, scores in solutions], resamples=1
        ).f1.value
        if found is None:
            raise Rejected("a threshold needs wrong solutions and right ones.", field="threshold")
        if best is None or found > best[0]:
            best = (found, threshold)
    assert best is not None
    return best[1]


def subset_of(name: str) -> str:
    """ProcessBench names its solutions by subset and number, ``gsm8k-12``; others are one subset."""
    found = _NUMBERED.fullmatch(name)
    return found[1] if found else "all"
