from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.priors import LEAST, Prior
from annotate.stats.rasch.ratings import Design
from tests.annotate.stats.rasch.examples import drawn


def prior_of(population: dict[int, str] | None = None) -> tuple[Design, Prior]:
    design = Design.of(drawn(seed=1).ratings(population=population, anchors={"rater": {1: 0.5}}))
    return design, Prior.of(design, np.ones(design.n_elements, dtype=bool))


def test_people_and_machines_are_populations_of_their_own() -> None:
    _, prior = prior_of({0: "person", 2: "person", 3: "person", 4: "machine", 5: "machine"})
    # Two machines are too few to have a variance, an anchor is no draw, criteria are parameters.
    assert prior.member[40:46].tolist() == [1, -1, 1, 1, -1, -1]
    assert (prior.member[:40] == 0).all()
    assert (prior.member[46:] == -1).all()
    assert prior.size.tolist() == [40, 3]


def test_the_pull_is_the_slope_of_the_divergence() -> None:
    design, prior = prior_of()
    rng = np.random.default_rng(2)
    measures, variances = rng.normal(size=design.n_elements), np.full(design.n_elements, 0.3)
    prior = prior.with_variance(np.array([1.3, 0.4]))
    pull = prior.pull(measures)
    for place in (0, 39, 40, 43, 47):
        by = np.zeros(design.n_elements)
        by[place] = 1e-6
        up, down = (prior.divergence(measures + side * by, variances) for side in (1, -1))
        assert pull[place] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_the_mean_of_a_population_is_free() -> None:
    design, prior = prior_of()
    measures = np.random.default_rng(3).normal(size=design.n_elements)
    moved = measures + np.where(prior.member == 0, 7.0, 0.0)
    np.testing.assert_allclose(prior.pull(moved), prior.pull(measures), atol=1e-9)
    assert prior.means(moved)[0] == pytest.approx(prior.means(measures)[0] + 7)


def test_variances_settle_where_they_explain_the_measures() -> None:
    design, prior = prior_of()
    measures = np.random.default_rng(4).normal(size=design.n_elements)
    information = 5.0
    for _ in range(200):
        variances = 1 / (information + prior.precision)
        prior = prior.updated(measures, variances)
    variances = 1 / (information + prior.precision)
    for number in (0, 1):
        own = prior.member == number
        expected = measures[own].var(ddof=1) + variances[own].mean()
        assert prior.variance[number] == pytest.approx(expected, rel=1e-6)


def test_equal_measures_leave_hardly_any_variance() -> None:
    design, prior = prior_of()
    for _ in range(50):
        prior = prior.updated(np.zeros(design.n_elements), 1 / (5.0 + prior.precision))
    assert prior.variance == pytest.approx([LEAST, LEAST], abs=1e-3)
