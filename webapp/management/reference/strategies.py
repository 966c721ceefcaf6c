"""Every strategy with its settings."""

from __future__ import annotations

import inspect
import sys

from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.strategies import STRATEGIES

from .markdown import code, page, plain, table
from .said import Undescribed, settings_table

LEAD = (
    "What a machine can be asked. A run names a strategy (`--strategy`), where one is needed a "
    "[backend](../backends.md), and settings (`--set KEY=VALUE`, or the form of the page). "
    "[Strategies](../strategies.md) says what each asks, costs and misses."
)


def written() -> str:
    head = ("Strategy", "Speaks as", "Labels", "Needs a model")
    index = table(head, [_line(entry) for entry in STRATEGIES.values()])
    return page(
        "Strategies and their settings", LEAD, index, *(_section(entry) for entry in STRATEGIES.values())
    )


def _line(entry: StrategyEntry) -> tuple[str, ...]:
    anchor = entry.name.replace("/", "")
    return (
        f"[`{entry.name}`](#{anchor})",
        entry.rater_kind,
        code(entry.usual_criterion) + (" of pairs" if entry.task == "pair" else ""),
        "yes" if entry.needs_backend else "no",
    )


def _section(entry: StrategyEntry) -> str:
    if not entry.summary or not entry.title:
        raise Undescribed(f"{entry.name} has no title or no summary")
    module = entry.factory.__module__
    about = plain(inspect.cleandoc(sys.modules[module].__doc__ or "")).partition("\n\n")[0]
    parts = (f"## {entry.name}", f"**{entry.title}.** {entry.summary}", about)
    return "\n\n".join((*(part for part in parts if part), settings_table(entry.settings_class, module)))
