from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import JUDGE, Raters
from annotate.stats.locate.fit import locate
from tests.benchmarks.made.signals import Reader, World, made

TRIO = Raters.of([1, 1, 1], [0, 0, 7])


def rho(found: Dependence, j: int, k: int) -> float:
    return float(found.of(np.array([j]), np.array([k]))[0])


def test_what_is_assumed_of_pairs_that_never_met() -> None:
    found = Dependence.assumed(TRIO)
    assert (rho(found, 0, 0), rho(found, 0, 1), rho(found, 1, 2)) == (0.5, 0.3, 0.0)


def test_readings_that_repeat_each_other_count_as_one() -> None:
    n = 4000
    pair, ones = np.full(n, 0), np.ones(n)
    found = Dependence.estimated(
        TRIO, pair, ones, np.full(n, 0.4), np.zeros(n), least=Dependence.assumed(TRIO)
    )
    assert rho(found, 0, 0) > 0.98
    one, other = np.triu_indices(5, 1)
    weights = found.weights(np.zeros(5, dtype=np.int64), one, other)
    assert weights.sum() == pytest.approx(1, abs=0.05)


def test_strangers_who_agree_by_chance_stay_independent() -> None:
    rng = np.random.default_rng(1)
    n, expected = 3000, 0.6
    pair = np.full(n, 2)
    found = Dependence.estimated(
        TRIO,
        pair,
        (rng.random(n) < expected).astype(float),
        np.full(n, expected),
        np.zeros(n),
        least=Dependence.assumed(TRIO),
    )
    assert rho(found, 0, 2) < 0.03
    assert rho(found, 2, 0) == rho(found, 0, 2)


def test_more_alike_means_less_weight() -> None:
    weights = []
    for share in (0.5, 0.7, 0.9):
        agrees = (np.arange(1000) < 1000 * share).astype(float)
        found = Dependence.estimated(
            TRIO, np.full(1000, 1), agrees, np.full(1000, 0.4), np.zeros(1000), least=Dependence.assumed(TRIO)
        )
        weights.append(found.weights(np.array([0, 1]), np.array([0]), np.array([1]))[0])
    assert weights[0] > weights[1] > weights[2]


def test_a_copy_is_found_out_and_a_stuck_judge_too() -> None:
    readers = (
        Reader(JUDGE, 0, votes=2),
        Reader(JUDGE, 1),
        Reader(JUDGE, 2, manner="copies", copies=1),
    )
    one = made(World(n_traces=2500, readers=readers), seed=5)
    found = locate(one.evidence).model.dependence
    assert rho(found, 1, 2) > 0.7
    assert 0.3 < rho(found, 0, 0) < 0.8
    assert rho(found, 0, 1) < 0.1


def test_families_may_be_called_anything() -> None:
    one = made(World(n_traces=300), seed=6)
    first = locate(one.evidence).posterior(one.evidence)
    raters = one.evidence.raters
    other = replace(one.evidence, raters=Raters.of(raters.kind, 1000 - raters.family))
    assert locate(other).posterior(other).probability == pytest.approx(first.probability, abs=1e-9)
