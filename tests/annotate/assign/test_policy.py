from __future__ import annotations

from datetime import UTC, datetime

import pytest

from annotate.assign.policy import Standing, lease_end, standing_of

NOTHING = {
    "is_holding": False,
    "has_rubric": True,
    "is_paused": False,
    "exam": None,
    "has_traces": True,
    "has_slots": True,
    "n_claimable": 0,
    "n_held_by_others": 0,
    "needs_skill": False,
    "has_open": False,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_holding": True, "is_paused": True}, Standing.HOLDING),
        ({"has_rubric": False, "n_claimable": 1}, Standing.NO_RUBRIC),
        ({"has_traces": False, "has_slots": False}, Standing.NO_TRACES),
        ({"has_slots": False}, Standing.NOT_FILLED),
        ({"n_claimable": 1, "n_held_by_others": 3}, Standing.READY),
        ({"is_paused": True, "n_claimable": 1}, Standing.PAUSED),
        ({"exam": Standing.EXAM_FAILED, "n_claimable": 1}, Standing.EXAM_FAILED),
        ({"exam": Standing.EXAM, "has_slots": False}, Standing.EXAM),
        ({"needs_skill": True, "has_open": True}, Standing.NO_SKILL),
        ({"n_held_by_others": 3, "has_open": True}, Standing.HELD_BY_OTHERS),
        ({"has_open": True}, Standing.DONE_BY_YOU),
        ({}, Standing.ALL_SUBMITTED),
    ],
)
def test_standing_names_the_first_thing_in_the_way(changed: dict[str, object], expected: Standing) -> None:
    assert standing_of(**{**NOTHING, **changed}) is expected  # type: ignore[arg-type]


def test_lease_end_counts_minutes() -> None:
    assert lease_end(datetime(2026, 1, 1, 9, 50, tzinfo=UTC), 30) == datetime(2026, 1, 1, 10, 20, tzinfo=UTC)
