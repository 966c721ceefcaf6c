"""``{% load risks %}``: the picture of risk against coverage with its slider, and rates, tiers and kinds in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext

from annotate.enums import RaterKind, Tier
from annotate.models import Exploration

from .axes import NARROW, WIDE
from .rates import rate_words, risk_words, share_words
from .risk_picture import draw, mark_of, open_steps, top_of
from .risk_tiles import sentence_of, tiles_of

register = template.Library()
register.filter("rate_words", rate_words)
register.filter("risk_words", risk_words)
register.filter("share_text", share_words)


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
    most = top_of(points, detail["decided"], total)
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
