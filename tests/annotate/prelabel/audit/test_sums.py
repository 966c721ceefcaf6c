from __future__ import annotations

import pytest

from annotate.prelabel.audit.sums import falsified, true_sums


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("so 10 - 3 = 7.", ["7"]),
        ("10−3=7", ["7"]),
        ("1.5 × 4 = 6", ["6"]),
        ("7 / 2 = 3.5", ["3.5"]),
        ("2 + 3 = 5 and 2 * 3 = 6", ["5", "6"]),
        ("10 - 3 = 8", []),  # false
        ("7 / 3 = 2.33", []),  # rounded
        ("4 / 0 = 0", []),
        ("1 + 2 + 3 = 6", []),  # a chain: 2 + 3 is no sum of its own
        ("2 + 3 = 5 + 0", []),
        ("x2 + 3 = 5", []),
        ("2 + 3 = 5x", []),
        ("2 + 3 = 5.5", []),
        ("2^2 + 3 = 7", []),
        ("", []),
    ],
)
def test_only_certain_sums_are_found(text, results):
    assert [found.result for found in true_sums(text)] == results


@pytest.mark.parametrize(("more", "text"), [(1, "2 + 7 = 0, so"), (5, "2 + 7 = 4, so"), (9, "2 + 7 = 8, so")])
def test_a_falsified_digit_wraps_without_a_carry(more, text):
    (one,) = true_sums("2 + 7 = 9, so")
    assert falsified("2 + 7 = 9, so", one, more=more) == text
