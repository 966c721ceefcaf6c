"""Scripted judges of stated accuracy: what the merging rules do to precision and recall of "bad".

A simulation of the rules, not a benchmark of any model; the votes are independent here, which those of one model are
not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from math import comb

import pytest

from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.asking.votes import Merge
from annotate.prelabel.contracts import Completion, Finding, Request, TraceTask
from annotate.prelabel.judge.critique import CritiqueSettings, judge_critique
from tests.annotate.prelabel.answering import run, said, trace

TRACES = 2_000
STEPS = 4
VOTES = 4
ACCURACY = 0.8
MERGES: tuple[Merge, ...] = ("intersection", "majority", "union")

# What a judge answers about a trace whose first error is at the index given, None for none.
Judge = Callable[[TraceTask, int | None, random.Random], Callable[[Request, int], Completion]]


def step_judge(
    task: TraceTask, error: int | None, rng: random.Random
) -> Callable[[Request, int], Completion]:
    """Right about each step with probability ACCURACY, whatever it says elsewhere."""

    def answer(request: Request, sample: int) -> Completion:
        says_bad = (request.about == error) == (rng.random() < ACCURACY)
        return said(f"Check: 1 + 1 = 2, found {3 if says_bad else 2}.")

    return answer


def reading_judge(
    task: TraceTask, error: int | None, rng: random.Random
) -> Callable[[Request, int], Completion]:
    """Goes through the steps: sees the error with probability 0.6, and one that is not there with 0.03."""
    mark = Paragraphs.of(task).mark

    def answer(request: Request, sample: int) -> Completion:
        named = next(
            (i for i in range(len(task.steps)) if rng.random() < (0.6 if i == error else 0.03)), None
        )
        return said(f"<verdict_{mark}>{-1 if named is None else named + 1}</verdict_{mark}>")

    return answer


def findings(judge: Judge, settings: CritiqueSettings, steps: int) -> Iterator[tuple[int | None, Finding]]:
    rng = random.Random(7)
    task = trace(*(f"step {index}\n" for index in range(steps)))
    for _ in range(TRACES):
        error = rng.choice([None, *range(steps)])
        yield error, run(judge_critique(task, settings), judge(task, error, rng))[0]


def bad_places(finding: Finding) -> set[int | None]:
    return {opinion.position for opinion in finding.opinions if opinion.value == "bad"}


def rates(judge: Judge, settings: CritiqueSettings, steps: int = STEPS) -> tuple[float, float, float]:
    """Precision and recall of "bad", and how often a right step is called bad."""
    hits = called = wrong = 0
    for error, finding in findings(judge, settings, steps):
        bad = bad_places(finding)
        called += len(bad)
        hits += error is not None and error in bad
        wrong += error is not None
    return hits / called, hits / wrong, (called - hits) / (TRACES * steps - wrong)


def at_least(needed: int, rate: float) -> float:
    return sum(comb(VOTES, k) * rate**k * (1 - rate) ** (VOTES - k) for k in range(needed, VOTES + 1))


@pytest.fixture(scope="module")
def by_step() -> dict[Merge, tuple[float, float, float]]:
    return {
        merge: rates(
            step_judge, CritiqueSettings(dialect="equation", votes=VOTES, merge=merge, temperature=1.0)
        )
        for merge in MERGES
    }


def test_steps_are_called_bad_as_often_as_the_binomial_says(
    by_step: dict[Merge, tuple[float, float, float]],
) -> None:
    # Four standard errors of a share of about 1,600 and of 6,400.
    for merge, needed in (("intersection", 4), ("majority", 2), ("union", 1)):
        _, recall, false_alarms = by_step[merge]  # type: ignore[index]
        assert recall == pytest.approx(at_least(needed, ACCURACY), abs=0.05)
        assert false_alarms == pytest.approx(at_least(needed, 1 - ACCURACY), abs=0.025)


def test_intersection_is_precise_and_union_finds_more(
    by_step: dict[Merge, tuple[float, float, float]],
) -> None:
    precision, recall, _ = zip(*(by_step[merge] for merge in MERGES), strict=True)
    assert list(precision) == sorted(precision, reverse=True)
    assert list(recall) == sorted(recall)
    assert precision[0] - precision[2] > 0.3
    assert recall[2] - recall[0] > 0.3


def test_whole_solution_critiques_are_ordered_alike() -> None:
    measured = [
        rates(reading_judge, CritiqueSettings(votes=VOTES, merge=merge, temperature=1.0)) for merge in MERGES
    ]
    precision, recall, _ = zip(*measured, strict=True)
    assert list(precision) == sorted(precision, reverse=True)
    assert list(recall) == sorted(recall)
    assert precision[0] - precision[2] > 0.1
    assert recall[2] - recall[0] > 0.3


def test_union_of_long_critiques_hides_the_error_behind_early_false_alarms() -> None:
    """One false alarm of any critique ends the trace, so on twelve steps the union finds fewer errors too."""
    _, by_majority, _ = rates(reading_judge, CritiqueSettings(votes=VOTES, temperature=1.0), 12)
    union = CritiqueSettings(votes=VOTES, merge="union", temperature=1.0)
    precision, by_union, _ = rates(reading_judge, union, 12)
    assert by_union < by_majority - 0.05
    assert precision < 0.6
