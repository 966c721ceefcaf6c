"""``{% load scale %}``: how the levels of a question are used, and what more readings would buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django import template
from django.utils.translation import gettext

from annotate.wording import figure

register = template.Library()


@dataclass(frozen=True, slots=True)
class LevelUse:
    """A level of a question: how often it is given, and whether steps that get it stand higher than those below."""

    title: str
    n: int
    share: float
    mean_item: float | None
    threshold: float | None
    is_in_order: bool

    @property
    def width(self) -> str:
        return f"{max(1.0, 120 * self.share):.1f}" if self.n else "0"


@register.filter
def level_uses(question: Mapping[str, Any]) -> list[LevelUse]:
    """The levels of a question, lowest first."""
    total = sum(question["counts"]) or 1
    begins = {one["upper"]: one["measure"] for one in question["thresholds"]}
    found = []
    before: float | None = None
    for place, title in enumerate(question["levels"]):
        mean = question["mean_item"][place]
        is_in_order = mean is None or before is None or mean >= before
        before = mean if mean is not None else before
        n = question["counts"][place]
        found.append(LevelUse(title, n, n / total, mean, begins.get(place), is_in_order))
    return found


SEPARATES_LITTLE = 0.5
"""A question that goes with the steps by less than this share of what questions usually do tells few apart."""


@register.simple_tag
def question_words(question: Mapping[str, Any], questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is odd about a question among the questions, in sentences; empty where nothing is."""
    said = []
    uses = level_uses(question)
    usual = median([one["follows"] for one in questions if one["follows"] is not None] or [0.0])
    if uses and max(use.share for use in uses) >= 0.95:
        said.append(gettext("Nearly every answer is the same, so it tells steps apart hardly at all."))
    elif question["follows"] is not None and question["follows"] < SEPARATES_LITTLE * usual:
        said.append(gettext("Its answers go with the steps much less than those to other questions do."))
    if any(not use.is_in_order for use in uses):
        said.append(
            gettext("A higher level is given to steps that stand lower: its levels are not used in order.")
        )
    begins = [use.threshold for use in uses if use.threshold is not None]
    if begins != sorted(begins):
        said.append(gettext("Some level is nowhere the likeliest answer; fewer levels may do."))
    if question["infit"] is not None and question["infit"] > 1.3 and (question["infit_z"] or 0) > 3:
        said.append(gettext("Answers are noisier than those to other questions."))
    return said


@register.inclusion_tag("measure/overlap.html")
def overlap_picture(overlap: Mapping[str, Any]) -> dict[str, Any]:
    """Reliability of a step's measure by the number of readings."""
    points = [
        (number, round(44 + (number - 1) * 50, 1), round(12 + (1 - reliability) * 150, 1), reliability)
        for number, reliability in enumerate(overlap["at"], start=1)
    ]
    grid = [(figure(f"{share:.1f}"), round(12 + (1 - share) * 150, 1)) for share in (0.0, 0.5, 0.8, 1.0)]
    return {
        "overlap": overlap,
        "points": points,
        "grid": grid,
        "line": "M" + "L".join(f"{x} {y}" for _, x, y, _ in points),
    }
