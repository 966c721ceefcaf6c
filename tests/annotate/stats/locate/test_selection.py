from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.locate.decide import statuses, true_statuses
from annotate.stats.locate.evidence import JUDGE, NO_ERROR, PERSON, Evidence, Raters, Reports
from annotate.stats.locate.fit import locate
from annotate.stats.locate.routing import queue_order, steps_to_read, value_per_reading
from annotate.stats.locate.selection import MOST, chosen
from tests.benchmarks.made.people import crowd
from tests.benchmarks.made.signals import PEOPLE, Reader, World

RNG = np.random.default_rng(5)
SIX = tuple(replace(PEOPLE[0], family=10 + i, share=1.0) for i in range(6))
POOR = World(
    n_traces=800,
    gold=0.0,
    readers=(Reader(JUDGE, 0, seen=0.6, clears=0.75), *SIX),
    has_rollouts=False,
    has_verifier=False,
)


def reports(*rows: tuple[int, int, int]) -> Reports:
    return Reports(*(np.array(column) for column in zip(*rows, strict=True)))


def test_words_that_nothing_is_held_against_are_not_read() -> None:
    alone = Evidence.of([3, 3], raters=Raters.of([JUDGE]), reports=reports((0, 0, 1), (1, 0, NO_ERROR)))
    read, weight = chosen(alone, RNG)
    assert (read.tolist(), weight.tolist()) == ([], [])


def test_a_source_that_repeats_itself_is_read_only_beside_another() -> None:
    evidence = Evidence.of(
        [3] * 4,
        raters=Raters.of([JUDGE, PERSON]),
        # Judge and person; the judge once; the judge twice; nobody.
        reports=reports((0, 0, 1), (0, 1, 1), (1, 0, 2), (2, 0, 0), (2, 0, 1)),
    )
    read, weight = chosen(evidence, RNG)
    assert read.tolist() == [0, 1]
    # The first stands for the third as well, which looks like it without people.
    assert weight.tolist() == pytest.approx([4 / 3, 2 / 3])


def test_traces_read_at_random_count_alike() -> None:
    people = crowd(POOR, 7)
    read = np.zeros(people.said.shape, dtype=np.bool_)
    read[0, np.random.default_rng(1).random(people.n_traces) < 0.5] = True
    _, weight = chosen(people.with_readings(read), RNG)
    assert weight == pytest.approx(np.ones(people.n_traces))


def test_nothing_stands_for_more_than_its_share() -> None:
    evidence = Evidence.of(
        [2] * 100,
        raters=Raters.of([JUDGE, JUDGE, PERSON]),
        reports=reports(
            *((i, rater, NO_ERROR if i < 50 else 0) for i in range(100) for rater in (0, 0, 0)),
            *((i, 2, 0) for i in (0, *range(50, 100))),
        ),
    )
    _, weight = chosen(evidence, RNG)
    assert weight.max() / weight.min() <= MOST**2
    assert weight.mean() == pytest.approx(1)


def test_doubt_first_does_not_teach_that_all_is_doubtful() -> None:
    """Where people had read the doubtful 40 %, the fit believed in errors everywhere: 76 % of the steps were right."""
    people = crowd(POOR, 1)
    read = np.zeros(people.said.shape, dtype=np.bool_)
    right = []
    for _ in range(6):
        evidence = people.with_readings(read)
        fit = locate(evidence)
        believed = fit.posterior(evidence)
        right.append(float((statuses(believed)[0] == true_statuses(believed, people.truth)).mean()))
        order = queue_order(value_per_reading(fit, evidence, believed), steps_to_read(believed))
        order = order[read[:, order].sum(axis=0) < len(SIX)][:80]
        for trace in order.tolist():
            read[np.flatnonzero(~read[:, trace])[0], trace] = True
    assert min(np.diff(right)) > -0.01
    assert right[-1] > right[0] + 0.05
