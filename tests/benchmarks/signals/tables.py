"""Plain tables, in the form that a Markdown page shows as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fixtures.tinylm.intervals import Figure


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    lines = [list(head), ["-" * width for width in widths], *cells]
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in lines
    )


def ranged(figure: Figure) -> str:
    """``.83 (.79–.86)``."""
    return f"{_short(figure.value)} ({_short(figure.low)}–{_short(figure.high)})"


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 1 else f"{value:.2f}"
