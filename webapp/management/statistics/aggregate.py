"""``stats aggregate``: one answer per item from the labels of several raters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.confusion import Rate, RaterVerdict, rater_verdicts
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.registry import METHODS
from annotate.stats.aggregate.scoring import GoldScore, against_gold
from annotate.stats.table import LongTable
from webapp.management.statistics.aggregate_parts import parts_of
from webapp.management.statistics.answer import Answer
from webapp.management.statistics.columns import Columns
from webapp.management.statistics.gold import Answers, as_levels, read_answers, read_rater_weights
from webapp.management.statistics.labels import add_label_arguments, columns_of, names_of, table_of

NAME = "aggregate"
HELP = "One answer per item from the labels of several raters."

# Which options each method has, beside --known.
_SMOOTHED = ("smoothing", "diagonal", "tol", "max_iter")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "majority": (),
    "weighted": ("rater_weights",),
    "dawid_skene": _SMOOTHED,
    "one_coin": _SMOOTHED,
    "hierarchical": ("tol", "max_iter"),
    "glad": ("tol", "max_iter"),
    "mace": ("tol", "max_iter", "restarts", "seed"),
    "mfrm": ("tol", "max_iter"),
}
_FLAGS = {name: f"--{name.replace('_', '-')}" for names in _OPTIONS.values() for name in names}


def add_arguments(parser: CommandParser) -> None:
    add_label_arguments(parser, repeats="auto")
    parser.add_argument(
        "--method", choices=tuple(METHODS), default="dawid_skene", help="(default: dawid_skene)"
    )
    parser.add_argument(
        "--gold", metavar="FILE", help="right answers to score against: the item's column and the label's"
    )
    parser.add_argument("--known", metavar="FILE", help="right answers to fit with; these are not scored")
    parser.add_argument(
        "--smoothing",
        type=float,
        help="pseudo-labels per cell of a confusion matrix; 0: none (default: 0.1, and 0.5 more on the diagonal)",
    )
    parser.add_argument("--diagonal", type=float, help="further pseudo-labels on the diagonal")
    parser.add_argument("--rater-weights", metavar="FILE", help="the rater's column and one called weight")
    parser.add_argument("--tol", type=float, help="stop when an iteration gains less (default: 1e-9)")
    parser.add_argument("--max-iter", type=int, help="iterations at most (default: 10000)")
    parser.add_argument("--restarts", type=int, help="random beginnings of mace (default: 10)")
    parser.add_argument("--seed", type=int, help="of the random beginnings (default: 0)")
    parser.add_argument("--coverage", type=float, default=0.95, help="of the intervals (default: 0.95)")


def run(options: Mapping[str, Any]) -> Answer:
    chosen = _chosen(options)
    columns = columns_of(options)
    gold = read_answers(options["gold"], options) if options["gold"] else None
    known = read_answers(options["known"], options) if options["known"] else None
    if not options["criterion"]:
        data = _figures(columns, options, chosen, _of(gold), _of(known))
        return Answer(data, parts_of(data))
    names = list(dict.fromkeys(columns.cells[options["criterion"]]))
    parts = [
        {"criterion": name}
        | _figures(
            columns.where(options["criterion"], name), options, chosen, _of(gold, name), _of(known, name)
        )
        for name in names
    ]
    data = _together(parts)
    return Answer(data, [line for one in parts for line in parts_of(one, f"criterion {one['criterion']}")])


def _chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the method that were given; an error for one that it does not have."""
    method = options["method"]
    given = {name: options[name] for name in _FLAGS if options[name] is not None}
    for name in given:
        if name not in _OPTIONS[method]:
            raise CommandError(f"{_FLAGS[name]}: {method} has no such option")
    if method == "weighted":
        if "rater_weights" not in given:
            raise CommandError("--rater-weights: weighted needs the weights of the raters")
        given["rater_weights"] = read_rater_weights(given["rater_weights"], options)
    return given


def _of(answers: Answers | None, criterion: str = "") -> dict[str, str] | None:
    """The answers of one criterion; those of a file without criteria belong to each."""
    return None if answers is None else answers.get(criterion, answers.get("", {}))


def _figures(
    columns: Columns,
    options: Mapping[str, Any],
    chosen: Mapping[str, Any],
    gold: Mapping[str, str] | None,
    known: Mapping[str, str] | None,
) -> dict[str, Any]:
    table, repeats = _table(columns, {**options, "criterion": None})
    try:
        with columns.named(names_of(options)):
            fit = METHODS[options["method"]](table, known=as_levels(known or {}, table.value.vocab), **chosen)
    except NotEstimable as error:
        raise CommandError(f"{columns.source}: {error}") from error
    except Rejected as error:
        flag = _FLAGS.get(error.field or "", "--known" if error.field == "known" else "")
        raise CommandError(f"{flag}: {error.reason}" if flag else str(error)) from error
    (score,) = against_gold([fit], as_levels(gold or {}, fit.levels), level=options["coverage"])
    said = {"rule": repeats, "has_repeats": table.has_repeats, "n_left_out": table.n_repeated}
    return _data(fit, score, options["coverage"], said)


