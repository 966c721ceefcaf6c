from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.ingest import gathering
from annotate.ingest.gathering import Gathering, Group


def test_groups_come_in_the_order_of_their_first_records() -> None:
    with Gathering() as found:
        for line, name in enumerate(("b", "a", "b", "a"), start=1):
            found.add(name, line, {"line": line})
        groups = list(found.groups())
    assert groups == [
        Group("b", 1, [{"line": 1}, {"line": 3}]),
        Group("a", 2, [{"line": 2}, {"line": 4}]),
    ]


def test_group_too_large_to_hold_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 2)
    with Gathering() as found:
        for line, name in enumerate("aaab", start=1):
            found.add(name, line, {})
        large, small = found.groups()
    assert isinstance(large, Rejected)
    assert (large.row, "3 records" in large.reason) == (1, True)
    assert isinstance(small, Group)
