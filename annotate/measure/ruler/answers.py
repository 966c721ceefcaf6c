"""What raters said beside what is known, by gold or by most of the others: rates, and tables of levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotate.measure.ruler.fitting import Scale
from annotate.measure.ruler.labels import IntArray
from annotate.stats.accuracy import wilson_interval


def rates_of(scale: Scale, known: IntArray) -> list[dict[str, Any] | None]:
    """By rater: the share of labels that are the (n,) level known, -1 where none is."""
    is_known, rater, n_raters = known >= 0, scale.rater_codes, len(scale.rater_keys)
    n = np.bincount(rater[is_known], minlength=n_raters)
    is_same = known[is_known] == scale.columns.level[is_known]
    k = np.bincount(rater[is_known], is_same, n_raters).astype(np.int64)
    return [_rate(int(hits), int(of)) for hits, of in zip(k, n, strict=True)]


def _rate(hits: int, of: int) -> dict[str, Any] | None:
    if of < 1:
        return None
    low, high = wilson_interval(hits, of)
    return {"n": of, "value": round(hits / of, 4), "low": round(low, 4), "high": round(high, 4)}


def confusions_of(scale: Scale, known: IntArray) -> dict[tuple[int, int], list[list[int]]]:
    """By place of the rater and key of the question: [given][known] counts of its levels, where there are any."""
    k, is_known, n_questions = scale.n_levels, known >= 0, len(scale.criterion_keys)
    cell = scale.rater_codes * n_questions + scale.criterion_codes
    place = (cell[is_known] * k + scale.columns.level[is_known]) * k + known[is_known]
    size = len(scale.rater_keys) * n_questions * k * k
    counts = np.bincount(place, minlength=size).reshape(-1, k, k)
    levels = {one.criterion.pk: len(one.levels) for one in scale.labels.questions}
    found = {}
    for i in np.flatnonzero(counts.any(axis=(1, 2))).tolist():
        j, c = divmod(i, n_questions)
        key = scale.criterion_keys[c]
        found[j, key] = counts[i, : levels[key], : levels[key]].tolist()
    return found
