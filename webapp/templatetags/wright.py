"""``{% load wright %}``: the Wright map, raters and steps and thresholds on one axis, as ink on paper."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext, ngettext

from annotate.measure.ruler.queries import Stand
from annotate.models import Ruler

register = template.Library()

TOP, BOTTOM, FOOT = 54, 8, 18
NAME_HEIGHT = 15
DOT = 9
# Beyond so many raters their intervals would be a grey wall.
MOST_INTERVALS = 80
MOST_QUESTIONS = 4


@dataclass(frozen=True, slots=True)
class Zone:
    """A column of the picture: from where to where, and letters of a name that fit beside a dot."""

    x: int
    width: int
    letters: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns stand, in the picture's own units."""

    name: str
    width: int
    height: int
    people: Zone
    machines: Zone
    items: Zone
    thresholds: Zone
    most_questions: int


WIDE = Layout(
    "wide",
    940,
    600,
    Zone(52, 250, 24),
    Zone(310, 220, 24),
    Zone(545, 150, 0),
    Zone(710, 225, 22),
    MOST_QUESTIONS,
)
NARROW = Layout("narrow", 360, 560, Zone(30, 98, 9), Zone(130, 92, 9), Zone(224, 56, 0), Zone(286, 72, 7), 1)


@dataclass(frozen=True, slots=True)
class Name:
    """A rater's name beside its dot; ``line`` leads there where it had to move."""

    text: str
    x: float
    y: float
    line: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A rater. ``d`` is the interval as a path, empty where there are too many to show."""

    stand: Stand
    x: float
    y: float
    d: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A threshold: from there up the level ``text`` is likelier than the one below it."""

    text: str
    x1: float
    x2: float
    y: float
    text_y: float


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    x: float
    ticks: Sequence[Tick]


@dataclass(frozen=True, slots=True)
class Grid:
    text: str
    y: float


@dataclass(frozen=True, slots=True)
class Group:
    """People or machines, drawn."""

    title: str
    x: int
    dots: Sequence[Dot]
    names: Sequence[Name]
    n_unnamed: int
    is_machine: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    layout: Layout
    grid: Sequence[Grid]
    groups: Sequence[Group]
    bars: Sequence[Bar]
    columns: Sequence[Column]
    zero: float


class Axis:
    """Logits to places: higher stands higher."""

    def __init__(self, low: float, high: float, layout: Layout) -> None:
        room = max(high - low, 1.0) * 0.04
        self.low, self.high = min(low - room, -0.5), max(high + room, 0.5)
        self.top, self.bottom = TOP, layout.height - BOTTOM - FOOT

    def y(self, logit: float) -> float:
        inside = min(max(logit, self.low), self.high)
        share = (self.high - inside) / (self.high - self.low)
        return round(self.top + share * (self.bottom - self.top), 1)

    def ticks(self) -> list[float]:
        step = next(step for step in (0.5, 1.0, 2.0, 5.0, 10.0, 1000.0) if (self.high - self.low) / step <= 9)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


def draw(ruler: Ruler, stands: Sequence[Stand], layout: Layout) -> Drawn:
    detail = ruler.detail
    thresholds = [
        question["measure"] + one["measure"]
        for question in detail["questions"]
        if question["measure"] is not None
        for one in question["thresholds"]
    ]
    low, high = detail["range"]
    axis = Axis(min([low, *thresholds]), max([high, *thresholds]), layout)
    people = [one for one in stands if not one.is_machine]
    machines = [one for one in stands if one.is_machine]
    return Drawn(
        layout,
        [Grid(_signed(logit), axis.y(logit)) for logit in axis.ticks()],
        [
            _group(gettext("People"), people, layout.people, axis, is_machine=False),
            _group(gettext("Machines"), machines, layout.machines, axis, is_machine=True),
        ],
        _bars(detail["items"], layout.items, axis),
        _columns(detail["questions"], layout, axis),
        axis.y(0.0),
    )


def _signed(logit: float) -> str:
    shown = f"{abs(logit):g}"
    return f"−{shown}" if logit < 0 else shown


