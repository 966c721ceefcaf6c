"""Label accuracy against what people have read: where a curve gets there, intervals over seeds, and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.student import student_p


@dataclass(frozen=True)
class Curve:
    """Points in the order they were bought: readings per trace, hours of people, and shares of right labels.

    `steps` of all steps, `places` of traces whose first error is named exactly, `promised` what the model itself says
    of `steps` (NaN without one).
    """

    readings: FloatArray
    hours: FloatArray
    steps: FloatArray
    places: FloatArray
    promised: FloatArray


def crossing(curve: Curve, goal: float, *, by: str = "steps", of: str = "readings") -> float:
    """How much of `of` the curve needs to reach `goal`, interpolated; NaN where it never does."""
    right: FloatArray = getattr(curve, by)
    spent: FloatArray = getattr(curve, of)
    there = np.flatnonzero(right >= goal)
    if not len(there):
        return float("nan")
    at = int(there[0])
    if at == 0:
        return 0.0
    share = (goal - right[at - 1]) / (right[at] - right[at - 1])
    return float(spent[at - 1] + share * (spent[at] - spent[at - 1]))


def at_readings(curve: Curve, readings: float, *, by: str = "steps") -> float:
    """The share of right labels after so many readings per trace; NaN beyond the curve's end."""
    if readings > curve.readings[-1] + 1e-9:
        return float("nan")
    return float(np.interp(readings, curve.readings, getattr(curve, by)))


def student_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean and both ends of its interval; the ends are NaN for fewer than two values."""
    found: FloatArray = np.asarray(values, dtype=np.float64)
    mean = float(found.mean())
    if len(found) < 2:
        return mean, float("nan"), float("nan")
    low, high = 0.0, 200.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, len(found) - 1) > 1 - confidence else (low, middle)
    half = high * float(found.std(ddof=1)) / np.sqrt(len(found))
    return mean, mean - half, mean + half


WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 60, 34, 170, 48
# Told apart without colour as well: each has a dash of its own.
_STROKES = (("#5b6472", "2 3"), ("#8a5a00", "7 4"), ("#0a6e8c", "12 3 2 3"), ("#b3261e", ""))


def drawn(title: str, curves: Mapping[str, Sequence[Curve]], goal: float, *, until: float) -> str:
    """An SVG of the mean share of right steps against readings per trace, one line per way, over its seeds."""
    most = max(float(one.readings[-1]) for some in curves.values() for one in some)
    lowest = min(float(one.steps.min()) for some in curves.values() for one in some)
    floor, width, height = np.floor(lowest * 20) / 20, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> str:
        return f"{LEFT + width * x / most:.1f},{TOP + height * (until - y) / (until - floor):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="12"'
        f' font-family="sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{LEFT}" y="20">{escape(title)}</text>'
    ]
    for share in np.arange(floor, until + 1e-9, 0.05):
        x, y = at(0, share).split(",")
        parts.append(
            f'<path d="M{x} {y}h{width}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{float(y) + 4}" text-anchor="end">{100 * share:.0f} %</text>'
        )
    for n in range(int(most) + 1):
        x, y = at(n, floor).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 18}" text-anchor="middle">{n}</text>')
    x, y = at(0, goal).split(",")
    parts.append(f'<path d="M{x} {y}h{width}" stroke="#444" stroke-width="1.5"/>')
    parts.append(
        f'<text x="{LEFT + width / 2}" y="{HEIGHT - 10}" text-anchor="middle">readings per trace</text>'
    )
    for number, (name, some) in enumerate(curves.items()):
        colour, dash = _STROKES[number % len(_STROKES)]
        end = min(float(one.readings[-1]) for one in some)
        grid = np.linspace(0, end, 41)
        mean = np.mean([np.interp(grid, one.readings, one.steps) for one in some], axis=0)
        path = " ".join(at(a, b) for a, b in zip(grid, mean, strict=True))
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        y = TOP + 16 + 20 * number
        parts.append(f'<polyline points="{path}" {stroke}/>')
        parts.append(f'<path d="M{WIDTH - RIGHT + 12} {y - 4}h26" {stroke}/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 44}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
