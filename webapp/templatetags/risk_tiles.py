"""What a place of the slider says: the finding as a sentence, and its numbers with what is needed to believe them
(no tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext

from annotate.wording import figure

from .figures import duration, grouped
from .rates import rate_words, risk_words, share_words, span_words
from .risk_picture import Point, open_steps


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the chosen risk with what it is, and what is needed to believe it."""

    key: str
    title: str
    value: str
    note: str


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
