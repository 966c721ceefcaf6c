from __future__ import annotations

from annotate.consensus.funnel import FunnelRow
from webapp.templatetags.funnel import NARROW, WIDE, draw

ROWS = [
    FunnelRow("all", "All steps", "", 100, 10),
    FunnelRow("tie", "A tie", "ask", 10, 3),
    FunnelRow("unsure", "Unsure", "ask", 0, 0),
    FunnelRow("behind", "After the first error", "drop", 30, 4),
    FunnelRow("agreed", "Agreed", "keep", 60, 9),
]


def test_losses_are_cut_off_from_the_end_and_the_rest_is_kept() -> None:
    every, tie, behind, kept = draw(ROWS, NARROW)
    assert (every.x, every.width) == (0, 360)
    assert (tie.x, tie.x + tie.width) == (324, 360)
    assert behind.x + behind.width == tie.x
    assert (kept.x, kept.x + kept.width) == (0, behind.x)


def test_an_empty_project_draws_nothing() -> None:
    assert draw([], WIDE) == []
    assert draw([FunnelRow("all", "All steps", "", 0, 0)], WIDE)[0].width == 0
