from __future__ import annotations

from typing import Any

import pytest

from annotate.prelabel.checking.stated_values import compare


@pytest.mark.parametrize(
    ("claimed", "actual", "status"),
    [
        ("42", 42, "supported"),
        ("$1,200", "1200", "supported"),
        ("3.33", 10 / 3, "supported"),
        ("3", 10 / 3, "unclear"),
        ("3.31", 10 / 3, "unclear"),
        ("3.1", 10 / 3, "refuted"),
        ('"Paris"', "paris", "supported"),
        ('"Paris"', "Paris, France", "unclear"),
        ('"Paris"', "Rome", "refuted"),
        ('"UK"', "United Kingdom", "unclear"),
        ('"UK"', "United States", "refuted"),
        ('"5 May 2020"', "2020-05-05", "unclear"),
        ('"5 May 2020"', "2020-05-06", "refuted"),
        ('"yes"', True, "unclear"),
        ("42", "none", "unclear"),
        ("25%", 0.25, "unclear"),
        ("77", 25, "unclear"),
        ("31", 25, "refuted"),
        ("5", 8.05, "unclear"),
        ("6", 8.05, "refuted"),
        ("-25", 25, "refuted"),
        ("5", 0, "refuted"),
    ],
)
def test_stated_value_is_held_against_the_one_that_is_there(claimed: str, actual: Any, status: str) -> None:
    assert compare(claimed, actual) == status
