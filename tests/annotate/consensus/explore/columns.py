"""Decisions written by hand, for the tests of what is counted of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotate.consensus.explore.columns import ACTIONS, NOTHING, Columns
from annotate.enums import Action

LEVELS = ("bad", "neutral", "good")
LETTERS = {"b": 0, "n": 1, "g": 2, "-": NOTHING}


def some_columns(
    levels: str,
    *,
    gold: str = "",
    risk: Sequence[float] = (),
    action: Sequence[Action] = (),
    steps_a_trace: int = 2,
    behind: str = "",
    believed: str = "",
) -> Columns:
    """One letter per step: b, n, g, or ``-`` for none. Without actions every step with a level is kept."""
    n = len(levels)
    level = np.array([LETTERS[one] for one in levels], dtype=np.uint8)
    usual = [Action.DROP if one == NOTHING else Action.KEEP for one in level.tolist()]
    place = {one: code for code, one in enumerate(ACTIONS)}
    return Columns(
        LEVELS,
        np.arange(10, 10 + n, dtype=np.int64),
        np.arange(n, dtype=np.int64) // steps_a_trace,
        np.array([place[one] for one in (action or usual)], dtype=np.uint8),
        level,
        level if not believed else np.array([LETTERS[one] for one in believed], dtype=np.uint8),
        np.array(risk or [np.nan] * n, dtype=np.float64),
        np.array([LETTERS[one] for one in (gold or "-" * n)], dtype=np.uint8),
        np.array([one == "x" for one in (behind or "-" * n)], dtype=np.bool_),
    )
