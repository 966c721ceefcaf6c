"""``{% load agreement %}``: who agrees with whom, and where in a trace, as tables and ink on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from annotate.models import Estimate, Rater
from annotate.wording import figure

from .ruler import number

register = template.Library()

_HEIGHT, _LEFT, _RIGHT = 150, 44, 620


@dataclass(frozen=True, slots=True)
class PairCell:
    """Kappa of two raters over n steps; ``text`` is empty where they never met. ``shade`` is 0 to 4."""

    text: str
    n: int
    shade: int | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """A rater, its number, and what it has with each of those before it."""

    rater: Rater
    number: int
    cells: Sequence[PairCell]


@register.simple_tag
def pair_rows(estimate: Estimate, raters: Mapping[int, Rater]) -> list[PairRow]:
    """The lower triangle of the table; raters that are gone leave an empty list."""
    pairs = estimate.detail["pairs"]
    keys = pairs["raters"]
    if any(key not in raters for key in keys):
        return []
    found = {(one["one"], one["other"]): one for one in pairs["cells"]}
    return [
        PairRow(raters[key], row + 1, [_cell(found.get((column, row))) for column in range(row)])
        for row, key in enumerate(keys)
    ]


def _cell(one: Mapping[str, Any] | None) -> PairCell:
    if one is None:
        return PairCell("", 0, None)
    kappa = one["kappa"]
    if kappa is None:
        return PairCell("–", one["n"], None)
    return PairCell(number(kappa, 2), one["n"], min(4, max(0, int(kappa * 5))))


@dataclass(frozen=True, slots=True)
class DepthPoint:
    title: str
    x: float
    y: float | None
    d: str
    row: Mapping[str, Any]


@register.inclusion_tag("measure/depths.html")
def depth_picture(estimate: Estimate) -> dict[str, Any]:
    """Alpha from the first step of a trace to the last, with intervals; depths without one leave a gap."""
    depths = estimate.detail["depths"]
    step = (_RIGHT - _LEFT) / max(1, len(depths) - 1)
    lowest = min([0.0, *(one["low"] for one in depths if one["low"] is not None)])
    lowest = max(-1.0, lowest)

    def y(value: float) -> float:
        return round(12 + (1 - max(value, lowest)) / (1 - lowest) * _HEIGHT, 1)

    points = []
    for place, one in enumerate(depths):
        x = round(_LEFT + place * step, 1)
        title = f"{one['first'] + 1}{'+' if one['is_rest'] else ''}"
        has_interval = one["low"] is not None and one["high"] is not None
        d = f"M{x} {y(one['low'])}V{y(one['high'])}" if has_interval else ""
        points.append(DepthPoint(title, x, None if one["value"] is None else y(one["value"]), d, one))
    return {
        "estimate": estimate,
        "points": points,
        "grid": [(figure(f"{value:.1f}"), y(value)) for value in (0.0, 0.5, 1.0)],
        "foot": 12 + _HEIGHT + 22,
    }
