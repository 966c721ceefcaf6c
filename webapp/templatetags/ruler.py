"""``{% load ruler %}``: a rater's numbers and flags in words, and the small pictures beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from annotate.measure.ruler.queries import Then
from annotate.models import Intervention, Measure
from annotate.wording import figure, mid, percent

from .figures import digits_for

register = template.Library()

# What stands over a column, and what it means in one sentence.
TERMS = {
    "severity": (
        gettext_lazy("Severity"),
        gettext_lazy(
            "How much lower this rater answers than others would about the same steps, in logits; 0 is the mean of"
            " all raters, and a severer rater stands higher."
        ),
    ),
    "by": (
        gettext_lazy("In levels"),
        gettext_lazy(
            "How many levels higher (+) or lower (−) its answers to the same steps would be than the other raters'."
        ),
    ),
    "infit": (
        gettext_lazy("Infit"),
        gettext_lazy(
            "How scattered the answers are beside what the model expects: 1 is as expected, more is noisier, less is"
            " tamer. Weighted towards steps on which answers could differ. Ours is averaged over what is uncertain."
        ),
    ),
    "outfit": (
        gettext_lazy("Outfit"),
        gettext_lazy("The same without weights: single answers far off the expected count for more."),
    ),
    "agreement": (
        gettext_lazy("As the others"),
        gettext_lazy(
            "How often the rater says what a reviewer decided, or else what most of the others say; evenly divided"
            " steps are left out."
        ),
    ),
    "gold": (
        gettext_lazy("Right against gold"),
        gettext_lazy("How often the rater gives the gold answer where one is known."),
    ),
    "seconds": (
        gettext_lazy("Seconds a step"),
        gettext_lazy("Median over the submitted readings."),
    ),
    "drift": (
        gettext_lazy("Over time"),
        gettext_lazy(
            "Severity over the rater's labels in stretches of equal number, smoothed: above the line it was stricter"
            " than it is on the whole, below it milder."
        ),
    ),
    "n": (gettext_lazy("Labels"), gettext_lazy("Ratings that count, without “unsure”.")),
    "difficulty": (
        gettext_lazy("Difficulty"),
        gettext_lazy("How much lower the question is answered than others about the same steps, in logits."),
    ),
    "follows": (
        gettext_lazy("Follows the steps"),
        gettext_lazy(
            "Correlation of the answers with where the steps stand: near 0 the question measures something else than"
            " the others, or nothing."
        ),
    ),
    "reliability": (
        gettext_lazy("Reliability"),
        gettext_lazy(
            "The share of the differences between measures that is no error: 0.5 tells two groups apart, 0.8 three to"
            " four."
        ),
    ),
}
_DEEDS = {
    "pause": gettext_lazy("Paused"),
    "resume": gettext_lazy("Let go on"),
    "requalify": gettext_lazy("Asked to take the exam anew"),
    "exclude": gettext_lazy("Left out of consensus"),
    "include": gettext_lazy("Counted in consensus again"),
    "message": gettext_lazy("Wrote to them"),
}
_BIAS = {
    "position": gettext_lazy("Place in the trace"),
    "length": gettext_lazy("Length of the step"),
    "model": gettext_lazy("Source model"),
}
_GROUPS = {
    "first third": gettext_lazy("first third"),
    "middle third": gettext_lazy("middle third"),
    "last third": gettext_lazy("last third"),
    "short": gettext_lazy("short"),
    "middling": gettext_lazy("middling"),
    "long": gettext_lazy("long"),
}
_WIDTH = 120
_HISTORY_WIDTH, _HISTORY_HEIGHT = 560, 130


@register.inclusion_tag("measure/term.html")
def term(name: str) -> dict[str, Any]:
    """A column's name that opens its sentence."""
    title, sentence = TERMS[name]
    return {"title": title, "sentence": sentence}


@register.filter
def logits(measure: Measure) -> str:
    """``0.42 (0.18–0.66)`` with its sign; the reason where there is none."""
    if measure.severity is None:
        return gettext(measure.reason)
    if measure.low is None or measure.high is None:
        return signed(measure.severity)
    digits = digits_for(measure.low, measure.high)
    low, high = (number(end, digits) for end in (measure.low, measure.high))
    return gettext("%(value)s (%(low)s to %(high)s)") % {
        "value": number(measure.severity, digits),
        "low": low,
        "high": high,
    }


def number(value: float, digits: int) -> str:
    shown = figure(f"{abs(value):.{digits}f}")
    return f"−{shown}" if value < 0 and float(f"{value:.{digits}f}") != 0 else shown


