from __future__ import annotations

import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.weighted import weighted
from annotate.stats.table import LongTable

TABLE = LongTable.from_columns(
    item=[1, 1, 1, 2, 2, 3], rater=["a", "b", "c", "a", "b", "c"], value=["x", "x", "y", "x", "y", "z"]
)


def test_shares_of_votes_are_the_posterior() -> None:
    fit = majority(TABLE)
    assert fit.posterior[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert fit.prevalence.sum() == pytest.approx(1)
    assert (fit.log_likelihood, fit.converged, fit.history) == (None, True, ())


def test_ties_are_said_and_have_no_label() -> None:
    fit = majority(TABLE)
    assert fit.labels() == ("x", None, "z")
    assert [one.tied for one in fit.verdicts()] == [(), ("x", "y"), ()]
    assert fit.n_tied == 1


def test_a_known_answer_stands_in_place_of_the_votes() -> None:
    fit = majority(TABLE, known={2: "z"})
    assert fit.labels() == ("x", "z", "z")
    assert fit.is_known.tolist() == [False, True, False]


def test_weights_of_raters_break_ties() -> None:
    fit = weighted(TABLE, rater_weights={"a": 0.9, "b": 0.5, "c": 0.2})
    assert fit.labels() == ("x", "x", "z")
    assert fit.posterior[1, 0] == pytest.approx(0.9 / 1.4)


def test_sums_in_another_order_are_still_a_tie() -> None:
    table = LongTable.from_columns(item=[1, 1, 1], rater=["a", "b", "c"], value=["x", "x", "y"])
    fit = weighted(table, rater_weights={"a": 0.1, "b": 0.2, "c": 0.3})
    assert fit.labels() == (None,)


def test_a_rater_of_no_weight_does_not_vote() -> None:
    fit = weighted(TABLE, rater_weights={"a": 1, "b": 1, "c": 0})
    assert fit.units == (1, 2)
    assert fit.n_left_out == 1


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_bad_weights_are_named(weight: float) -> None:
    with pytest.raises(Rejected, match=r"row 2.*'b'"):
        weighted(TABLE, rater_weights={"a": 1, "b": weight, "c": 1})
    with pytest.raises(Rejected, match=r"row 3.*'c' has no weight"):
        weighted(TABLE, rater_weights={"a": 1, "b": 1})


def test_nobody_with_weight_leaves_nothing() -> None:
    with pytest.raises(NotEstimable):
        weighted(TABLE, rater_weights={"a": 0, "b": 0, "c": 0})