def _table(columns: Columns, options: Mapping[str, Any]) -> tuple[LongTable, str]:
    """The labels, and the rule for repeats that made them.

    Left to itself, a second label is a further reading where somebody planned it, and a slip where nobody did.
    """
    rule = options["repeats"]
    if rule != "auto":
        return table_of(columns, options), rule
    table = table_of(columns, {**options, "repeats": "keep"})
    if not table.has_repeats or _is_planned(table):
        return table, "keep"
    return table_of(columns, {**options, "repeats": "first"}), "first"


def _is_planned(table: LongTable) -> bool:
    """Whether every rater read each of their items equally often, and who repeats has more than one item."""
    n_raters = len(table.rater.vocab)
    pair, times = np.unique(table.item.codes * n_raters + table.rater.codes, return_counts=True)
    most, least, items = np.zeros(n_raters), np.full(n_raters, np.inf), np.bincount(pair % n_raters)
    np.maximum.at(most, pair % n_raters, times)
    np.minimum.at(least, pair % n_raters, times)
    repeats = np.flatnonzero(most > 1)
    return bool((most[repeats] == least[repeats]).all() and (items[repeats] > 1).all())


def _data(fit: AggregateFit, score: GoldScore, coverage: float, repeats: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "converged": fit.converged,
        "log_likelihood": fit.log_likelihood,
        "accuracy": score.accuracy,
        "reason": score.reason,
        "method": fit.method,
        "message": fit.message,
        "n_iter": fit.n_iter,
        "n_items": len(fit.units),
        "n_tied": fit.n_tied,
        "n_left_out": fit.n_left_out,
        "repeats": repeats,
        "gold": {
            "n": score.n,
            "n_not_labelled": score.n_not_labelled,
            "n_tied": score.n_tied,
            "low": score.low,
            "high": score.high,
            "log_loss": score.log_loss,
            "n_impossible": score.n_impossible,
            "brier": score.brier,
            "calibration_error": score.calibration_error,
        },
        "prevalence": dict(zip(fit.levels, fit.prevalence.tolist(), strict=True)),
        "coverage": coverage,
        "raters": list(_raters(fit, coverage)),
        "items": [
            {
                "item": one.unit,
                "label": one.label,
                "tied": one.tied,
                "is_known": one.is_known,
                "posterior": one.posterior,
            }
            for one in fit.verdicts()
        ],
    }


def _raters(fit: AggregateFit, coverage: float) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(rater_verdicts(fit, level=coverage)):
        further = {name: values[place] for name, values in fit.rater_parameters.items()}
        yield {
            "rater": one.rater,
            "n": one.n,
            "accuracy": one.accuracy.value,
            "low": one.accuracy.low,
            "high": one.accuracy.high,
            "reason": one.accuracy.reason,
            "parameters": further,
            "confusion": _confusion(fit, one),
        }


def _confusion(fit: AggregateFit, one: RaterVerdict) -> dict[Any, dict[Any, dict[str, Any]]]:
    """Rate per true level, and in it per given level."""
    return {true: {given: _rate(one.confusion[true, given]) for given in fit.levels} for true in fit.levels}


def _rate(rate: Rate) -> dict[str, Any]:
    found: dict[str, Any] = {"value": rate.value, "low": rate.low, "high": rate.high}
    return found if rate.reason is None else found | {"reason": rate.reason}


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Several criteria, each with a model of its own: likelihoods multiply, accuracies are averaged over items."""
    scored = sum(one["gold"]["n"] for one in parts)
    right = sum(one["accuracy"] * one["gold"]["n"] for one in parts if one["accuracy"] is not None)
    has_model = all(one["log_likelihood"] is not None for one in parts)
    return {
        "converged": all(one["converged"] for one in parts),
        "log_likelihood": sum(one["log_likelihood"] for one in parts) if has_model else None,
        "accuracy": right / scored if scored else None,
        "reason": None if scored else parts[0]["reason"],
        "method": parts[0]["method"],
        "items": [{"criterion": one["criterion"]} | item for one in parts for item in one["items"]],
        "criteria": [{key: value for key, value in one.items() if key != "items"} for one in parts],
    }
