from __future__ import annotations

import math

import numpy as np
import pytest

from annotate.stats.aggregate.dirichlet import SharedPrior, divergence, expected_log
from annotate.stats.aggregate.gamma import digamma, log_gamma, trigamma

X = np.array([1e-6, 0.01, 0.3, 1.0, 2.5, 9.999, 10.0, 10.001, 77.7, 1e4, 1e8])


def test_log_gamma_is_the_standard_librarys() -> None:
    assert log_gamma(X) == pytest.approx([math.lgamma(x) for x in X], rel=1e-13, abs=1e-13)


def test_derivatives_are_scipys() -> None:
    special = pytest.importorskip("scipy.special")
    assert digamma(X) == pytest.approx(special.digamma(X), rel=1e-13, abs=1e-12)
    assert trigamma(X) == pytest.approx(special.polygamma(1, X), rel=1e-12)


def test_a_distribution_does_not_diverge_from_itself() -> None:
    alpha = np.array([[1.0, 2.0, 0.5], [3.0, 0.1, 9.0]])
    assert divergence(alpha, alpha) == pytest.approx(0, abs=1e-12)
    assert divergence(alpha, np.ones(3)) > 0
    draws = np.random.default_rng(1).dirichlet(alpha[0], size=200_000)
    assert expected_log(alpha)[0] == pytest.approx(np.log(np.maximum(draws, 1e-300)).mean(axis=0), abs=0.05)


def test_a_shared_prior_is_found_and_every_step_raises_its_value() -> None:
    rng = np.random.default_rng(2)
    true = np.array([[4.0, 1.0, 0.5], [0.2, 2.0, 6.0]])
    rows = np.stack([rng.dirichlet(row, size=800) for row in true], axis=1)
    counts = np.stack([[rng.multinomial(30, row) for row in pair] for pair in rows]).astype(float)
    shared, prior = SharedPrior(counts, 1.1, 0.1), np.ones((2, 3))
    values = [shared.value(prior)]
    for _ in range(30):
        prior = shared.raised(prior)
        values.append(shared.value(prior))
    assert np.diff(values, axis=0).min() > -1e-9
    assert prior == pytest.approx(true, rel=0.15)


def test_a_level_nobody_gives_stays_above_zero() -> None:
    counts = np.tile(np.array([[[5.0, 0.0], [1.0, 4.0]]]), (10, 1, 1))
    prior = np.ones((2, 2))
    for _ in range(50):
        prior = SharedPrior(counts, 1.1, 0.1).raised(prior)
    assert prior.min() > 0
