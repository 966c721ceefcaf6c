"""The rules of the queue, free of the database: when a lease ends, and why a queue is empty."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """What a person finds when they ask for work. Only the first three lead to a trace."""

    HOLDING = "holding"
    EXAM = "exam"
    READY = "ready"
    PAUSED = "paused"
    EXAM_FAILED = "exam_failed"
    NO_EXAM = "no_exam"
    NO_SKILL = "no_skill"
    NO_RUBRIC = "no_rubric"
    NO_TRACES = "no_traces"
    NOT_FILLED = "not_filled"
    ALL_SUBMITTED = "all_submitted"
    HELD_BY_OTHERS = "held_by_others"
    DONE_BY_YOU = "done_by_you"


def lease_end(now: datetime, lease_minutes: int) -> datetime:
    return now + timedelta(minutes=lease_minutes)


def standing_of(
    *,
    is_holding: bool,
    has_rubric: bool,
    is_paused: bool,
    exam: Standing | None,
    has_traces: bool,
    has_slots: bool,
    n_claimable: int,
    n_held_by_others: int,
    needs_skill: bool,
    has_open: bool,
) -> Standing:
    """The one reason that a person most needs to hear.

    ``n_claimable`` counts what this person could take now; ``n_held_by_others`` what they could take if a lease ran
    out; ``has_open`` says whether anything is unsubmitted at all, including traces they have already read. ``exam``
    is what stands between a newcomer and the queue, None for everybody else.
    """
    reasons = (
        (is_holding, Standing.HOLDING),
        (not has_rubric, Standing.NO_RUBRIC),
        (not has_traces, Standing.NO_TRACES),
        (is_paused, Standing.PAUSED),
        (exam is not None, exam or Standing.EXAM),
        (not has_slots, Standing.NOT_FILLED),
        (n_claimable > 0, Standing.READY),
        (n_held_by_others > 0, Standing.HELD_BY_OTHERS),
        (needs_skill, Standing.NO_SKILL),
        (has_open, Standing.DONE_BY_YOU),
    )
    return next((standing for holds, standing in reasons if holds), Standing.ALL_SUBMITTED)
