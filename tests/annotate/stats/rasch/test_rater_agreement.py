"""Agreement against a loop over pairs, and against what independent raters do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.rater_agreement import rater_agreement
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import ESTIMATORS, SPARSE, chances, fitted, made, thresholds_of


def test_pairs_one_by_one() -> None:
    fit = fitted(SPARSE, "jmle")
    ratings = fit.design.ratings
    item, rater, criterion = (facet.elements.codes for facet in ratings.facets)
    chance = chances(fit.design.spread(np.nan_to_num(fit.measures)), thresholds_of(fit))
    groups = defaultdict(list)
    for row in range(len(ratings)):
        groups[item[row], criterion[row]].append(row)
    sums = np.zeros((3, 12))
    for rows in groups.values():
        for a, b in combinations(rows, 2):
            for own in (rater[a], rater[b]):
                sums[0, own] += 1
                sums[1, own] += ratings.value[a] == ratings.value[b]
                sums[2, own] += chance[a] @ chance[b]
    found = rater_agreement(fit)
    assert found.pairs == pytest.approx(sums[0])
    assert found.observed == pytest.approx(sums[1] / sums[0])
    assert found.expected == pytest.approx(sums[2] / sums[0])
    assert found.kappa == pytest.approx((sums[1] - sums[2]) / (sums[0] - sums[2]))
    assert found.all_pairs == sums[0].sum() / 2
    assert found.all_observed == pytest.approx(sums[1].sum() / sums[0].sum())


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_independent_raters_agree_as_expected_and_allies_more(estimator) -> None:
    plain = Scenario(n_items=300, n_raters=6, n_criteria=2)
    found = rater_agreement(fitted(plain, estimator))
    assert found.all_kappa == pytest.approx(0, abs=0.02)
    allied = rater_agreement(fitted(replace(plain, allies=(0, 1, 2), alliance=0.8), estimator))
    assert (allied.kappa[:3] > allied.kappa[3:].max() + 0.05).all()


def test_a_weight_is_a_rating_given_twice() -> None:
    simulation = made(SPARSE)
    fit = fitted(SPARSE)
    heavy = replace(simulation.ratings, weight=np.full(len(simulation.ratings), 2.0))
    once, twice = rater_agreement(fit), rater_agreement(fit, ratings=heavy)
    assert twice.observed == pytest.approx(once.observed)
    assert twice.expected == pytest.approx(once.expected)
    assert twice.all_pairs == 4 * once.all_pairs


def test_raters_who_met_nobody_have_no_agreement() -> None:
    fit = fit_rasch(made(Scenario(n_items=40, n_raters=4, raters_per_item=1)).ratings)
    found = rater_agreement(fit)
    assert np.isnan(found.observed).all()
    assert (found.all_pairs, found.all_observed, found.all_kappa) == (0.0, None, None)
