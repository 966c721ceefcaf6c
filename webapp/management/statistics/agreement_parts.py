"""What ``stats agreement`` found, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from webapp.management.statistics.answer import figure, grid

_TITLES = {
    "krippendorff": "Krippendorff's alpha",
    "percent": "percent agreement",
    "cohen": "Cohen's kappa",
    "scott": "Scott's pi",
    "fleiss": "Fleiss' kappa",
    "conger": "Conger's kappa",
    "gwet": "Gwet's AC",
    "brennan": "Brennan and Prediger",
}
_SHARES = {
    "exact": "the same step, or no error",
    "within_one": "the same or neighbouring steps",
    "one_sided": "one sees an error, the other none",
    "distance": "steps apart, where both see one",
}
_MOST_PAIRS = 50


def parts_of(data: Mapping[str, Any], title: str = "") -> list[Table | str]:
    """Everything for the whole table, then for each criterion."""
    parts = list(_parts(data, title))
    for one in data.get("criteria", ()):
        parts += parts_of(one, f"criterion {one['criterion']}")
    return parts


def _parts(data: Mapping[str, Any], title: str) -> Iterator[Table | str]:
    found = data.get("statistics") or {data["statistic"]: data}
    plain = {name: one for name, one in found.items() if name in _TITLES}
    if plain:
        rows = [_row(name, one) for name, one in plain.items()]
        yield grid(title, ("", "value", "low", "high", "se", "chance", "items", "labels"), rows)
        for name, one in plain.items():
            if one["reason"]:
                yield f"{_TITLES[name]}: {one['reason']}."
    if data["prevalence"]:
        shares = [(str(label), share) for label, share in data["prevalence"].items()]
        yield grid("prevalence", ("label", "share of labels"), shares)
    if "icc" in found:
        yield from _correlations(found["icc"])
    pairs = data.get("pairs") or found.get("pairwise", {}).get("pairs")
    if pairs:
        yield from _pairs(pairs)
    if data.get("depth"):
        yield grid(
            "by depth",
            ("step", "alpha", "low", "high", "percent", "items"),
            [
                (_depth(one), one["alpha"], one["low"], one["high"], one["percent"], one["n_items"])
                for one in data["depth"]
            ],
        )
    if "first_error" in data:
        yield from _first_error(data["first_error"])


def _row(name: str, one: Mapping[str, Any]) -> tuple[object, ...]:
    kind = one.get("level") if name == "krippendorff" else one.get("weighting")
    label = _TITLES[name] + (f", {kind}" if kind and kind != "identity" else "")
    figures = (one["value"], one["low"], one["high"], one.get("se"), one.get("chance"))
    return (label, *figures, one.get("n_items"), one.get("n_labels"))


def _correlations(found: Mapping[str, Any]) -> Iterator[Table | str]:
    if found["reason"]:
        yield f"Intraclass correlations: {found['reason']}."
        return
    rows = [
        (one["form"], one["value"], one["low"], one["high"], one["f"], one["p"]) for one in found["forms"]
    ]
    yield grid("intraclass correlations", ("", "value", "low", "high", "F", "p"), rows)
    for reason in dict.fromkeys(one["reason"] for one in found["forms"] if one["reason"]):
        yield f"Not defined: {reason}."


def _pairs(pairs: list[dict[str, Any]]) -> Iterator[Table | str]:
    rows = [
        (f"{one['first']} × {one['second']}", one["n"], one["agreement"], one["kappa"], one["se"])
        for one in pairs[:_MOST_PAIRS]
    ]
    yield grid("pairs of raters", ("", "items", "agreement", "kappa", "se"), rows)
    if len(pairs) > _MOST_PAIRS:
        yield f"and {len(pairs) - _MOST_PAIRS:,} pairs more; --json has them all."


def _first_error(found: Mapping[str, Any]) -> Iterator[Table | str]:
    rows = [
        (words, found[name]["value"], found[name]["low"], found[name]["high"], found[name]["n_traces"])
        for name, words in _SHARES.items()
    ]
    yield grid("first error of a trace", ("", "value", "low", "high", "traces"), rows)
    yield (
        f"From {figure(found['n_readings'])} readings; {figure(found['n_unknown'])} more left open where the"
        " first error is, and are no 'no error'."
    )


def _depth(one: Mapping[str, Any]) -> str:
    return f"{one['first']}" if one["last"] is not None else f"{one['first']} and deeper"
