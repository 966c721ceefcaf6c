"""Risk against coverage as ink on paper (no tags)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .axes import Frame, line_of, nice_top, ticks_of

Point = Mapping[str, Any]
# The line is drawn from this share of the steps on: the first few would make the scale.
_FROM = 0.05
_LINE = 17


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the chosen risk stands; None where there is nothing to say of it."""

    x: float
    expected: float | None
    gold: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """``expected`` and ``gold`` are lines, ``band`` the interval of the second; ``decided`` is what the run keeps."""

    frame: Frame
    across: Sequence[tuple[str, float]]
    up: Sequence[tuple[str, float]]
    expected: str
    gold: str
    band: str
    expected_end: tuple[float, float] | None
    gold_end: tuple[float, float] | None
    expected_name: float
    gold_name: float
    decided: tuple[float, float] | None
    mark: Mark | None


def open_steps(detail: Mapping[str, Any]) -> int:
    """The steps that are to be decided: all but those behind a first error."""
    return int(detail["n_steps"] - detail["n_behind"])


def draw(detail: Mapping[str, Any], frame: Frame, chosen: Point | None) -> Drawn:
    total = max(1, open_steps(detail))
    points = [point for point in detail["line"] if point["kept"]]
    most = top_of(points, detail["decided"], total)

    def at(point: Point, value: float) -> tuple[float, float]:
        return frame.x(point["kept"] / total), frame.y(value, most)

    known = [one for one in points if one["gold"]["value"] is not None]
    shown = [one for one in known if one["kept"] >= _FROM * total] or known
    expected = [at(one, one["expected"]) for one in points if one["expected"] is not None]
    gold = [at(one, one["gold"]["value"]) for one in shown]
    edge = [at(one, one["gold"]["high"]) for one in shown] + [
        at(one, one["gold"]["low"]) for one in reversed(shown)
    ]
    names = _apart(expected[-1][1] if expected else None, gold[-1][1] if gold else None)
    return Drawn(
        frame,
        [(f"{share} %", frame.x(share / 100)) for share in (0, 25, 50, 75, 100)],
        ticks_of(most, frame),
        line_of(expected),
        line_of(gold),
        f"{line_of(edge)}Z" if len(shown) > 1 else "",
        expected[-1] if expected else None,
        gold[-1] if gold else None,
        *names,
        _decided(detail["decided"], total, most, frame),
        None if chosen is None else mark_of(chosen, total, most, frame),
    )


def _apart(expected: float | None, gold: float | None) -> tuple[float, float]:
    """Where the names of the two lines stand: at their ends, or as far from each other as to be read."""
    if expected is None or gold is None:
        return (expected or 0.0) + 5, (gold or 0.0) + 5
    if abs(expected - gold) >= _LINE:
        return expected + 5, gold + 5
    middle, above = (expected + gold) / 2 + 5, expected < gold
    shift = -_LINE / 2 if above else _LINE / 2
    return round(middle + shift, 1), round(middle - shift, 1)


def top_of(points: Sequence[Point], decided: Point, total: int) -> float:
    """The share that the upper end stands for: all lines fit below it, and the intervals of most of the steps."""
    seen = [0.004]
    for one in (*points, decided):
        if one["kept"] >= _FROM * total:
            seen += [value for value in (one["expected"], one["gold"]["value"]) if value is not None]
        if one["kept"] >= 0.5 * total and one["gold"]["high"] is not None:
            seen.append(one["gold"]["high"])
    return nice_top(max(seen))


def _decided(decided: Point, total: int, most: float, frame: Frame) -> tuple[float, float] | None:
    value = decided["gold"]["value"] if decided["gold"]["value"] is not None else decided["expected"]
    if value is None or not decided["kept"]:
        return None
    return frame.x(decided["kept"] / total), frame.y(value, most)


def mark_of(point: Point, total: int, most: float, frame: Frame) -> Mark:
    def y(value: float | None) -> float | None:
        return None if value is None else frame.y(value, most)

    gold = point["gold"]
    return Mark(
        frame.x(point["kept"] / total),
        y(point["expected"]),
        y(gold["value"]),
        y(gold["low"]),
        y(gold["high"]),
    )
