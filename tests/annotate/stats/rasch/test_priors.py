from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.design import Design
from annotate.stats.rasch.priors import LEAST, Prior, likeliest_variance
from tests.annotate.stats.rasch.examples import drawn


def prior_of(population: dict[int, str] | None = None) -> tuple[Design, Prior]:
    design = Design.of(drawn(seed=1).ratings(population=population, anchors={"rater": {1: 0.5}}))
    return design, Prior.of(design, np.ones(design.n_elements, dtype=bool))


def test_people_and_machines_are_populations_of_their_own() -> None:
    _, prior = prior_of({0: "person", 2: "person", 3: "person", 4: "machine", 5: "machine"})
    # Two machines are too few for a variance of their own, an anchor is no draw, criteria are parameters.
    assert prior.member[40:46].tolist() == [1, -1, 1, 1, 1, 1]
    assert (prior.member[:40] == 0).all()
    assert (prior.member[46:] == -1).all()
    assert prior.size.tolist() == [40, 5]


def test_three_of_a_kind_have_a_variance_of_their_own() -> None:
    _, prior = prior_of({0: "person", 2: "person", 3: "machine", 4: "machine", 5: "machine"})
    assert prior.member[40:46].tolist() == [1, -1, 1, 1, 1, 1]
    _, prior = prior_of({0: "person", 2: "person", 3: "person", 4: "machine", 5: "machine", 1: "machine"})
    assert prior.size.tolist() == [40, 5]


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


def test_the_variance_is_what_the_measures_have_beyond_their_errors() -> None:
    rng = np.random.default_rng(4)
    information = rng.uniform(2, 20, 20_000)
    measures = rng.normal(0.7, 1.3, 20_000) + rng.normal(size=20_000) / np.sqrt(information)
    assert likeliest_variance(measures, information) == pytest.approx(1.69, rel=0.03)
    assert likeliest_variance(measures + 5, information) == pytest.approx(
        likeliest_variance(measures, information)
    )


def test_it_is_the_restricted_likelihood_with_its_prior_that_is_highest() -> None:
    rng = np.random.default_rng(5)
    information = rng.uniform(1, 9, 12)
    measures = rng.normal(size=12)

    def height(variance: float) -> float:
        weight = 1 / (variance + 1 / information)
        gap = measures - (weight * measures).sum() / weight.sum()
        likelihood = np.log(weight).sum() - np.log(weight.sum()) - (weight * gap**2).sum()
        return float(likelihood / 2 + np.log(variance) / 2 - np.sqrt(variance) / 2)

    best = likeliest_variance(measures, information)
    assert height(best) > max(height(best * 1.01), height(best / 1.01))


@pytest.mark.parametrize(("n", "most"), [(3, 0.5), (50, 0.02)])
def test_equal_measures_leave_little_variance_but_never_none(n: int, most: float) -> None:
    found = likeliest_variance(np.zeros(n), np.full(n, 5.0))
    assert LEAST < found < most
