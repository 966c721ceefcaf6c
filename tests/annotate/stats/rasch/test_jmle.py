from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.extremes import find_extremes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.jmle import fit_jointly
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import crossed, drawn, three_facets


def scores_are_met(ratings: Ratings, *, tolerance: float = 1e-8) -> None:
    design, steps = Design.of(ratings), Steps.of(ratings)
    assert find_extremes(design, steps).remaining.all()
    found = fit_jointly(design, steps, tolerance=tolerance, max_iter=100)
    assert found.converged
    free = ~design.is_anchored
    assert np.abs(design.gathered(found.moments.residual)[free]).max() < tolerance
    assert np.abs(np.where(found.steps.free, found.moments.step_residual, 0)).max() < tolerance


@pytest.mark.parametrize("thresholds_by", [None, "criterion", "rater"])
def test_every_score_is_met(path: str, thresholds_by: str | None) -> None:
    # Four more rows per item keep every item off the ends.
    table = drawn(seed=1, per_item=6)
    scores_are_met(table.ratings(thresholds_by=thresholds_by))
    scores_are_met(table.ratings(anchors={"rater": {0: 0.3, 1: -0.3}}, thresholds_by=thresholds_by))


def test_two_raters_of_one_item_differ_by_the_log_of_an_odds_ratio() -> None:
    # Rasch's pairs: among items on which two raters differ, each goes up by the same odds.
    rows = [(1, 0)] * 3 + [(0, 1)] + [(1, 0)] * 3 + [(0, 1)]
    fit = fit_rasch(crossed(rows), estimator="jmle", tolerance=1e-10)
    items = fit.facet("item").measure
    # Of two answers per person the joint estimate is twice the conditional one, log(6 / 2): Andersen (1973).
    assert items[1] - items[0] == pytest.approx(2 * np.log(6 / 2), abs=1e-8)


def test_fewer_rounds_say_that_it_has_not_arrived() -> None:
    fit = fit_rasch(drawn(seed=2).ratings(), estimator="jmle", max_iter=2)
    assert not fit.converged
    assert "after 2 rounds a score is" in fit.message


def test_groups_that_only_ever_win_run_away() -> None:
    # The first two items are always right for the first two people and nobody else's business: no one is extreme,
    # yet no finite difference between the halves is the likeliest.
    rows = [(1, 0, 1, 1), (0, 1, 1, 1), (0, 0, 1, 0), (0, 0, 0, 1)]
    fit = fit_rasch(crossed(rows), estimator="jmle", max_iter=500)
    assert not fit.converged
    assert "run away" in fit.message
    # The default keeps a finite answer: a population says how far apart people are.
    assert np.abs(fit_rasch(crossed(rows)).facet("item").measure).max() < 5


def test_anchors_are_kept_and_what_they_are_off_is_said(path: str) -> None:
    table = drawn(seed=5, per_item=6)
    free = fit_rasch(table.ratings(), estimator="jmle")
    raters = free.facet("rater")
    assert np.isnan(raters.displacement).all()
    known = {rater: float(raters.measure[rater]) for rater in range(6)}
    same = fit_rasch(table.ratings(anchors={"rater": known}), estimator="jmle")
    np.testing.assert_allclose(same.facet("item").measure, free.facet("item").measure, atol=1e-6)
    np.testing.assert_allclose(same.facet("rater").displacement, 0, atol=1e-6)
    off = fit_rasch(table.ratings(anchors={"rater": known | {0: known[0] + 0.2}}), estimator="jmle")
    assert off.facet("rater").measure[0] == known[0] + 0.2
    # It says about how far back the ratings would take it, in the direction of the measure.
    assert off.facet("rater").displacement[0] == pytest.approx(-0.2, abs=0.05)
    assert off.facet("rater").is_anchored.all()


def test_anchors_set_the_level_and_the_rest_follows() -> None:
    table = drawn(seed=6, per_item=6)
    free = fit_rasch(table.ratings(), estimator="jmle")
    first, second = free.facet("item").measure[:2] + 10.0
    held = fit_rasch(
        table.ratings(anchors={"item": {table.item[0]: float(first), table.item[18]: float(second)}}),
        estimator="jmle",
    )
    # Raters and criteria add up to 0, or take up what the anchors add: the differences stay.
    for name in ("item", "rater", "criterion"):
        difference = held.facet(name).measure - free.facet(name).measure
        assert np.ptp(difference) < 1e-5, name


