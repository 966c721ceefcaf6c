from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import Estimator, RaschFit
from annotate.stats.table import LongTable
from tests.annotate.stats.rasch.examples import Drawn, crossed, drawn, three_facets

ESTIMATORS: tuple[Estimator, ...] = ("eb", "jmle", "mml")
FACETS = ("item", "rater", "criterion")


def fitted(ratings: Ratings, estimator: Estimator) -> RaschFit:
    return fit_rasch(ratings, estimator=estimator, tolerance=1e-9)


def named(fit: RaschFit, facet: str, what: str) -> dict[Hashable, float]:
    one = fit.facet(facet)
    return dict(zip(one.elements, getattr(one, what).tolist(), strict=True))


def same(left: RaschFit, right: RaschFit, *, what: tuple[str, ...] = ("measure", "se", "infit")) -> None:
    assert left.converged
    assert right.converged
    for facet in FACETS:
        for name in what:
            assert named(left, facet, name) == pytest.approx(
                named(right, facet, name), abs=2e-6, nan_ok=True
            ), (facet, name)
    thresholds = [{(one.scale, one.upper): one.measure for one in fit.thresholds} for fit in (left, right)]
    assert thresholds[0] == pytest.approx(thresholds[1], abs=2e-6)


@pytest.fixture(scope="module")
def table() -> Drawn:
    return drawn(seed=21, n_items=50, per_item=4)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("thresholds_by", [None, "criterion"])
def test_the_order_of_rows_does_not_matter(
    table: Drawn, estimator: Estimator, thresholds_by: str | None
) -> None:
    order = np.random.default_rng(0).permutation(len(table.value))
    left = fitted(table.ratings(thresholds_by=thresholds_by), estimator)
    right = fitted(table.ratings(order, thresholds_by=thresholds_by), estimator)
    same(left, right)
    assert left.log_likelihood == pytest.approx(right.log_likelihood)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_names_of_raters_do_not_matter(table: Drawn, estimator: Estimator) -> None:
    names = ["zoe", "yan", "xia", "wim", "vic", "una"]
    renamed = three_facets(table.item, [names[rater] for rater in table.rater], table.criterion, table.value)
    left, right = fitted(table.ratings(), estimator), fitted(renamed, estimator)
    raters = right.facet("rater")
    measure = [raters.measure[raters.elements.index(name)] for name in names]
    np.testing.assert_allclose(measure, left.facet("rater").measure, atol=2e-6)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_scale_that_is_read_backwards_turns_the_signs(table: Drawn, estimator: Estimator) -> None:
    backwards = three_facets(table.item, table.rater, table.criterion, 3 - table.value)
    left, right = fitted(table.ratings(), estimator), fitted(backwards, estimator)
    for facet in FACETS:
        np.testing.assert_allclose(right.facet(facet).measure, -left.facet(facet).measure, atol=2e-6)
        np.testing.assert_allclose(right.facet(facet).se, left.facet(facet).se, atol=2e-6)
        np.testing.assert_allclose(right.facet(facet).outfit, left.facet(facet).outfit, atol=2e-6)
    turned = [-one.measure for one in right.thresholds][::-1]
    assert [one.measure for one in left.thresholds] == pytest.approx(turned, abs=2e-6)
    assert left.deviance == pytest.approx(right.deviance)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_sign_of_a_facet_is_a_way_of_speaking(table: Drawn, estimator: Estimator) -> None:
    def with_sign(sign: Any) -> Ratings:
        facets = [
            Facet.of("item", Codes.of(table.item, field="item"), sign=1),
            Facet.of("rater", Codes.of(table.rater, field="rater"), sign=sign),
        ]
        return Ratings.of(facets, table.value)

    severe, lenient = fitted(with_sign(-1), estimator), fitted(with_sign(1), estimator)
    np.testing.assert_allclose(severe.facet("rater").measure, -lenient.facet("rater").measure, atol=2e-6)
    np.testing.assert_allclose(severe.facet("item").measure, lenient.facet("item").measure, atol=2e-6)
    # The one who gives less is the severe one.
    mean = np.bincount(table.rater, table.value) / np.bincount(table.rater)
    assert np.corrcoef(mean, severe.facet("rater").measure)[0, 1] < -0.9


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weight_two_is_the_rating_given_twice(table: Drawn, estimator: Estimator) -> None:
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, len(table.value))
    weighted = fitted(table.ratings(weight=weight.astype(float)), estimator)
    repeated = fitted(table.ratings(np.repeat(np.arange(len(weight)), weight)), estimator)
    same(
        weighted,
        repeated,
        what=("measure", "se", "infit", "outfit", "infit_z", "outfit_z", "score", "weight"),
    )
    assert weighted.deviance == pytest.approx(repeated.deviance)
    assert weighted.pearson == pytest.approx(repeated.pearson)


