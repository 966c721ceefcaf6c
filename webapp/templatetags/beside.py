"""``{% load beside %}``: two runs against each other, their curves in one picture and their decisions in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext

from annotate.consensus.explore.contrast import Contrast, Verdict
from annotate.enums import Action
from annotate.models import Run

from .axes import NARROW, WIDE, Frame, line_of, nice_top, ticks_of
from .risk_picture import Point, open_steps

register = template.Library()


@register.filter
def verdict_words(verdict: Verdict) -> str:
    """``Keep as good``."""
    action = str(Action(verdict.action).label)
    return (
        gettext("%(action)s as %(level)s") % {"action": action, "level": verdict.level}
        if verdict.level
        else action
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A run in the picture: its line, empty without risks, what it keeps itself, and the height of its name."""

    name: str
    d: str
    end: tuple[float, float] | None
    decided: tuple[float, float] | None
    name_y: float


@dataclass(frozen=True, slots=True)
class Drawn:
    frame: Frame
    across: Sequence[tuple[str, float]]
    up: Sequence[tuple[str, float]]
    lines: Sequence[Line]


def _wrong(point: Point, *, by_gold: bool) -> float | None:
    found: float | None = point["gold"]["value"] if by_gold else point["expected"]
    return found


def draw(names: Sequence[str], details: Sequence[Mapping[str, Any]], frame: Frame, *, by_gold: bool) -> Drawn:
    seen = [
        wrong
        for detail in details
        for point in (*detail["line"], detail["decided"])
        if point["kept"] >= 0.05 * open_steps(detail)
        for wrong in [_wrong(point, by_gold=by_gold)]
        if wrong is not None
    ]
    most = nice_top(max([0.004, *seen]))
    lines = [
        _line(name, detail, frame, most, by_gold=by_gold) for name, detail in zip(names, details, strict=True)
    ]
    return Drawn(
        frame,
        [(f"{share} %", frame.x(share / 100)) for share in (0, 25, 50, 75, 100)],
        ticks_of(most, frame),
        lines,
    )


def _line(name: str, detail: Mapping[str, Any], frame: Frame, most: float, *, by_gold: bool) -> Line:
    total = max(1, open_steps(detail))

    def at(point: Point) -> tuple[float, float] | None:
        wrong = _wrong(point, by_gold=by_gold)
        if wrong is None or not point["kept"]:
            return None
        return frame.x(point["kept"] / total), frame.y(wrong, most)

    places = [
        place for point in detail["line"] if point["kept"] >= 0.02 * total for place in [at(point)] if place
    ]
    decided = at(detail["decided"])
    end = places[-1] if places else decided
    return Line(name, line_of(places), end, decided, end[1] if end else 0.0)


@register.inclusion_tag("consensus/curves_figure.html")
def curves_figure(
    run: Run, other: Run, details: Sequence[Mapping[str, Any]], contrast: Contrast
) -> dict[str, Any]:
    """Both runs by gold, or, where no key speaks of either, by what they expect; nothing where neither is known."""
    by_gold = all(detail["decided"]["gold"]["value"] is not None for detail in details)
    names = [str(run), str(other)]
    pictures = [draw(names, details, frame, by_gold=by_gold) for frame in (WIDE, NARROW)]
    return {
        "pictures": pictures if any(line.end for line in pictures[0].lines) else [],
        "by_gold": by_gold,
        "names": names,
        "rows": _rows(details),
        "decided": [detail["decided"] for detail in details],
    }


def _rows(details: Sequence[Mapping[str, Any]]) -> list[tuple[float, list[Point | None]]]:
    """By risk, the point of each run that has one there."""
    found = [{point["risk"]: point for point in detail["curve"]} for detail in details]
    risks = sorted({risk for points in found for risk in points})
    return [(risk, [points.get(risk) for points in found]) for risk in risks]
