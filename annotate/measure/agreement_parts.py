"""What one number of agreement hides: how often each answer is given, who agrees with whom, and where in a trace.

It is stored with alpha, so that a page reads it and works nothing out.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from annotate.enums import Scope
from annotate.measure.ruler.labels import read_numbers
from annotate.models import Criterion, Rater, Step
from annotate.stats.agreement import AgreementResult
from annotate.stats.depth import DepthAgreement, agreement_by_depth
from annotate.stats.difference import Metric
from annotate.stats.gwet import gwet_ac
from annotate.stats.pairwise import PairwiseAgreement, pairwise_agreement
from annotate.stats.table import LongTable
from annotate.stats.weighting import Weighting

MOST_RATERS = 12
"""Raters in the table of pairs: those with the most labels."""
DEEPEST = 12
"""Steps further on are taken together."""
FEWEST_SHARED = 5
"""Steps that two raters must have in common for a number between them."""


def parts_of_agreement(
    criterion: Criterion,
    table: LongTable,
    metric: Metric,
    raters: Mapping[int, Rater],
    *,
    seed: int,
    resamples: int,
) -> dict[str, Any]:
    """For the detail of an estimate; parts of which nothing can be said are empty."""
    if not len(table):
        return {}
    return {
        "prevalence": _prevalence(criterion, table),
        "gwet": _gwet(table, metric, seed=seed, resamples=resamples),
        "pairs": _pairs(pairwise_agreement(table, _weighting(metric)), table, raters),
        "depths": _depths(criterion, table, metric, seed=seed, resamples=resamples),
    }


def _weighting(metric: Metric) -> Weighting:
    return "ordinal" if metric == "ordinal" else "identity"


def _prevalence(criterion: Criterion, table: LongTable) -> list[dict[str, Any]]:
    title = {level.key: level.title for level in criterion.levels.all()}
    n = np.bincount(table.value.codes, minlength=len(table.value.vocab))
    return [
        {
            "level": title.get(str(level), str(level)),
            "n": int(count),
            "share": round(float(count) / len(table), 4),
        }
        for level, count in zip(table.value.vocab, n, strict=True)
    ]


def _gwet(table: LongTable, metric: Metric, *, seed: int, resamples: int) -> dict[str, Any]:
    found = gwet_ac(table, _weighting(metric), seed=seed, resamples=resamples)
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n_items,
        "reason": found.reason or "",
    }


def _pairs(found: PairwiseAgreement, table: LongTable, raters: Mapping[int, Rater]) -> dict[str, Any]:
    """The raters with the most labels, by name, and agreement and kappa of every two of them who met."""
    n = np.bincount(table.rater.codes, minlength=len(table.rater.vocab))
    most = np.argsort(-n, kind="stable")[:MOST_RATERS].tolist()
    chosen = sorted(most, key=lambda place: _name(table.rater.vocab[place], raters))
    at = {place: number for number, place in enumerate(chosen)}
    cells = [
        {
            "one": min(at[a], at[b]),
            "other": max(at[a], at[b]),
            "n": int(found.n[i]),
            "agreement": _number(found.agreement[i]),
            "kappa": _number(found.kappa[i]) if found.n[i] >= FEWEST_SHARED else None,
        }
        for i, (a, b) in enumerate(zip(found.first.tolist(), found.second.tolist(), strict=True))
        if a in at and b in at
    ]
    return {
        "raters": [table.rater.vocab[place] for place in chosen],
        "cells": cells,
        "n_left_out": len(table.rater.vocab) - len(chosen),
    }


def _name(key: Hashable, raters: Mapping[int, Rater]) -> tuple[bool, str]:
    """People before machines."""
    rater = raters[key]  # type: ignore[index]
    return rater.is_machine, rater.name


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _depths(
    criterion: Criterion, table: LongTable, metric: Metric, *, seed: int, resamples: int
) -> list[dict[str, Any]]:
    if criterion.scope != Scope.STEP:
        return []
    places = Step.every.filter(trace__project=criterion.rubric.project_id).order_by()
    rows = read_numbers(places.values_list("pk", "position"), 2)
    depth: dict[Hashable, int] = dict(rows.tolist())
    found = agreement_by_depth(table, depth, metric, most=DEEPEST - 1, seed=seed, resamples=resamples)
    return [_depth(one, one.agreement) for one in found]


def _depth(one: DepthAgreement, agreement: AgreementResult) -> dict[str, Any]:
    return {
        "first": one.first,
        "is_rest": one.last is None,
        "value": agreement.value,
        "low": agreement.low,
        "high": agreement.high,
        "percent": agreement.percent,
        "n": agreement.n_items,
        "reason": agreement.reason or "",
        "prevalence": {str(level): round(share, 4) for level, share in one.prevalence.items()},
    }