def test_a_rater_under_two_names_is_one_rater_twice(table: Drawn) -> None:
    own = table.rater == 0
    rows = np.concatenate([np.arange(len(own)), np.flatnonzero(own)])
    rater = np.concatenate([table.rater, np.full(own.sum(), 6)])
    split = fitted(three_facets(table.item[rows], rater, table.criterion[rows], table.value[rows]), "jmle")
    merged = fitted(table.ratings(weight=np.where(own, 2.0, 1.0)), "jmle")
    raters = split.facet("rater").measure
    assert raters[0] == pytest.approx(raters[6], abs=1e-7)
    # Only the zero of the raters is elsewhere, as their mean is.
    assert np.ptp(raters[:6] - merged.facet("rater").measure) < 2e-6
    assert np.ptp(split.facet("item").measure - merged.facet("item").measure) < 2e-6
    assert split.facet("rater").se[0] == pytest.approx(np.sqrt(2) * merged.facet("rater").se[0])
    assert split.deviance == pytest.approx(merged.deviance)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_levels_nobody_gave_change_nothing(table: Drawn, estimator: Estimator) -> None:
    wider = three_facets(
        table.item, table.rater, table.criterion, table.value + 1, levels=("none", *range(4), "perfect")
    )
    left, right = fitted(table.ratings(), estimator), fitted(wider, estimator)
    for facet in FACETS:
        np.testing.assert_allclose(right.facet(facet).measure, left.facet(facet).measure, atol=2e-6)
        np.testing.assert_allclose(right.facet(facet).infit, left.facet(facet).infit, atol=2e-6)
    assert [one.lower for one in right.thresholds] == [0, 1, 2]
    assert right.deviance == pytest.approx(left.deviance)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_gap_in_the_scale_is_one_threshold(table: Drawn, estimator: Estimator) -> None:
    value = np.where(table.value == 1, 2, table.value)
    fit = fitted(three_facets(table.item, table.rater, table.criterion, value), estimator)
    assert [(one.lower, one.upper) for one in fit.thresholds] == [(0, 2), (2, 3)]
    first, second = (one.measure for one in fit.thresholds)
    assert 2 * first + second == pytest.approx(0, abs=1e-9)
    assert fit.structure.unused == (("all", 1),)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_facets_add_up_to_zero_but_for_one(table: Drawn, estimator: Estimator) -> None:
    fit = fitted(table.ratings(), estimator)
    assert fit.facet("rater").measure.mean() == pytest.approx(0, abs=1e-9)
    if estimator == "jmle":
        assert fit.facet("criterion").measure.mean() == pytest.approx(0, abs=1e-9)
    else:
        # Criteria carry the level, and the items' population has mean 0.
        assert fit.populations[0].mean == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("estimator", ["eb", "mml"])
def test_known_raters_come_out_where_they_are(estimator: Estimator) -> None:
    table = drawn(seed=22, n_items=400, n_raters=8, per_item=4)
    fit = fit_rasch(table.ratings(), estimator=estimator)
    raters, true = fit.facet("rater"), table.raters - table.raters.mean()
    assert np.abs((raters.measure - true) / raters.se).max() < 3.5
    slope = np.polyfit((-1.2, -0.2, 1.4), [one.measure for one in fit.thresholds], 1)[0]
    assert 0.95 < slope < 1.05
    covered = (
        np.abs(fit.facet("item").measure - (table.items - table.items.mean())) < 1.96 * fit.facet("item").se
    )
    assert 0.92 < covered.mean() < 0.98


def test_raters_may_use_the_scale_in_their_own_way() -> None:
    table = drawn(seed=23, n_items=300, n_raters=4, per_item=4, steps=(-1.5, 0.0, 1.5))
    # The last rater avoids both ends.
    value = np.where(table.rater == 3, np.clip(table.value, 1, 2), table.value)
    columns = (table.item, table.rater, table.criterion, value)
    for estimator in ESTIMATORS:
        own = fit_rasch(three_facets(*columns, thresholds_by="rater"), estimator=estimator)
        shared = fit_rasch(three_facets(*columns), estimator=estimator)
        found = {scale: [one for one in own.thresholds if one.scale == scale] for scale in range(4)}
        assert [len(found[scale]) for scale in range(4)] == [3, 3, 3, 1]
        assert own.deviance < shared.deviance - 100
        for scale in range(3):
            measures = [one.measure for one in found[scale]]
            assert measures == sorted(measures)


def test_partial_credit_nests_the_rating_scale(table: Drawn) -> None:
    for estimator in ESTIMATORS:
        scale = fitted(table.ratings(), estimator)
        credit = fitted(table.ratings(thresholds_by="criterion"), estimator)
        assert credit.log_likelihood > scale.log_likelihood
        assert len(credit.thresholds) == 9


def test_a_table_of_labels_is_fitted_as_it_is() -> None:
    table = LongTable.from_columns(
        item=["a", "a", "b", "b", "c", "c", "d", "d"],
        rater=["x", "y"] * 4,
        value=["ok", "bad", "fine", "ok", "bad", "bad", "fine", "fine"],
        levels=["bad", "ok", "fine"],
    )
    fit = fit_rasch(Ratings.from_table(table))
    assert fit.facet("rater").elements == ("x", "y")
    assert [(one.lower, one.upper) for one in fit.thresholds] == [("bad", "ok"), ("ok", "fine")]
    assert fit.facet("rater").measure[1] > fit.facet("rater").measure[0]


def test_unknown_words_are_refused() -> None:
    ratings = crossed([[0, 1], [1, 0]])
    with pytest.raises(Rejected, match="there are eb, jmle and mml"):
        fit_rasch(ratings, estimator=cast(Any, "bayes"))
    with pytest.raises(Rejected, match="no facet is called 'judge'"):
        fit_rasch(ratings).facet("judge")
