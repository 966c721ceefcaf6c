"""``{% load funnel %}``: the way from all steps to the kept ones, as ink on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action

register = template.Library()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in the picture, in its own units. ``bar_from`` to ``bar_to`` is all steps."""

    name: str
    width: int
    row: int
    bar: int
    bar_y: int
    bar_from: int
    bar_to: int
    text_y: int
    count_y: int
    label_x: int
    anchor: str
    count_x: int
    note_x: int


WIDE = Layout("wide", 940, 34, 14, 10, 350, 740, 22, 22, 334, "end", 800, 812)
# On a phone the words stand above the bar instead of beside it, and the counts below the words.
NARROW = Layout("narrow", 360, 70, 10, 46, 0, 360, 16, 36, 0, "start", 32, 40)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row where it goes."""

    row: FunnelRow
    x: float
    width: float
    bar_y: int
    text_y: int
    count_y: int


def draw(rows: Sequence[FunnelRow], layout: Layout) -> list[Drawn]:
    """Place the rows: losses are cut off from the right end of what is left, the kept ones are what remains.

    Reasons that took nothing away are in the table, not in the picture.
    """
    if not rows:
        return []
    scale = (layout.bar_to - layout.bar_from) / max(1, rows[0].steps)
    shown = [rows[0], *(row for row in rows[1:] if row.steps)]
    return [
        Drawn(
            row,
            x=round(layout.bar_from + start * scale, 1),
            width=round(row.steps * scale, 1),
            bar_y=index * layout.row + layout.bar_y,
            text_y=index * layout.row + layout.text_y,
            count_y=index * layout.row + layout.count_y,
        )
        for index, (row, start) in enumerate(zip(shown, _starts(shown), strict=True))
    ]


def _starts(rows: Sequence[FunnelRow]) -> list[int]:
    """The step each row's bar begins at."""
    left, kept = rows[0].steps, 0
    starts = [0]
    for row in rows[1:]:
        if row.action == Action.KEEP:
            starts.append(kept)
            kept += row.steps
        else:
            left -= row.steps
            starts.append(left)
    return starts


@register.inclusion_tag("parts/funnel.html")
def funnel_picture(rows: Sequence[FunnelRow], page: str = "") -> dict[str, Any]:
    """``page`` is the address of the decisions that the reasons link to, where it is another than this one."""
    pictures = [(layout, draw(rows, layout)) for layout in (WIDE, NARROW)]
    return {
        "pictures": [(layout, drawn, len(drawn) * layout.row) for layout, drawn in pictures],
        "rows": rows,
        "page": page,
        "n_steps": rows[0].steps if rows else 0,
        "n_kept": sum(row.steps for row in rows if row.action == Action.KEEP),
    }
