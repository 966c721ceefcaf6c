"""The frame of a picture of risk against coverage, and its axes (no tags)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .rates import risk_words

# Upper ends of an axis, and into how many round parts each is divided.
_NICE = {
    0.005: 5,
    0.01: 5,
    0.02: 4,
    0.03: 3,
    0.05: 5,
    0.1: 5,
    0.15: 3,
    0.2: 4,
    0.3: 3,
    0.4: 4,
    0.5: 5,
    0.75: 3,
    1.0: 4,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the axes stand, in the picture's own units."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int

    def x(self, share: float) -> float:
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, share: float, most: float) -> float:
        inside = min(max(share / most, 0.0), 1.0)
        return round(self.bottom - inside * (self.bottom - self.top), 1)


WIDE = Frame("wide", 940, 360, left=56, right=830, top=22, bottom=316)
NARROW = Frame("narrow", 360, 300, left=44, right=352, top=22, bottom=256)


def line_of(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places) if places else ""


def nice_top(most: float) -> float:
    """The share at the upper end of an axis that shows this one."""
    return next(nice for nice in _NICE if nice >= min(1.0, most))


def ticks_of(most: float, frame: Frame) -> list[tuple[str, float]]:
    parts = _NICE[most]
    return [
        (risk_words(most * part / parts), frame.y(most * part / parts, most)) for part in range(parts + 1)
    ]
