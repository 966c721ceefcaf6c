"""The rules of the queue, free of the database: how many readings a trace still wants, and why a queue is empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """What a person finds when they ask for work. Only ``HOLDING`` and ``READY`` lead to a trace."""

    HOLDING = "holding"
    READY = "ready"
    NO_RUBRIC = "no_rubric"
    NO_TRACES = "no_traces"
    NOT_FILLED = "not_filled"
    ALL_SUBMITTED = "all_submitted"
    HELD_BY_OTHERS = "held_by_others"
    DONE_BY_YOU = "done_by_you"


def lease_end(now: datetime, lease_minutes: int) -> datetime:
    return now + timedelta(minutes=lease_minutes)


def missing_slots(standing: int, newest: int | None, overlap: int) -> Iterator[int]:
    """Slot numbers to add to a trace that has ``standing`` slots nobody skipped and ``newest`` as its last number."""
    first = 0 if newest is None else newest + 1
    return iter(range(first, first + max(0, overlap - standing)))


def standing_of(
    *,
    is_holding: bool,
    has_rubric: bool,
    n_traces: int,
    n_slots: int,
    n_claimable: int,
    n_held_by_others: int,
    n_open: int,
) -> Standing:
    """The one reason that a person most needs to hear.

    ``n_claimable`` counts what this person could take now; ``n_held_by_others`` what they could take if a lease ran
    out; ``n_open`` what is unsubmitted at all, including traces they have already read.
    """
    reasons = (
        (is_holding, Standing.HOLDING),
        (not has_rubric, Standing.NO_RUBRIC),
        (n_traces == 0, Standing.NO_TRACES),
        (n_slots == 0, Standing.NOT_FILLED),
        (n_claimable > 0, Standing.READY),
        (n_held_by_others > 0, Standing.HELD_BY_OTHERS),
        (n_open > 0, Standing.DONE_BY_YOU),
    )
    return next((standing for holds, standing in reasons if holds), Standing.ALL_SUBMITTED)
