"""``{% load funnel %}``: the way from all steps to the kept ones, as ink on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action

register = template.Library()

WIDTH, ROW, BAR = 880, 34, 14
LEFT, RIGHT = 250, 210


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row where it goes: ``x`` to ``x + width`` is its share of the steps still in the funnel above it."""

    row: FunnelRow
    x: float
    width: float
    y: int

    @property
    def bar_y(self) -> int:
        return self.y - BAR // 2

    @property
    def text_y(self) -> int:
        return self.y + 5

    @property
    def end(self) -> float:
        return self.x + self.width


def draw(rows: Sequence[FunnelRow]) -> list[Drawn]:
    """Place the rows: losses are cut off from the right end of what is left, the kept ones are what remains."""
    if not rows:
        return []
    # Reasons that took nothing away are in the table, not in the picture.
    shown = [rows[0], *(row for row in rows[1:] if row.steps)]
    scale = (WIDTH - LEFT - RIGHT) / max(1, rows[0].steps)
    left_over = rows[0].steps
    kept_so_far = 0
    drawn = []
    for index, row in enumerate(shown):
        if row.action == "":
            start = 0
        elif row.action == Action.KEEP:
            start, kept_so_far = kept_so_far, kept_so_far + row.steps
        else:
            left_over -= row.steps
            start = left_over
        drawn.append(
            Drawn(row, round(LEFT + start * scale, 1), round(row.steps * scale, 1), index * ROW + ROW // 2)
        )
    return drawn


@register.inclusion_tag("parts/funnel.html")
def funnel_picture(rows: Sequence[FunnelRow]) -> dict[str, Any]:
    drawn = draw(rows)
    return {
        "drawn": drawn,
        "rows": rows,
        "n_steps": rows[0].steps if rows else 0,
        "n_kept": sum(row.steps for row in rows if row.action == Action.KEEP),
        "width": WIDTH,
        "height": ROW * len(drawn),
        "bar": BAR,
        "label_x": LEFT - 16,
        "count_x": WIDTH - RIGHT + 70,
        "note_x": WIDTH - RIGHT + 82,
    }
