"""``{% load risks %}``: risk against coverage as ink on paper, and what each place of the slider says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext, ngettext

from annotate.enums import RaterKind, Tier
from annotate.models import Exploration
from annotate.wording import figure

from .figures import duration, grouped

register = template.Library()

Point = Mapping[str, Any]
# The line is drawn from this share of the steps on: the first few would make the scale.
_FROM = 0.05
_LINE = 17
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


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the chosen risk with what it is, and what is needed to believe it."""

    key: str
    title: str
    value: str
    note: str


def share_words(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """``0.9 %``, with no more digits than the interval supports."""
    if value is None:
        return "–"
    if low is None or high is None or high <= low:
        if 0 < value < 0.00005:
            return f"<\u00a0{figure('0.01')}\u00a0%"
        digits = 0 if not value or value >= 0.0995 else 2 if value < 0.001 else 1
    else:
        digits = min(2, max(0, -math.floor(math.log10((high - low) * 50))))
        # Something wrong is never told as nothing wrong.
        while value and digits < 2 and not float(f"{100 * value:.{digits}f}"):
            digits += 1
    return f"{figure(f'{100 * value:.{digits}f}')}\u00a0%"


def span_words(low: float | None, high: float | None) -> str:
    """``0.6–2.0 %``."""
    if low is None or high is None:
        return ""
    digits = min(2, max(0, -math.floor(math.log10(max((high - low) * 50, 1e-9)))))
    return f"{figure(f'{100 * low:.{digits}f}–{100 * high:.{digits}f}')}\u00a0%"


@register.filter
def rate_words(rate: Mapping[str, Any]) -> str:
    """``0.9 % (0.6–2.0 %)``."""
    if rate["value"] is None:
        return gettext("not known")
    return (
        f"{share_words(rate['value'], rate['low'], rate['high'])} ({span_words(rate['low'], rate['high'])})"
    )


@register.filter
def share_text(value: float | None) -> str:
    return share_words(value)


@register.filter
def risk_words(risk: float) -> str:
    return f"{figure(f'{100 * risk:.3g}')}\u00a0%"


def open_steps(detail: Mapping[str, Any]) -> int:
    """The steps that are to be decided: all but those behind a first error."""
    return int(detail["n_steps"] - detail["n_behind"])


def draw(detail: Mapping[str, Any], frame: Frame, chosen: Point | None) -> Drawn:
    total = max(1, open_steps(detail))
    points = [point for point in detail["line"] if point["kept"]]
    most = _top_of(points, detail["decided"], total)

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


def line_of(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places) if places else ""


def _top_of(points: Sequence[Point], decided: Point, total: int) -> float:
    """The share that the upper end stands for: all lines fit below it, and the intervals of most of the steps."""
    seen = [0.004]
    for one in (*points, decided):
        if one["kept"] >= _FROM * total:
            seen += [value for value in (one["expected"], one["gold"]["value"]) if value is not None]
        if one["kept"] >= 0.5 * total and one["gold"]["high"] is not None:
            seen.append(one["gold"]["high"])
    return nice_top(max(seen))


def nice_top(most: float) -> float:
    """The share at the upper end of an axis that shows this one."""
    return next(nice for nice in _NICE if nice >= min(1.0, most))


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


def sentence_of(detail: Mapping[str, Any], point: Point) -> str:
    """The finding, as the title of the picture."""
    total = open_steps(detail)
    said = {
        "kept": share_words(point["kept"] / total if total else None),
        "wrong": rate_words(point["gold"]),
        "expected": share_words(point["expected"]),
        "risk": "" if point["risk"] is None else risk_words(point["risk"]),
    }
    if point["risk"] is None:
        if point["gold"]["value"] is None:
            return gettext("%(kept)s of the steps are kept; no gold says how many are wrong") % said
        return gettext("%(kept)s of the steps are kept; by gold %(wrong)s of them are wrong") % said
    if point["gold"]["value"] is not None:
        return (
            gettext("Up to a risk of %(risk)s, %(kept)s of the steps are kept; by gold %(wrong)s are wrong")
            % said
        )
    if point["expected"] is not None:
        return (
            gettext(
                "Up to a risk of %(risk)s, %(kept)s of the steps are kept; the policy expects %(expected)s wrong"
            )
            % said
        )
    return gettext("Up to a risk of %(risk)s, %(kept)s of the steps are kept") % said


def tiles_of(detail: Mapping[str, Any], point: Point) -> list[Tile]:
    return [
        _kept_tile(detail, point),
        _expected_tile(point),
        _gold_tile(point),
        _first_tile(point),
        _asked_tile(detail, point),
        *_cost_tiles(detail["costs"], point["kept"]),
    ]


def _kept_tile(detail: Mapping[str, Any], point: Point) -> Tile:
    total = open_steps(detail)
    note = gettext("%(n)s of %(total)s steps") % {"n": grouped(point["kept"]), "total": grouped(total)}
    return Tile("kept", gettext("Kept"), share_words(point["kept"] / total if total else None), note)


def _expected_tile(point: Point) -> Tile:
    note = (
        gettext("by the policy’s own risks")
        if point["expected"] is not None
        else gettext("it gives no risks")
    )
    return Tile("expected", gettext("Expected wrong"), share_words(point["expected"]), note)


def _gold_tile(point: Point) -> Tile:
    gold = point["gold"]
    if gold["value"] is None:
        known = point["risk"] is None or not point["kept_without_level"]
        note = (
            gettext("no kept step has a gold key")
            if known
            else gettext("levels beyond its own risk are not stored")
        )
        return Tile("gold", gettext("Wrong by gold"), "–", note)
    note = gettext("%(span)s, %(n)s steps") % {
        "span": span_words(gold["low"], gold["high"]),
        "n": grouped(gold["n"]),
    }
    return Tile("gold", gettext("Wrong by gold"), share_words(gold["value"], gold["low"], gold["high"]), note)


def _first_tile(point: Point) -> Tile:
    first, title = point["first"], gettext("First errors kept")
    if first["value"] is None:
        note = ngettext("%(n)s step kept as bad", "%(n)s steps kept as bad", point["bad"])
        return Tile("first", title, "–", note % {"n": grouped(point["bad"])})
    note = gettext("%(k)s of %(n)s by gold (%(span)s)") % {
        "k": grouped(first["k"]),
        "n": grouped(first["n"]),
        "span": span_words(first["low"], first["high"]),
    }
    return Tile("first", title, share_words(first["value"], first["low"], first["high"]), note)


def _asked_tile(detail: Mapping[str, Any], point: Point) -> Tile:
    note = ngettext("step in %(traces)s traces", "steps in %(traces)s traces", point["asked"])
    note %= {"traces": grouped(point["asked_traces"])}
    pace = detail["costs"]["pace"]
    if pace and point["asked"]:
        note += gettext(", about %(time)s") % {"time": duration(point["asked"] * pace)}
    return Tile("asked", gettext("Left to people"), grouped(point["asked"]), note)


def _cost_tiles(costs: Mapping[str, Any], kept: int) -> list[Tile]:
    def each(amount: float) -> str:
        if not kept:
            return "–"
        return grouped(round(amount / kept)) if amount / kept >= 10 else figure(f"{amount / kept:.1f}")

    total = {"n": grouped(costs["tokens"])}
    spent = {"time": duration(costs["seconds"])}
    return [
        Tile(
            "tokens",
            gettext("Tokens a kept step"),
            each(costs["tokens"]) if costs["tokens"] else "–",
            gettext("%(n)s so far") % total if costs["tokens"] else gettext("no run has used any"),
        ),
        Tile(
            "seconds",
            gettext("Seconds a kept step"),
            each(costs["seconds"]) if costs["seconds"] else "–",
            gettext("of people; %(time)s so far") % spent
            if costs["seconds"]
            else gettext("nobody’s time is known"),
        ),
    ]


def ticks_of(most: float, frame: Frame) -> list[tuple[str, float]]:
    parts = _NICE[most]
    return [
        (risk_words(most * part / parts), frame.y(most * part / parts, most)) for part in range(parts + 1)
    ]


@register.inclusion_tag("consensus/risk_figure.html")
def risk_figure(exploration: Exploration, place: int | None) -> dict[str, Any]:
    """The picture, the slider and its numbers; ``place`` None where the policy gives no risks."""
    detail = exploration.detail
    curve = detail["curve"]
    point = detail["decided"] if place is None else curve[place]
    return {
        "exploration": exploration,
        "detail": detail,
        "pictures": [draw(detail, frame, None if place is None else point) for frame in (WIDE, NARROW)],
        "place": place,
        "last": len(curve) - 1,
        "point": point,
        "title": sentence_of(detail, point),
        "tiles": tiles_of(detail, point),
        "rows": [(one, sentence_of(detail, one)) for one in curve],
        "total": open_steps(detail),
    }


def live_places(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the script needs for every place of the slider, in the page's language; empty without risks."""
    curve, total = detail["curve"], max(1, open_steps(detail))
    points = [point for point in detail["line"] if point["kept"]]
    most = _top_of(points, detail["decided"], total)
    return [
        {
            "risk": f"{point['risk']:g}",
            "shown": risk_words(point["risk"]),
            "title": sentence_of(detail, point),
            "tiles": {tile.key: [tile.value, tile.note] for tile in tiles_of(detail, point)},
            "marks": {
                frame.name: [mark.x, mark.expected, mark.gold, mark.low, mark.high]
                for frame in (WIDE, NARROW)
                for mark in [mark_of(point, total, most, frame)]
            },
        }
        for point in curve
    ]


@register.filter
def tier_words(tier: str) -> str:
    return str(Tier(tier).label)


@register.filter
def several(kind: str) -> str:
    """What several raters of a kind are called together."""
    words = {
        RaterKind.PERSON: gettext("People"),
        RaterKind.JUDGE: gettext("Judges"),
        RaterKind.VERIFIER: gettext("Verifiers"),
        RaterKind.ROLLOUT: gettext("Rollouts"),
        RaterKind.PROBE: gettext("Probes"),
        RaterKind.REVIEW: gettext("Reviewers"),
        RaterKind.GOLD: gettext("Gold"),
    }
    return words[RaterKind(kind)]
