from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.scoring import against_gold
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd

TABLE = LongTable.from_columns(
    item=[1, 1, 1, 2, 2, 3], rater=["a", "b", "c", "a", "b", "c"], value=["x", "x", "y", "x", "y", "z"]
)


def test_scores_by_hand() -> None:
    (score,) = against_gold([majority(TABLE)], {1: "x", 2: "y", 3: "x", 4: "z"})
    assert (score.n, score.n_tied, score.n_not_labelled, score.n_impossible) == (3, 1, 1, 1)
    assert score.accuracy == pytest.approx((1 + 0.5 + 0) / 3)
    assert score.log_loss == pytest.approx(-(np.log(2 / 3) + np.log(1 / 2) + np.log(1e-15)) / 3)
    assert score.brier == pytest.approx((2 / 9 + 1 / 2 + 2) / 3)
    assert score.low is not None
    assert score.low < score.accuracy < score.high


def test_nothing_to_compare_has_no_score() -> None:
    fit = majority(TABLE)
    for gold, reason in (({}, "no gold"), ({9: "x"}, "no item"), ({1: None}, "no gold")):
        (score,) = against_gold([fit], gold)
        assert (score.n, score.accuracy, score.log_loss, score.brier) == (0, None, None, None)
        assert score.reason is not None
        assert score.reason.startswith(reason)


def test_answers_the_method_was_given_are_not_scored() -> None:
    fit = majority(TABLE, known={1: "y"})
    (score,) = against_gold([fit], {1: "x", 3: "z"})
    assert (score.n, score.accuracy) == (1, 1.0)


def test_an_answer_that_is_no_level_is_wrong() -> None:
    (score,) = against_gold([majority(TABLE)], {3: "w"})
    assert (score.accuracy, score.n_impossible) == (0.0, 1)
    assert score.brier == pytest.approx(2.0)


def test_methods_stand_beside_each_other() -> None:
    crowd = a_crowd(sure=4)
    votes, model = against_gold([majority(crowd.table), dawid_skene(crowd.table)], crowd.truth)
    assert (votes.method, model.method) == ("majority", "dawid_skene")
    assert votes.accuracy is not None
    assert model.accuracy is not None
    assert model.accuracy > votes.accuracy


def test_forecasts_that_mean_what_they_say_have_a_small_calibration_error() -> None:
    crowd = a_crowd(n_items=4000, n_raters=20, each=4, sure=3, seed=9)
    (score,) = against_gold([dawid_skene(crowd.table)], crowd.truth)
    assert score.calibration_error is not None
    assert score.calibration_error < 0.03
