"""``{% load dots %}``: shares with their intervals under each other on one axis, as ink on paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext

from annotate.enums import Outcome, StepKind
from annotate.wording import mid

from .figures import grouped
from .rates import share_words

register = template.Library()

ROW, FOOT = 30, 26
_NICE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns stand: names up to ``axis_from``, dots from there, and the steps at the right end."""

    name: str
    width: int
    letters: int
    axis_from: int
    axis_to: int


WIDE = Layout("wide", 560, 26, 190, 480)
NARROW = Layout("narrow", 360, 15, 118, 300)


@dataclass(frozen=True, slots=True)
class Dot:
    title: str
    n: str
    x: float
    d: str
    y: int


def draw(rows: Sequence[Mapping[str, Any]], title: Callable[[str], str], layout: Layout) -> dict[str, Any]:
    """``rows`` have a title, value, low, high and n; those without a value have been left out before."""
    most = next(nice for nice in _NICE if nice >= min(1.0, max([0.0, *(row["high"] for row in rows)])))

    def x(share: float) -> float:
        return round(layout.axis_from + share / most * (layout.axis_to - layout.axis_from), 1)

    dots = [
        Dot(
            _short(title(row["title"]), layout.letters),
            grouped(row["n"]),
            x(row["value"]),
            f"M{x(row['low'])} {y}H{x(row['high'])}",
            y,
        )
        for place, row in enumerate(rows)
        for y in [place * ROW + 18]
    ]
    height = len(rows) * ROW + FOOT
    return {
        "layout": layout,
        "dots": dots,
        "grid": [(share_words(most * part / 2), x(most * part / 2)) for part in range(3)],
        "height": height,
        "foot": height - 6,
        "axis_end": height - FOOT,
    }


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def pictures_of(rows: Sequence[Mapping[str, Any]], title: Callable[[str], str]) -> list[dict[str, Any]]:
    return [draw(rows, title, layout) for layout in (WIDE, NARROW)] if rows else []


@dataclass(frozen=True, slots=True)
class Split:
    """One division of the steps: its title, and how each of its groups is called."""

    name: str
    title: str
    title_of: Callable[[str], str]


def _fifth(title: str) -> str:
    fifths = (
        gettext("First fifth"),
        gettext("Second fifth"),
        gettext("Third fifth"),
        gettext("Fourth fifth"),
        gettext("Last fifth"),
    )
    return fifths[int(title) - 1]


def _kind(title: str) -> str:
    return str(StepKind(title).label) if title in StepKind.values else title


def _outcome(title: str) -> str:
    if not title:
        return gettext("Answer not graded")
    return gettext("Answer %(outcome)s") % {"outcome": mid(Outcome(title).label)}


def _model(title: str) -> str:
    if title.startswith("+") and title[1:].isdecimal():
        return gettext("%(n)s others") % {"n": title[1:]}
    return title or gettext("Model not known")


def splits() -> list[Split]:
    return [
        Split("position", gettext("By place in the trace"), _fifth),
        Split("kind", gettext("By kind of step"), _kind),
        Split("outcome", gettext("By final answer"), _outcome),
        Split("model", gettext("By source model"), _model),
    ]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rate: Mapping[str, Any]


@register.inclusion_tag("consensus/dots.html")
def dispute_figure(disputes: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The share of disputed steps in each group of one division; nothing where there is only one group."""
    split = next(one for one in splits() if one.name == name)
    rows = disputes["divisions"][name]
    if len(rows) < 2:
        return {"rows": []}
    return {
        "name": name,
        "title": split.title,
        "pictures": pictures_of(rows, split.title_of),
        "rows": [Group(split.title_of(row["title"]), row) for row in rows],
    }