def _group(title: str, stands: Sequence[Stand], zone: Zone, axis: Axis, *, is_machine: bool) -> Group:
    beside: Counter[int] = Counter()
    dots = []
    has_intervals = len(stands) <= MOST_INTERVALS
    most = max(1, (zone.width - 7 * zone.letters) // DOT)
    for one in stands:
        y = axis.y(one.severity)
        row = round(y / DOT)
        # Where there are more than fit beside each other the last ones lie on one another.
        x = zone.x + 6 + DOT * min(beside[row], most - 1)
        beside[row] += 1
        low, high = axis.y(one.severity - 1.96 * one.se), axis.y(one.severity + 1.96 * one.se)
        dots.append(Dot(one, x, y, f"M{x} {low}V{high}" if has_intervals else ""))
    names = _names(dots, zone, axis)
    return Group(title, zone.x, dots, names, len(stands) - len(names), is_machine)


def _names(dots: Sequence[Dot], zone: Zone, axis: Axis) -> list[Name]:
    """Names for as many as fit, the furthest out first; each near its dot, none on another."""
    room = int((axis.bottom - axis.top) // NAME_HEIGHT)
    chosen = sorted(sorted(dots, key=lambda dot: -abs(dot.stand.severity))[:room], key=lambda dot: dot.y)
    if not chosen:
        return []
    x = max(dot.x for dot in dots) + 12
    places = _spread([dot.y for dot in chosen], axis.top, axis.bottom)
    return [
        Name(
            _short(dot.stand.name, zone.letters),
            x,
            round(y + 4, 1),
            f"M{dot.x + 5} {dot.y}L{x - 3} {round(y, 1)}" if abs(y - dot.y) > 2 or x - dot.x > 14 else "",
        )
        for dot, y in zip(chosen, places, strict=True)
    ]


def _spread(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Places at least a name's height apart, as near as may be to those wanted (in ascending order)."""
    blocks: list[tuple[float, int]] = []
    for y in wanted:
        blocks.append((y, 1))
        while len(blocks) > 1 and _first(blocks[-1]) < _last(blocks[-2]) + NAME_HEIGHT:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [((a * n + b * m) / (n + m), n + m)]
    found: list[float] = []
    for middle, n in blocks:
        first = middle - (n - 1) * NAME_HEIGHT / 2
        found += [first + i * NAME_HEIGHT for i in range(n)]
    for i, least in enumerate(top + k * NAME_HEIGHT for k in range(len(found))):
        found[i] = max(found[i], least)
    for i in range(len(found)):
        found[-1 - i] = min(found[-1 - i], bottom - i * NAME_HEIGHT)
    return found


def _first(block: tuple[float, int]) -> float:
    return block[0] - (block[1] - 1) * NAME_HEIGHT / 2


def _last(block: tuple[float, int]) -> float:
    return block[0] + (block[1] - 1) * NAME_HEIGHT / 2


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _bars(items: dict[str, Any], zone: Zone, axis: Axis) -> list[Bar]:
    edges, counts = items["edges"], items["counts"]
    most = max(counts, default=0)
    found = []
    for low, high, n in zip(edges, edges[1:], counts, strict=False):
        # What lies beyond the axis is few steps, far out.
        if not n or high < axis.low or low > axis.high:
            continue
        top, bottom = axis.y(high), axis.y(low)
        width = round(max(1.0, zone.width * n / most), 1)
        found.append(Bar(zone.x, top, width, round(max(1.0, bottom - top - 1), 1)))
    return found


def _columns(questions: Sequence[dict[str, Any]], layout: Layout, axis: Axis) -> list[Column]:
    zone = layout.thresholds
    shown = [one for one in questions if one["measure"] is not None and one["thresholds"]]
    shown = shown[: layout.most_questions]
    width = zone.width / max(1, len(shown))
    letters = max(5, int(width / 7) - 3)
    found = []
    for place, question in enumerate(shown):
        x = round(zone.x + place * width, 1)
        ordered = sorted(question["thresholds"], key=lambda one: -one["measure"])
        places = [axis.y(question["measure"] + one["measure"]) for one in ordered]
        names = _spread(places, axis.top, axis.bottom)
        ticks = [
            Tick(
                _short(f"{question['levels'][one['upper']]}", letters),
                x,
                x + 12,
                y,
                round(text_y + 4, 1),
            )
            for one, y, text_y in zip(ordered, places, names, strict=True)
        ]
        found.append(Column(_short(question["title"], letters + 2), x, ticks))
    return found


@register.filter
def add_to(place: float, more: int) -> str:
    """Coordinates are written alike in every language."""
    return f"{place + more:g}"


@register.inclusion_tag("measure/wright_map.html")
def wright_map(ruler: Ruler, stands: Sequence[Stand], slug: str) -> dict[str, Any]:
    """Both pictures; the page shows the one that fits. ``slug`` is the project's."""
    pictures = [draw(ruler, stands, layout) for layout in (WIDE, NARROW)]
    return {"pictures": pictures, "title": map_title(stands), "slug": slug}


def map_title(stands: Sequence[Stand]) -> str:
    """What the picture shows, in a sentence."""
    if len(stands) < 2:
        return gettext("Where raters and steps stand on one scale")
    first, last = stands[0].severity, stands[-1].severity
    apart = f"{first - last:.1f}"
    return ngettext(
        "From the most lenient to the severest of %(n)d rater it is %(apart)s logits",
        "From the most lenient to the severest of %(n)d raters it is %(apart)s logits",
        len(stands),
    ) % {"n": len(stands), "apart": apart}
