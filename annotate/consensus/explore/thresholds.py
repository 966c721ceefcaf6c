"""The risks that the explorer offers: few enough to be stored, dense where decisions are made (pure)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

USUAL = (
    *(0.0, 0.00001, 0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075),
    *(0.01, 0.0125, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08),
    *(0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
)
# Risks are compared with thresholds after some arithmetic: 1 − 0.95 is a hair more than 0.05.
HAIR = 1e-9


def thresholds_with(own: Iterable[float]) -> tuple[float, ...]:
    """The usual risks and those that the run itself decided by, in order."""
    extra = [round(one, 6) for one in own if 0 <= one <= 1]
    return tuple(sorted({*USUAL, *extra}))


def place_of(risk: float, thresholds: Sequence[float]) -> int:
    """The place of the largest threshold that is not above the risk: nobody is given more risk than they asked for."""
    return max(0, bisect_right(thresholds, risk + HAIR) - 1)
