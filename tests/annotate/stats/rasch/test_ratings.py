from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.table import LongTable
from tests.annotate.stats.rasch.examples import drawn, three_facets


def a_facet(name: str = "rater", elements: str = "aabb", **more: object) -> Facet:
    return Facet.of(name, Codes.of(list(elements), field=name), **more)  # type: ignore[arg-type]


def refused(*arguments: object, **more: object) -> Rejected:
    with pytest.raises(Rejected) as caught:
        Ratings.of([a_facet()], *arguments, **more)  # type: ignore[arg-type]
    return caught.value


def test_what_is_no_rating_is_named_by_its_row() -> None:
    for column, reason in (
        ([0, 1, -1, 2], "must be a whole number from 0 up"),
        ([0, 1, 0.5, 2], "must be a whole number from 0 up"),
        ([0, 1, float("nan"), 2], "must be a whole number from 0 up"),
    ):
        error = refused(column)
        assert (error.row, error.field, error.reason) == (3, "value", reason)
    assert "not all are numbers" in refused(["good", "bad", "good", "bad"]).reason
    assert (refused([0, 1, 2, 3], levels=("no", "yes")).row, refused([0, 1, 1], weight=[1, 1, 1]).row) == (
        3,
        None,
    )
    assert "differ in length" in refused([0, 1, 1]).reason


def test_weights_and_trials_are_checked_by_row() -> None:
    for weight in (-1.0, float("inf"), float("nan")):
        error = refused([0, 1, 1, 0], weight=[1, 1, 1, weight])
        assert (error.row, error.field) == (4, "weight")
    error = refused([0, 5, 1, 0], trials=[0, 4, 4, 4])
    assert (error.row, error.field, error.reason) == (2, "value", "there are more successes than trials")
    assert refused([0, 1, 1, 0], trials=[0, 1, 1.5, 0]).row == 3


def test_without_a_rating_or_a_facet_there_is_nothing_to_fit() -> None:
    with pytest.raises(Rejected, match="there is no rating"):
        Ratings.of([], [0, 1])
    with pytest.raises(Rejected, match="there is no rating"):
        Ratings.of([Facet.of("rater", Codes(np.zeros(0, dtype=np.int64), ()))], [])
    with pytest.raises(Rejected, match="no facet is called 'judge'"):
        Ratings.of([a_facet()], [0, 1, 1, 0], thresholds_by="judge")


def test_anchors_must_be_of_somebody_and_finite() -> None:
    with pytest.raises(Rejected, match="an anchor names 'z', which is no rater"):
        a_facet(anchors={"z": 0.0})
    with pytest.raises(Rejected, match="the anchor of 'a' is no finite number"):
        a_facet(anchors={"a": float("inf")})


def test_thresholds_must_be_of_a_scale_and_whole() -> None:
    assert "no scale 'b'" in refused([0, 1, 2, 1], thresholds={"b": [0, 1]}).reason
    assert "needs 2 finite thresholds" in refused([0, 1, 2, 1], thresholds={"all": [0.5]}).reason
    assert "needs 2 finite thresholds" in refused([0, 1, 2, 1], thresholds={"all": [0, np.nan]}).reason


def test_counts_of_trials_make_no_categories() -> None:
    ratings = Ratings.of([a_facet()], [17, 1, 0, 2], trials=[20, 0, 0, 0])
    assert ratings.levels == (0, 1, 2)


def test_a_table_needs_an_order() -> None:
    table = LongTable.from_columns(["a", "b"], ["x", "x"], ["good", "bad"])
    with pytest.raises(Rejected, match="levels given in order"):
        Ratings.from_table(table)


def test_a_table_becomes_its_facets() -> None:
    table = LongTable.from_columns(
        ["a", "a", "b"],
        ["x", "y", "x"],
        ["bad", "good", "good"],
        criterion=["k", "k", "k"],
        levels=["bad", "neutral", "good"],
        weight=[1, 2, 0.5],
    )
    ratings = Ratings.from_table(
        table, thresholds_by="rater", anchors={"rater": {"y": 0.25}}, population={"x": "people"}
    )
    assert [facet.name for facet in ratings.facets] == ["item", "rater", "criterion"]
    assert [facet.sign for facet in ratings.facets] == [1, -1, -1]
    assert (ratings.levels, ratings.scale.vocab) == (("bad", "neutral", "good"), ("x", "y"))
    assert ratings.facet("rater").population.tolist() == [0, 1]
    assert ratings.facet("rater").anchors[1] == 0.25
    assert ratings.weight.tolist() == [1, 2, 0.5]


def test_the_design_adds_up_signed_measures() -> None:
    ratings = three_facets([0, 1], [0, 0], [1, 0], [1, 0])
    design = Design.of(ratings)
    measures = np.array([2.0, 3.0, 0.5, 10.0, 100.0])
    # The criterion of the first row is the first element of its facet.
    np.testing.assert_allclose(design.spread(measures), [2 - 0.5 - 10, 3 - 0.5 - 100])
    np.testing.assert_allclose(design.gathered(np.array([1.0, 5.0])), [1, 5, -6, -1, -5])
    np.testing.assert_allclose(design.gathered(np.array([1.0, 5.0]), signed=False), [1, 5, 6, 1, 5])
    np.testing.assert_allclose(design.spread_variance(measures), [12.5, 103.5])


def test_fewer_rows_keep_the_places_of_all_elements() -> None:
    ratings = drawn(seed=1).ratings()
    few = ratings.where(ratings.value > 1)
    assert [len(facet) for facet in few.facets] == [len(facet) for facet in ratings.facets]
    assert (few.value > 1).all()
    assert few.levels == ratings.levels


def test_counts_in_a_table_are_no_levels() -> None:
    table = LongTable.from_columns(["a", "b", "c", "d"], ["x"] * 4, [3, 17, 1, 20])
    ratings = Ratings.from_table(table, trials=[0, 20, 0, 20])
    assert ratings.value.tolist() == [1, 17, 0, 20]
    assert ratings.levels == (1, 3)
    assert Ratings.from_table(table, trials=[20] * 4).levels == (0,)
    for trials, row, reason in (
        ([0, 16, 0, 20], 2, "more successes than trials"),
        ([0, 20, -1, 20], 3, "must be a whole number from 0 up"),
        ([0, 20], None, "there are 2 trials for 4 labels"),
    ):
        with pytest.raises(Rejected, match=reason) as caught:
            Ratings.from_table(table, trials=trials)
        assert caught.value.row == row
