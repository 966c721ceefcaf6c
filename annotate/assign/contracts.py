"""What a rule of order is given and what it answers. No database: plain frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What the queue keeps about one trace.

    ``luck`` is drawn once from the project's seed, 0 to 2^31 - 1. ``share`` is the trace's place among those of its
    kind (with gold labels, or without), 0 to 1. ``disagreement`` and ``value`` are from 0 to 1, None while unknown.
    ``worth`` is what an hour of a person's time is expected to put right, in wrong decisions; None where no model says.
    """

    trace: int
    luck: int
    n_submitted: int = 0
    has_gold: bool = False
    share: float = 0.0
    skill: str = ""
    disagreement: float | None = None
    value: float | None = None
    worth: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A named rule of order.

    ``rank`` gives two numbers for a trace: one from 0 (soonest) to 1, and a whole number that decides between equals.
    It sees one trace alone, so that one trace's turn can be worked out again when only that trace has changed.
    ``needs_share``: the order rests on ``Facts.share``, which new traces change for all.
    """

    name: str
    title: str
    said: str
    rank: Callable[[Facts], tuple[float, int]]
    needs_share: bool = False


def most_first(known: float | None) -> float:
    """Rank by a number from 0 to 1, the highest soonest; what is unknown comes before what is known to be none."""
    if known is None:
        return 0.95
    return 1.0 if known == 0 else 0.9 * (1 - known)
