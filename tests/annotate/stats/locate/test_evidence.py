from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import IntArray
from annotate.stats.locate.evidence import UNKNOWN, Evidence, Raters, Reports, Rollouts, Verdicts
from annotate.stats.locate.layout import Layout

TWO = Raters.of([0, 1])


def ints(*values: int) -> IntArray:
    return np.array(values, dtype=np.int64)


def test_rows_are_sorted_and_unknown_ones_left_out() -> None:
    evidence = Evidence.of(
        [2, 3],
        raters=TWO,
        reports=Reports(ints(1, 0, 1), ints(0, 1, 1), ints(2, -1, UNKNOWN)),
        verdicts=Verdicts(ints(1, 0), ints(0, 0), ints(2, 0), ints(1, UNKNOWN)),
        rollouts=Rollouts(ints(1, 0), ints(0, 0), ints(0, 3), ints(0, 8)),
    )
    assert evidence.reports.trace.tolist() == [0, 1]
    assert evidence.reports.place.tolist() == [-1, 2]
    assert (len(evidence.verdicts), len(evidence.rollouts)) == (1, 1)
    assert evidence.n_unknown == 3


def test_taking_traces_numbers_them_anew() -> None:
    evidence = Evidence.of(
        [2, 3, 4],
        raters=TWO,
        reports=Reports(ints(0, 2, 2), ints(0, 0, 1), ints(0, 3, -1)),
        gold=[0, -1, UNKNOWN],
    )
    some = evidence.take(ints(1, 2))
    assert some.length.tolist() == [3, 4]
    assert some.gold.tolist() == [-1, UNKNOWN]
    assert some.reports.trace.tolist() == [1, 1]
    assert some.reports.place.tolist() == [3, -1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"length": [1, 0]}, "row 2, field length"),
        ({"outcome": [1, 2]}, "row 2, field outcome"),
        ({"gold": [0, 3]}, "row 2, field gold"),
        ({"outcome": [1]}, "one entry per trace"),
        ({"question_hits": [3, 0], "question_tries": [2, 0]}, "row 1, field question_hits"),
        ({"reports": Reports(ints(0), ints(0), ints(2))}, "row 1, field place"),
        ({"reports": Reports(ints(0), ints(2), ints(1))}, "row 1, field rater"),
        ({"reports": Reports(ints(0, 5), ints(0, 0), ints(1, 1))}, "row 2, field trace"),
        ({"reports": Reports(ints(0), ints(0), ints(1, 1))}, "different lengths"),
        ({"verdicts": Verdicts(ints(0), ints(0), ints(2), ints(1))}, "row 1, field step"),
        ({"verdicts": Verdicts(ints(0), ints(0), ints(1), ints(7))}, "row 1, field bad"),
        ({"rollouts": Rollouts(ints(0), ints(0), ints(9), ints(8))}, "row 1, field hits"),
    ],
)
def test_bad_input_is_named(columns: dict[str, object], message: str) -> None:
    given = {"length": [2, 2], "raters": TWO, **columns}
    with pytest.raises(Rejected, match=message):
        Evidence.of(**given)  # type: ignore[arg-type]


def test_raters_of_no_kind_are_refused() -> None:
    with pytest.raises(Rejected, match="row 2, field kind"):
        Raters.of([0, 9])
    with pytest.raises(Rejected, match="field family"):
        Raters.of([0, 1], [0])


def test_sums_stay_within_their_trace() -> None:
    layout = Layout.of(ints(2, 1))
    amount = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert layout.before(amount).tolist() == [0, 1, 3, 0, 8]
    assert layout.after(amount).tolist() == [6, 4, 0, 16, 0]
    assert layout.total(amount).tolist() == [7, 24]
    chance, log_total = layout.normalised(np.log(amount))
    assert layout.total(chance) == pytest.approx([1, 1])
    assert np.exp(log_total) == pytest.approx([7, 24])