@register.filter
def signed(value: float | None) -> str:
    """Two decimals with the sign before them, a plus included."""
    if value is None:
        return "–"
    rounded = round(value, 2)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return sign + figure(f"{abs(rounded):.2f}")


@register.filter
def square(value: float | None) -> str:
    """A mean square with two decimals; a dash where it is undefined."""
    return "–" if value is None else figure(f"{value:.2f}")


@register.filter
def rate(found: dict[str, Any] | None) -> str:
    """``0.82 (0.74–0.88), 120``; a dash where nothing is known."""
    if not found or found.get("value") is None:
        return "–"
    if found["low"] is None or found["high"] is None:
        return number(found["value"], 2)
    digits = min(2, digits_for(found["low"], found["high"]))
    shown = figure(f"{found['value']:.{digits}f}")
    span = figure(f"({found['low']:.{digits}f}–{found['high']:.{digits}f})")
    return f"{shown} {span}"


@register.filter
def is_outside(value: float | None, band: Sequence[float] | None) -> bool:
    return value is not None and band is not None and not band[0] <= value <= band[1]


@register.filter
def band_words(band: Sequence[float] | None) -> str:
    if not band:
        return ""
    low, high = (figure(f"{end:.2f}") for end in band)
    return gettext("expected %(low)s to %(high)s") % {"low": low, "high": high}


@register.filter
def flag_words(flag: dict[str, Any]) -> str:
    """A flag as a sentence without its full stop."""
    said = {
        "few": gettext("Not enough overlap to say"),
        "fine": gettext("Nothing stands out"),
        "stricter": gettext("Stricter than most by %(by)s%(how)s"),
        "milder": gettext("Milder than most by %(by)s%(how)s"),
        "erratic": gettext("Answers more at odds with the steps than others"),
        "predictable": gettext("More predictable than people are"),
        "one_category": gettext("Gives the same answer %(share)s of the time"),
        "halo": gettext("Answers about a step are alike whatever is asked"),
        "stricter_on": gettext("Stricter on %(question)s by %(by)s"),
        "milder_on": gettext("Milder on %(question)s by %(by)s"),
        "became_stricter": gettext("Has become stricter by %(by)s"),
        "became_milder": gettext("Has become milder by %(by)s"),
        "random": gettext("Answers look random on %(question)s")
        if "question" in flag
        else gettext("Answers look random"),
    }[flag["code"]]
    how = {
        "consistent": gettext(", consistent"),
        "erratic": gettext(", but erratic"),
        "predictable": gettext(", predictably"),
    }.get(flag.get("how", ""), "")
    return said % {
        "question": mid(flag.get("question", "")),
        "share": percent(flag.get("by", 0.0)),
        "by": levels(flag.get("by", 0.0)),
        "how": how,
    }


@register.filter
def levels(amount: float) -> str:
    """``half a level``, ``1.2 levels``: as people say it."""
    if 0.42 <= amount <= 0.58:
        return gettext("half a level")
    if 0.2 <= amount <= 0.3:
        return gettext("a quarter of a level")
    shown = f"{amount:.1f}".removesuffix(".0") if amount >= 0.1 else f"{amount:.2f}"
    said = ngettext("%(shown)s level", "%(shown)s levels", 1 if shown == "1" else 2)
    return said % {"shown": figure(shown)}


@register.filter
def is_alarming(flag: dict[str, Any]) -> bool:
    return flag["code"] in ("random", "one_category", "erratic")


@register.filter
def warning_words(warning: dict[str, Any]) -> str:
    """What to know before reading a number, as a sentence."""
    code = warning["code"]
    if code == "apart":
        if "rater" in warning["facets"] and "item" in warning["facets"]:
            return gettext(
                "Raters fall into %(n)s groups that share no step. Nobody can be compared across them; give some"
                " traces to people of both."
            ) % {"n": warning["n"]}
        return gettext(
            "Some questions are asked about other steps, or of other raters, than the rest (%(n)s groups):"
            " comparing across them rests on assumptions."
        ) % {"n": warning["n"]}
    if code == "unused":
        return gettext("Nobody gives “%(level)s” on %(question)s.") % {
            "level": warning["level"],
            "question": mid(warning["question"]),
        }
    if code == "few_labels":
        return ngettext(
            "%(n)d rater has fewer than 10 labels.", "%(n)d raters have fewer than 10 labels.", warning["n"]
        ) % {"n": warning["n"]}
    return gettext("The fit did not settle (%(message)s): take the numbers as rough.") % warning


