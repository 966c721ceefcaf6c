from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.separation import separation_of


def test_the_formulas_on_three_measures() -> None:
    measures, errors = np.array([-1.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.5])
    found = separation_of(measures, errors, errors)
    assert found is not None
    assert (found.n, found.mean, found.rmse) == (3, 0.0, 0.5)
    population, sample = found.population, found.sample
    assert population.sd**2 == pytest.approx(2 / 3)
    assert population.true_sd**2 == pytest.approx(2 / 3 - 0.25)
    assert population.reliability == pytest.approx(1 - 0.25 / (2 / 3))
    assert population.separation == pytest.approx(np.sqrt((2 / 3 - 0.25) / 0.25))
    assert population.strata == pytest.approx((4 * population.separation + 1) / 3)
    g = sample.separation
    assert sample.reliability == pytest.approx(g * g / (1 + g * g))
    assert (found.fixed.value, found.fixed.df) == (pytest.approx(8.0), 2)
    assert found.fixed.p == pytest.approx(np.exp(-4))
    assert found.random is not None
    assert (found.random.value, found.random.df) == (pytest.approx(2 / 1.25), 1)


def test_misfit_lowers_the_real_reliability() -> None:
    measures, errors = np.linspace(-2, 2, 9), np.full(9, 0.4)
    found = separation_of(measures, errors, 1.5 * errors)
    assert found is not None
    assert found.real.reliability < found.population.reliability


def test_no_differences_beyond_error_are_no_separation() -> None:
    found = separation_of(np.array([0.0, 0.1, -0.1]), np.full(3, 0.5), np.full(3, 0.5))
    assert found is not None
    assert (found.population.reliability, found.population.separation, found.population.true_sd) == (0, 0, 0)
    same = separation_of(np.zeros(3), np.full(3, 0.5), np.full(3, 0.5))
    assert same is not None
    assert same.population.reliability == 0
    assert same.fixed.p == pytest.approx(1)


def test_shrunken_measures_have_lost_the_error_already() -> None:
    measures, errors = np.array([-1.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.5])
    found = separation_of(measures, errors, errors, is_shrunken=True)
    assert found is not None
    assert found.population.true_sd**2 == pytest.approx(2 / 3)
    assert found.population.reliability == pytest.approx((2 / 3) / (2 / 3 + 0.25))


def test_fewer_than_two_measures_have_no_separation() -> None:
    assert separation_of(np.array([0.3, np.nan]), np.array([0.1, 0.1]), np.array([0.1, 0.1])) is None
    two = separation_of(np.array([0.3, 0.4]), np.array([0.1, 0.1]), np.array([0.1, 0.1]))
    assert two is not None
    assert two.random is None
