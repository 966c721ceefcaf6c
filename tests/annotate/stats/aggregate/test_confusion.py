from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.accuracy import wilson_interval
from annotate.stats.aggregate.confusion import accuracies, confusion_rates, rater_verdicts, wilson_limits
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.majority import majority
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd

TABLE = LongTable.from_columns(
    item=[1, 1, 1, 2, 2, 2, 3, 3], rater=["a", "b", "c", "a", "b", "c", "a", "b"], value=list("xxxxxyxy")
)


def test_limits_are_wilsons() -> None:
    for k, n in ((0, 4), (3, 4), (81, 263), (5, 5)):
        low, high = wilson_limits(np.array([float(k)]), np.array([float(n)]), level=0.9)
        assert (low[0], high[0]) == pytest.approx(wilson_interval(k, n, level=0.9), abs=1e-12)
    with pytest.raises(Rejected):
        wilson_limits(np.ones(1), np.ones(1), level=1)


def test_rows_add_up_to_one_and_contain_their_limits() -> None:
    fit = dawid_skene(a_crowd(n_items=60).table)
    assert np.nansum(confusion_rates(fit), axis=2) == pytest.approx(np.ones((12, 3)))
    for verdict in rater_verdicts(fit):
        for rate in verdict.confusion.values():
            assert rate.low is not None
            assert rate.low <= rate.value <= rate.high


def test_a_row_that_nothing_speaks_for_is_open_with_a_reason() -> None:
    fit = majority(TABLE, known={1: "x", 2: "x", 3: "y"})
    c = rater_verdicts(fit)[2]
    assert c.accuracy.value == 0.5
    assert c.confusion["x", "y"].value == 0.5
    assert c.confusion["y", "y"].value is None
    assert c.confusion["y", "y"].reason == "has labelled no 'y'"


def test_a_rater_without_labels_is_not_a_bad_one() -> None:
    fit = majority(TABLE.where(TABLE.rater.codes != 2))
    assert np.isnan(accuracies(fit)[2])
    accuracy = rater_verdicts(fit)[2].accuracy
    assert (accuracy.value, accuracy.low, accuracy.n) == (None, None, 0.0)
    assert accuracy.reason == "has no label that counts"
