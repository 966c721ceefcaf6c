"""``stats agreement``: how far raters agree beyond chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser

from annotate.errors import Rejected
from annotate.stats.agreement import krippendorff_alpha, percent_agreement
from annotate.stats.brennan import brennan_prediger
from annotate.stats.chance import ChanceResult
from annotate.stats.cohen import cohen_kappa
from annotate.stats.conger import conger_kappa
from annotate.stats.first_error import first_error_agreement
from annotate.stats.fleiss import fleiss_kappa
from annotate.stats.gwet import gwet_ac
from annotate.stats.icc import intraclass_correlations
from annotate.stats.pairwise import pairwise_agreement
from annotate.stats.scott import scott_pi
from annotate.stats.table import LongTable
from annotate.stats.weighting import Spacing
from webapp.management.statistics.agreement_parts import parts_of
from webapp.management.statistics.along_traces import (
    along_the_trace,
    asks_one_thing,
    check_wrong,
    given_places,
)
from webapp.management.statistics.answer import Answer
from webapp.management.statistics.columns import Columns
from webapp.management.statistics.labels import (
    add_label_arguments,
    add_trace_argument,
    columns_of,
    names_of,
    refuse_words,
    table_of,
)

NAME = "agreement"
HELP = "How far raters agree beyond chance, with intervals."

# Chance-corrected coefficients of any number of raters, and those of two.
_OF_MANY: dict[str, Callable[..., ChanceResult]] = {
    "fleiss": fleiss_kappa,
    "conger": conger_kappa,
    "gwet": gwet_ac,
    "brennan": brennan_prediger,
}
_OF_TWO: dict[str, Callable[..., ChanceResult]] = {"cohen": cohen_kappa, "scott": scott_pi}
STATISTICS = ("krippendorff", "percent", *_OF_TWO, *_OF_MANY, "icc", "pairwise")


def add_arguments(parser: CommandParser) -> None:
    add_label_arguments(parser)
    add_trace_argument(parser)
    parser.add_argument(
        "--level",
        choices=("nominal", "ordinal", "interval", "ratio"),
        default="nominal",
        help="of measurement, for alpha (default: nominal)",
    )
    parser.add_argument(
        "--statistic",
        default="krippendorff",
        metavar="NAMES",
        help=f"{', '.join(STATISTICS)}, several with commas, or all (default: krippendorff)",
    )
    parser.add_argument(
        "--weights",
        choices=("identity", "linear", "quadratic", "ordinal"),
        default="identity",
        help="credit of the kappas for near labels (default: identity, none)",
    )
    parser.add_argument(
        "--spacing",
        choices=("places", "numbers"),
        help="what linear and quadratic weights measure (default: numbers if --level is interval or ratio)",
    )
    parser.add_argument(
        "--position", metavar="COLUMN", help="place of the item in its trace: agreement by depth"
    )
    parser.add_argument(
        "--wrong", metavar="A,B", help="labels that are errors: agreement on the first of a trace"
    )
    parser.add_argument(
        "--first-error", action="store_true", help="labels are places of the first error: 0 on, -1 for none"
    )
    parser.add_argument(
        "--resamples", type=int, default=1000, help="of the bootstrap (default: 1000; 0: none)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")
    parser.add_argument("--coverage", type=float, default=0.95, help="of the intervals (default: 0.95)")


def run(options: Mapping[str, Any]) -> Answer:
    chosen = _chosen(options["statistic"])
    if options["wrong"] and not (options["trace"] and options["position"]):
        raise CommandError("--wrong: the first error of a trace needs --trace and --position as well")
    if options["resamples"] < 0:
        raise CommandError("--resamples: must not be negative")
    if not 0 < options["coverage"] < 1:
        raise CommandError("--coverage: must lie between 0 and 1")
    columns = columns_of(options, options["position"])
    if options["wrong"]:
        check_wrong(columns, options)
    data = _figures(columns, options, chosen)
    if options["criterion"]:
        names = list(dict.fromkeys(columns.cells[options["criterion"]]))
        data["criteria"] = [
            {"criterion": name} | _figures(columns.where(options["criterion"], name), options, chosen)
            for name in names
        ]
    return Answer(data, parts_of(data))


def _chosen(given: str) -> tuple[str, ...]:
    names = STATISTICS if given == "all" else tuple(name.strip() for name in given.split(","))
    for name in names:
        if name not in STATISTICS:
            raise CommandError(f"--statistic: {name!r} is none of {', '.join(STATISTICS)}, all")
    return tuple(dict.fromkeys(names))


def _figures(columns: Columns, options: Mapping[str, Any], chosen: tuple[str, ...]) -> dict[str, Any]:
    """One statistic is the object itself; several stand in it by name, with alpha as the first."""
    table = table_of(columns, options)
    if "krippendorff" in chosen and options["level"] != "nominal":
        refuse_words(columns, options, table)
    drawn = {"resamples": options["resamples"], "seed": options["seed"], "level": options["coverage"]}
    with columns.named(names_of(options)):
        found = {name: _statistic(name, table, options, drawn) for name in chosen}
        data: dict[str, Any] = dict(found["krippendorff" if "krippendorff" in found else chosen[0]])
        if len(found) > 1:
            data["statistics"] = found
        if "cohen" in found and _n_raters(table) > 2:
            data["pairs"] = _pairs(table, options)["pairs"]
        share = np.bincount(table.value.codes, minlength=len(table.value.vocab)) / max(len(table), 1)
        data["prevalence"] = dict(zip(table.value.vocab, share.tolist(), strict=True))
        if options["first_error"] and asks_one_thing(table):
            data["first_error"] = asdict(
                first_error_agreement(given_places(columns, table, options), **drawn)
            )
        if options["position"]:
            data |= along_the_trace(columns, table, options, drawn)
    return data


def _statistic(
    name: str, table: LongTable, options: Mapping[str, Any], drawn: Mapping[str, Any]
) -> dict[str, Any]:
    if name == "krippendorff":
        alpha = asdict(krippendorff_alpha(table, options["level"], **drawn))
        return _named(name, "alpha", alpha) | {"level": options["level"], "coverage": alpha["level"]}
    if name == "percent":
        percent = asdict(percent_agreement(table, **drawn))
        return _named(name, "percent", percent) | {"coverage": percent["level"]}
    if name == "icc":
        return {"statistic": name} | _correlations(table, drawn["level"])
    if name == "pairwise":
        return {"statistic": name} | _pairs(table, options)
    weights = {"weighting": options["weights"], "spacing": _spacing(options)}
    if name in _OF_TWO and _n_raters(table) != 2:
        reason = f"{name} compares two raters, and there are {_n_raters(table)}: see the pairs"
        return {"statistic": name, name: None, "value": None, "low": None, "high": None, "reason": reason}
    result = asdict((_OF_MANY | _OF_TWO)[name](table, **weights, **drawn))
    return _named(name, name, result) | {"coverage": result["level"]}


def _named(name: str, key: str, result: dict[str, Any]) -> dict[str, Any]:
    """The value under its own name first, as in {"alpha": 0.7, "low": 0.6, "high": 0.8}."""
    order = {key: result["value"], "low": result["low"], "high": result["high"], "statistic": name}
    kept = {field: value for field, value in result.items() if field not in ("level", "name", "metric")}
    return order | kept | {key: result["value"]}


def _correlations(table: LongTable, level: float) -> dict[str, Any]:
    try:
        found = intraclass_correlations(table, level=level)
    except Rejected as error:
        # Words have no intraclass correlation; the other statistics may still be wanted.
        return {"value": None, "reason": str(error), "forms": []}
    return {"value": found["ICC1"].value, "reason": None, "forms": [asdict(one) for one in found.values()]}


def _pairs(table: LongTable, options: Mapping[str, Any]) -> dict[str, Any]:
    found = pairwise_agreement(table, options["weights"], spacing=_spacing(options))
    columns = (found.first, found.second, found.n, found.agreement, found.kappa, found.se)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {
        "pairs": [
            {
                "first": found.raters[first],
                "second": found.raters[second],
                "n": n,
                "agreement": agreement,
                "kappa": kappa,
                "se": se,
            }
            for first, second, n, agreement, kappa, se in rows
        ]
    }


def _n_raters(table: LongTable) -> int:
    return int(np.count_nonzero(table.by("rater").size))


def _spacing(options: Mapping[str, Any]) -> Spacing:
    given: Spacing | None = options["spacing"]
    return given or ("numbers" if options["level"] in ("interval", "ratio") else "places")
