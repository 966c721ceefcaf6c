from __future__ import annotations

import numpy as np

from annotate.measure.ruler.cells import in_thirds, most_surprising, windows_of


def test_thirds_are_of_what_is_known() -> None:
    assert in_thirds(np.array([1.0, np.nan, 2.0, 3.0])).tolist() == [0, -1, 1, 2]
    assert in_thirds(np.array([np.nan, np.nan])).tolist() == [-1, -1]
    # All alike are one group, not three.
    assert len(set(in_thirds(np.ones(9)).tolist())) == 1


def test_windows_are_stretches_of_a_raters_own_labels_in_order() -> None:
    rater = np.array([0, 1] * 6)
    order = np.arange(12)[::-1].copy()
    found = windows_of(order, rater, n_raters=2, most=3, fewest=2)
    assert found[rater == 0].tolist() == [2, 2, 1, 1, 0, 0]
    assert windows_of(order, rater, n_raters=2, most=8, fewest=4).tolist() == [-1] * 12


def test_the_most_surprising_come_first_for_each_rater() -> None:
    z, rater = np.array([0.1, -3.0, 2.0, 1.0]), np.array([0, 0, 1, 0])
    rows = [found.tolist() for found in most_surprising(z, rater, n_raters=3, most=2)]
    assert rows == [[1, 3], [2], []]
