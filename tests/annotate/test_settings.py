from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from annotate.errors import Rejected
from annotate.settings import build_settings, require


@dataclass(frozen=True)
class Sample:
    k: int
    share: float = 0.5
    is_loud: bool = False
    mode: Literal["all", "any"] = "all"
    names: tuple[str, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        require(self.k > 0, "k", "must be at least 1.")


def test_values_become_settings_with_their_types() -> None:
    given = {"k": 3.0, "share": 1, "is_loud": True, "mode": "any", "names": ["a", "b"], "limit": None}
    assert build_settings(Sample, given) == Sample(3, 1.0, True, "any", ("a", "b"), None)
    assert build_settings(Sample, {"k": 1}) == Sample(1)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "k"),
        ({"k": 0}, "k"),
        ({"k": 1.5}, "k"),
        ({"k": True}, "k"),
        ({"k": "3"}, "k"),
        ({"k": 1, "share": float("nan")}, "share"),
        ({"k": 1, "is_loud": "yes"}, "is_loud"),
        ({"k": 1, "mode": "some"}, "mode"),
        ({"k": 1, "names": "a"}, "names"),
        ({"k": 1, "names": ["a", 2]}, "names"),
        ({"k": 1, "limit": "none"}, "limit"),
        ({"k": 1, "kk": 1}, "kk"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        build_settings(Sample, given)
    assert refusal.value.field == field
