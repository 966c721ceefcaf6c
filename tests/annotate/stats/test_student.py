"""Student's t against scipy's and against tables."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.student import student_p


@pytest.mark.parametrize(
    ("t", "df"),
    # Every table of Student's t: two-sided 5 %.
    [
        (12.7062, 1),
        (4.3027, 2),
        (2.5706, 5),
        (2.2281, 10),
        (2.0423, 30),
        (1.9799, 120),
        (1.960, float("inf")),
    ],
)
def test_five_per_cent_points(t: float, df: float) -> None:
    assert float(student_p(t, df)) == pytest.approx(0.05, abs=1e-5)


def test_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    t, df = np.meshgrid([0.0, 1e-6, 0.1, 0.7, 1.0, 2.5, 8.0, 60.0], [0.5, 1, 2, 3, 9.5, 40, 1000, 1e6])
    assert student_p(t, df) == pytest.approx(2 * stats.t.sf(t, df), rel=1e-8, abs=1e-290)


def test_sides_are_equal_and_nothing_stays_nothing() -> None:
    assert student_p([-1.3], [7]) == student_p([1.3], [7])
    assert np.isnan(student_p([np.nan, 1.0, 1.0], [3, 0, np.nan])).all()
    assert student_p([], []).shape == (0,)