@register.filter
def deed_words(one: Intervention) -> str:
    return str(_DEEDS[one.deed])


@register.filter
def bias_title(name: str) -> str:
    return str(_BIAS.get(name, name))


@register.filter
def group_words(name: str) -> str:
    return str(_GROUPS.get(name, name))


@register.simple_tag
def logit_whisker(measure: Measure, low: float, high: float) -> SafeString:
    """The measure as a dot with its interval between two ends of the scale, 0 marked."""
    if measure.severity is None or measure.low is None or measure.high is None:
        return SafeString("")
    return _whisker(measure.severity, measure.low, measure.high, low, high)


@register.simple_tag
def shift_whisker(cell: dict[str, Any]) -> SafeString:
    """A shift in levels with its interval, from one level lower to one higher."""
    error = 1.96 * cell["se"]
    return _whisker(cell["shift"], cell["shift"] - error, cell["shift"] + error, -1.0, 1.0)


def _whisker(value: float, low: float, high: float, left: float, right: float) -> SafeString:
    def x(place: float) -> float:
        inside = min(max(place, left), right)
        return round(_WIDTH * (inside - left) / (right - left), 1)

    return format_html(
        '<svg class="whisker" viewBox="-4 0 128 16" aria-hidden="true"><path class="whisker-axis" d="M0 8H120"/>'
        '<path class="whisker-zero" d="M{} 3V13"/><path class="whisker-range" d="M{} 8H{}"/>'
        '<circle cx="{}" cy="8" r="3.5"/></svg>',
        x(0.0),
        x(low),
        x(high),
        x(value),
    )


@register.simple_tag
def sparkline(measure: Measure) -> SafeString:
    """Smoothed severity over time, half a logit either way of the rater's own; in numbers for who cannot see it."""
    windows = [one for one in measure.detail.get("drift", []) if one.get("smooth") is not None]
    if len(windows) < 2 or measure.severity is None:
        return SafeString("–")
    step = 84 / (len(windows) - 1)
    away = [one["smooth"] - measure.severity for one in windows]
    points = [
        (round(3 + i * step, 1), round(11 - 9 * min(1.0, max(-1.0, 2 * one)), 1))
        for i, one in enumerate(away)
    ]
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    return format_html(
        '<svg class="spark" viewBox="0 0 90 22" role="img" aria-label="{}"><path class="spark-zero" d="M0 11H90"/>'
        '<path class="spark-line" d="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        ", ".join(signed(one) for one in away),
        path,
        *points[-1],
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A measure at its place in a history. ``d`` is its interval as a path."""

    x: float
    y: float
    d: str
    text: str


@register.inclusion_tag("measure/history.html")
def history_picture(history: Sequence[Then]) -> dict[str, Any]:
    """A rater's severity on ruler after ruler, the oldest left; rulers without a measure leave a gap."""
    known = [
        (place, one)
        for place, one in enumerate(history)
        if one.measure.low is not None and one.measure.high is not None
    ]
    if len(known) < 2:
        return {"history": history, "points": []}
    ends = [end for _, one in known for end in (one.measure.low, one.measure.high) if end is not None]
    low, high = min(-0.5, *ends), max(0.5, *ends)
    step = _HISTORY_WIDTH / max(1, len(history) - 1)

    def y(logit: float) -> float:
        return round(12 + (high - logit) / (high - low) * _HISTORY_HEIGHT, 1)

    points = []
    for place, one in known:
        assert one.measure.severity is not None
        assert one.measure.low is not None
        assert one.measure.high is not None
        x = round(44 + place * step, 1)
        d = f"M{x} {y(one.measure.low)}V{y(one.measure.high)}"
        points.append(Point(x, y(one.measure.severity), d, one.version))
    return {
        "history": history,
        "points": points,
        "line": "M" + "L".join(f"{one.x} {one.y}" for one in points),
        "grid": [(number(logit, 1), y(logit)) for logit in dict.fromkeys((low, 0.0, high))],
        "foot": 12 + _HISTORY_HEIGHT + 22,
    }


@register.filter
def crossed(
    counts: Sequence[Sequence[int]], titles: Sequence[str]
) -> list[tuple[str, list[tuple[int, bool]]]]:
    """A confusion table by rows, each with its title and, for every cell, whether both say the same."""
    return [
        (title, [(n, given == known) for known, n in enumerate(row)])
        for given, (title, row) in enumerate(zip(titles, counts, strict=False))
    ]


@register.filter
def at(table: Mapping[Any, Any], key: Any) -> Any:
    return table.get(key, ())
