"""What ``stats aggregate`` found, as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from webapp.management.statistics.answer import figure, grid

_MOST_ROWS = 50


def parts_of(data: Mapping[str, Any], title: str = "") -> list[Table | str]:
    """The fit, the score where there is gold, raters from the least accurate on, and the first items."""
    parts: list[Table | str] = [grid(title or data["method"], ("", "value"), _summary(data))]
    parts.append(f"{data['method']}: {data['message']}.")
    if data["repeats"]["has_repeats"]:
        parts.append("Some raters labelled an item more than once: each label counts.")
    elif data["repeats"]["n_left_out"]:
        left = figure(data["repeats"]["n_left_out"])
        parts.append(
            f"Labels of an item by one rater beyond the {data['repeats']['rule']} do not count: {left}."
        )
    if data["accuracy"] is None:
        parts.append(f"No accuracy: {data['reason']}.")
    parts.append(grid("prevalence", ("label", "share of items"), _shares(data["prevalence"])))
    parts += _raters(data["raters"])
    parts += _items(data["items"])
    return parts


def _summary(data: Mapping[str, Any]) -> list[tuple[str, object]]:
    gold = data["gold"]
    return [
        ("items", data["n_items"]),
        ("items without one most probable label", data["n_tied"]),
        ("items without a label that counts", data["n_left_out"]),
        ("converged", "yes" if data["converged"] else "no"),
        ("log-likelihood", data["log_likelihood"]),
        ("items with gold", gold["n"]),
        ("accuracy", data["accuracy"]),
        ("  low", gold["low"]),
        ("  high", gold["high"]),
        ("log-loss", gold["log_loss"]),
        ("Brier score", gold["brier"]),
        ("calibration error", gold["calibration_error"]),
    ]


def _shares(prevalence: Mapping[Any, float]) -> list[tuple[str, float]]:
    return [(str(level), share) for level, share in prevalence.items()]


def _raters(raters: list[dict[str, Any]]) -> list[Table | str]:
    worst = sorted(raters, key=lambda one: (one["accuracy"] is None, one["accuracy"] or 0.0))[:_MOST_ROWS]
    rows = [(str(one["rater"]), one["accuracy"], one["low"], one["high"], f"{one['n']:,g}") for one in worst]
    parts: list[Table | str] = [
        grid("raters, least accurate first", ("rater", "accuracy", "low", "high", "labels"), rows)
    ]
    return parts + _rest(len(raters), "raters")


def _items(items: list[dict[str, Any]]) -> list[Table | str]:
    rows = [(str(one["item"]), _label(one), max(one["posterior"].values())) for one in items[:_MOST_ROWS]]
    return [grid("items", ("item", "label", "probability"), rows), *_rest(len(items), "items")]


def _label(item: Mapping[str, Any]) -> str:
    if item["label"] is None:
        return f"tied: {', '.join(str(level) for level in item['tied'])}"
    return str(item["label"])


def _rest(n: int, what: str) -> list[Table | str]:
    return [f"{figure(n - _MOST_ROWS)} more {what}: see --json."] if n > _MOST_ROWS else []
