"""Flags are raised for raters made to deserve them, and for few others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.drift import find_drift
from annotate.stats.rasch.fair import fair_averages
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import Estimator
from annotate.stats.rasch.verdicts import Rules, Verdict, verdicts
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import ESTIMATORS, fitted, made, with_values

SCENARIO = Scenario(n_items=150, n_raters=10, n_criteria=3)


def judged(value: np.ndarray, estimator: Estimator = "eb") -> tuple[Verdict, ...]:
    ratings = with_values(made(SCENARIO).ratings, value)
    return verdicts(fit_rasch(ratings, estimator=estimator), ratings=ratings)


def columns() -> tuple[Ratings, np.ndarray, np.ndarray, np.ndarray]:
    ratings = made(SCENARIO).ratings
    item, rater, criterion = (facet.elements.codes for facet in ratings.facets)
    return ratings, item, rater, criterion


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_ordinary_raters_are_consistent_and_nothing_worse(estimator) -> None:
    counted: Counter[str] = Counter()
    for seed in (1, 2):
        for one in verdicts(fitted(SCENARIO, estimator, seed)):
            counted.update(one.codes)
    assert counted.pop("consistent") == 20
    assert sum(counted.pop(code, 0) for code in ("stricter", "milder", "average")) >= 18
    assert sum(counted.values()) <= 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_severity_is_in_levels(estimator) -> None:
    ratings, _, rater, _ = columns()
    found = judged(np.maximum(ratings.value - (rater == 2), 0), estimator)
    fair = fair_averages(
        fit_rasch(with_values(ratings, np.maximum(ratings.value - (rater == 2), 0)), estimator=estimator),
        "rater",
    ).category
    (flag,) = (one for one in found[2].flags if one.code == "stricter")
    assert flag.amount == pytest.approx(np.delete(fair, 2).mean() - fair[2])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_guessing_on_one_criterion(estimator) -> None:
    ratings, _, rater, criterion = columns()
    guess = np.random.default_rng(1).integers(5, size=len(ratings))
    found = judged(np.where((rater == 4) & (criterion == 2), guess, ratings.value), estimator)
    assert [(one.code, one.criterion) for one in found[4].flags if one.code == "random"] == [("random", 2)]
    assert "consistent" not in found[4].codes
    assert sum("random" in one.codes for one in found) == 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_guessing_throughout_is_said_once(estimator) -> None:
    ratings, _, rater, _ = columns()
    guess = np.random.default_rng(1).integers(5, size=len(ratings))
    found = judged(np.where(rater == 4, guess, ratings.value), estimator)
    assert [one.criterion for one in found[4].flags if one.code == "random"] == [None]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_nearly_always_the_middle(estimator) -> None:
    ratings, item, rater, _ = columns()
    found = judged(np.where((rater == 6) & (item % 10 > 0), 2, ratings.value), estimator)
    (flag,) = (one for one in found[6].flags if one.code == "one_category")
    assert flag.level == 2
    assert flag.amount > 0.9
    assert sum("one_category" in one.codes for one in found) == 1


def test_the_middle_is_seen_too_where_raters_have_thresholds_of_their_own() -> None:
    ratings, item, rater, _ = columns()
    value = np.where((rater == 6) & (item % 10 > 0), 2, ratings.value)
    own = Ratings.of(ratings.facets, value, thresholds_by="rater", levels=ratings.levels)
    found = verdicts(fit_rasch(own))
    assert [(one.code, one.level) for one in found[6].flags if one.level is not None] == [("one_category", 2)]
    assert sum("one_category" in one.codes for one in found) == 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_impression_for_everything(estimator) -> None:
    ratings, _, rater, criterion = columns()
    first = ratings.value[criterion == 0].repeat(3)
    found = judged(np.where(rater == 1, first, ratings.value), estimator)
    assert "halo" in found[1].codes
    assert sum("halo" in one.codes for one in found) == 1


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_stricter_on_one_criterion(estimator) -> None:
    ratings, _, rater, criterion = columns()
    found = judged(np.maximum(ratings.value - ((rater == 3) & (criterion == 1)), 0), estimator)
    flags = {(one.code, one.criterion): one.amount for one in found[3].flags}
    # A level less on one of three criteria is two thirds of a level beyond the rater's mean.
    assert flags["stricter_on", 1] == pytest.approx(0.6, abs=0.25)


def test_becoming_stricter() -> None:
    ratings, item, rater, _ = columns()
    window = Codes(item % 3, ("May", "June", "July"))
    value = np.maximum(ratings.value - ((rater == 5) & (item % 3 == 2)), 0)
    changed = with_values(ratings, value)
    fit = fit_rasch(changed)
    found = verdicts(fit, drift=find_drift(fit, window))
    assert "became_stricter" in found[5].codes
    assert sum("became_stricter" in one.codes for one in found) == 1
    with pytest.raises(Rejected, match="field drift"):
        verdicts(fitted(Scenario(n_items=40, n_raters=4)), drift=find_drift(fit, window))


def test_too_little_to_say() -> None:
    ratings, item, rater, _ = columns()
    keep = (rater != 0) | (item == 0)  # three ratings
    keep &= (rater != 1) | (item >= 140)  # items that nobody else has
    keep &= (rater == 1) | (item < 140)
    few = ratings.where(keep)
    for estimator in ESTIMATORS[:2]:
        found = verdicts(fit_rasch(few, estimator=estimator), ratings=few)
        assert found[0].codes == ("few",)
        assert found[0].flags[0].amount == 3
        assert found[1].codes[0] == "no_overlap"
        assert found[1].flags[0].amount == 0
        assert "consistent" in found[2].codes


def test_whoever_gives_nothing_but_the_highest() -> None:
    ratings, _, rater, _ = columns()
    found = judged(np.where(rater == 7, 4, ratings.value), "jmle")
    assert [(one.code, one.level) for one in found[7].flags] == [("one_category", 4)]
    shrunken = judged(np.where(rater == 7, 4, ratings.value), "eb")
    assert shrunken[7].codes[0] == "milder"
    assert ("one_category", 4) in [(one.code, one.level) for one in shrunken[7].flags]


def test_rules_can_be_changed_and_one_criterion_is_enough() -> None:
    single = fitted(Scenario(n_items=100, n_raters=6))
    assert all(one.flags for one in verdicts(single))
    loose = verdicts(single, rules=replace(Rules(), level=5.0))
    assert all("average" in one.codes for one in loose)