def test_a_rating_scale_with_binomial_thresholds_is_a_count(path: str) -> None:
    rng = np.random.default_rng(7)
    table = drawn(seed=7, per_item=6)
    trials = 5
    value = rng.binomial(trials, 1 / (1 + np.exp(-(table.items[table.item] - table.raters[table.rater]))))
    columns = (table.item, table.rater, table.criterion, value)
    counted = fit_rasch(three_facets(*columns, trials=np.full(len(value), trials)), estimator="jmle")
    tau = [float(np.log(k / (trials - k + 1))) for k in range(1, trials + 1)]
    rated = fit_rasch(three_facets(*columns, thresholds={"all": tau}), estimator="jmle")
    for name in ("item", "rater", "criterion"):
        one, other = counted.facet(name), rated.facet(name)
        np.testing.assert_allclose(one.measure, other.measure, atol=1e-6)
        np.testing.assert_allclose(one.se, other.se, atol=1e-6)
        np.testing.assert_allclose(one.infit, other.infit, atol=1e-6)
        np.testing.assert_allclose(one.outfit_z, other.outfit_z, atol=1e-5)
    assert counted.thresholds == ()
    assert [one.measure for one in rated.thresholds] == pytest.approx(tau)


def test_counts_and_ratings_go_together(path: str) -> None:
    """A count of 1 in 1 is a rating in two categories, whatever stands beside it."""
    table = drawn(seed=8, per_item=6)
    yes_or_no = table.criterion == 1
    value = np.where(yes_or_no, (table.value > 1).astype(int), table.value)
    columns = (table.item, table.rater, table.criterion, value)
    mixed = fit_rasch(three_facets(*columns, trials=np.where(yes_or_no, 1, 0)), estimator="jmle")
    credit = fit_rasch(three_facets(*columns, thresholds_by="criterion"), estimator="jmle")
    # Alone on its own scale the criterion has one threshold, 0: the same thing said in another way.
    both = fit_rasch(
        three_facets(*columns, trials=np.where(yes_or_no, 1, 0), thresholds_by="criterion"), estimator="jmle"
    )
    assert both.log_likelihood == pytest.approx(credit.log_likelihood, rel=1e-9)
    np.testing.assert_allclose(both.facet("rater").measure, credit.facet("rater").measure, atol=1e-6)
    assert mixed.log_likelihood < credit.log_likelihood
    assert {one.scale for one in both.thresholds} == {0, 2}


def test_a_group_anchored_by_its_mean_is_centred_there() -> None:
    table = drawn(seed=9)
    plain = fit_rasch(table.ratings(), estimator="jmle")
    everybody = dict.fromkeys(range(6), 0.4)
    moved = fit_rasch(table.ratings(groups={"rater": [everybody]}), estimator="jmle")
    assert moved.converged
    raters = moved.facet("rater")
    assert float(raters.measure.mean()) == pytest.approx(0.4, abs=1e-9)
    assert not raters.is_anchored.any()
    np.testing.assert_allclose(raters.measure, plain.facet("rater").measure + 0.4, atol=1e-5)
    np.testing.assert_allclose(moved.facet("item").measure, plain.facet("item").measure + 0.4, atol=1e-5)
    assert moved.deviance == pytest.approx(plain.deviance, abs=1e-6)


def test_two_panels_that_share_nothing_are_compared_by_the_means_they_are_said_to_have() -> None:
    table = drawn(seed=10, n_items=60, per_item=6)
    panel = np.where(table.item < 30, table.rater < 3, table.rater >= 3)
    groups = [dict.fromkeys(range(3), 0.2), {3: 0.0, 4: -0.5, 5: 0.5}]
    fit = fit_rasch(table.ratings(panel, groups={"rater": groups}), estimator="jmle")
    assert fit.converged
    measure = fit.facet("rater").measure
    assert (measure[:3].mean(), measure[3:].mean()) == pytest.approx((0.2, 0.0), abs=1e-9)
    # Within a panel nothing changes: ratings say what they say.
    first = fit_rasch(table.ratings(panel & (table.item < 30)), estimator="jmle").facet("rater").measure[:3]
    alone = fit_rasch(
        table.ratings(panel, thresholds={"all": [one.measure for one in fit.thresholds]}), estimator="jmle"
    )
    other = alone.facet("rater").measure
    np.testing.assert_allclose(measure[:3] - measure[:3].mean(), other[:3] - other[:3].mean(), atol=1e-4)
    assert np.abs(first - first.mean() - (measure[:3] - 0.2)).max() < 0.1


def test_what_is_wrong_with_a_group_is_said() -> None:
    table = drawn(seed=9)
    with pytest.raises(Rejected, match="anchored twice"):
        table.ratings(anchors={"rater": {0: 0.0}}, groups={"rater": [{0: 0.0, 1: 0.0}]})
    with pytest.raises(Rejected, match="which is no rater"):
        table.ratings(groups={"rater": [{17: 0.0}]})
    for estimator in ("eb", "mml"):
        with pytest.raises(Rejected, match="only jmle takes groups"):
            fit_rasch(table.ratings(groups={"rater": [{0: 0.0, 1: 0.0}]}), estimator=estimator)
