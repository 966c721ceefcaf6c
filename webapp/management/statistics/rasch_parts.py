"""What ``stats rasch`` answers, for people: warnings first, then raters by severity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from webapp.management.statistics.answer import figure, grid

_HALF = 12
_MANY = 60
_ODD = 0.05
_COLUMNS = ("severity", "se", "infit", "outfit", "infit z", "labels")


def parts_of(data: Mapping[str, Any]) -> list[Table | str]:
    parts: list[Table | str] = []
    warnings = [*data["structure"]["warnings"]]
    if not data["converged"]:
        warnings.insert(0, f"this is no result, the fit did not arrive: {data['message']}")
    parts += [f"! {warning}" for warning in warnings]
    parts.append(_raters(data["raters"]))
    if data["criteria"]:
        parts.append(_criteria(data["criteria"]))
    if data["thresholds"]:
        parts.append(_thresholds(data["thresholds"]))
    parts += _sentences(data)
    return parts


def _raters(raters: Sequence[Mapping[str, Any]]) -> Table:
    ranked = sorted(raters, key=lambda one: (math.isnan(one["severity"]), -_known(one["severity"])))
    longest = max((abs(_known(one["severity"])) for one in raters), default=0.0)
    rows = [
        (str(one["rater"]), *_cells(one, "severity"), _bar(one["severity"], longest), _note(one))
        for one in ranked[:_MANY]
    ]
    left = len(ranked) - _MANY
    title = (
        f"raters, most severe first ({left:,} more in --json)" if left > 0 else "raters, most severe first"
    )
    return grid(title, ("", *_COLUMNS, "lenient · severe", ""), rows)


def _note(one: Mapping[str, Any]) -> str:
    if one["anchored"]:
        return f"anchored; the labels would move it by {figure(one['displacement'], digits=2)}"
    if one["reason"]:
        return str(one["reason"])
    # Of as many raters as were looked at, hardly one would be so noisy (or so regular) by chance.
    is_odd = one["infit_holm"] < _ODD
    return "" if not is_odd else "noisier than expected" if one["infit"] > 1 else "more regular than expected"


def _criteria(criteria: Sequence[Mapping[str, Any]]) -> Table:
    rows = [(str(one["criterion"]), *_cells(one, "difficulty")) for one in criteria]
    return grid("criteria", ("", "difficulty", *_COLUMNS[1:]), rows)


def _cells(one: Mapping[str, Any], measure: str) -> tuple[object, ...]:
    return (
        figure(one[measure], digits=2),
        figure(one["se"], digits=2),
        figure(one["infit"], digits=2),
        figure(one["outfit"], digits=2),
        figure(one["infit_z"], digits=1),
        one["n"],
    )


def _thresholds(thresholds: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (
            str(one["scale"]),
            f"{one['lower']} → {one['upper']}",
            figure(one["threshold"], digits=2),
            figure(one["se"], digits=2),
        )
        for one in thresholds
    ]
    return grid("steps between levels", ("scale", "step", "threshold", "se"), rows)


def _sentences(data: Mapping[str, Any]) -> list[str]:
    said = [
        f"raters: reliability {figure(data['reliability'], digits=2)}, "
        f"separation {figure(data['separation'], digits=2)} (of differences in severity, not of agreement)",
        f"items: reliability {figure(data['item_reliability'], digits=2)}, "
        f"variance {figure(data['variance'], digits=2)}",
    ]
    said += [
        f"{one['facet']}s{'' if one['population'] is None else ' ' + str(one['population'])}: "
        f"{one['n']:,}, mean {figure(one['mean'], digits=2)}, sd {figure(one['sd'], digits=2)}"
        for one in data["populations"]
    ]
    said.append(
        f"{data['estimator']}, {data['n_labels']:,} labels, deviance {figure(data['deviance'])}; "
        f"{data['message']}; mean squares are {data['fit_statistics']}"
    )
    return said


def _bar(severity: float, longest: float) -> str:
    """Left of the middle lenient, right of it severe."""
    if math.isnan(severity) or longest == 0:
        return ""
    length = round(_HALF * abs(severity) / longest)
    left = ("█" * length).rjust(_HALF) if severity < 0 else " " * _HALF
    right = ("█" * length).ljust(_HALF) if severity > 0 else " " * _HALF
    return f"{left}│{right}"


def _known(measure: float) -> float:
    return 0.0 if math.isnan(measure) else measure
