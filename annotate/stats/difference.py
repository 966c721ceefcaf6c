"""Krippendorff's difference functions: how far apart two values are on a scale of each kind."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable

Metric: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]

# Rows of the levels x levels table of ratio differences that are held at once.
_ROWS = 256


def scale_of(table: LongTable, metric: Metric) -> FloatArray:
    """(n_levels,) places of the levels on the scale, as far as the levels alone fix them.

    Interval places are shifted and stretched to 0..1, which changes no ratio of disagreements and keeps
    large offsets from costing digits. Nominal and ordinal places are the level numbers.

    Raises
    ------
    Rejected
        Ordinal without an order; interval or ratio without numbers; ratio with a negative value.
    """
    n_levels = len(table.value.vocab)
    if metric == "ordinal" and not table.ordered:
        raise Rejected("the ordinal metric needs numbers or levels given in order", field="levels")
    if metric in ("nominal", "ordinal") or n_levels == 0:
        return np.arange(n_levels, dtype=np.float64)
    if table.scores is None:
        raise Rejected(f"the {metric} metric needs numbers as values", field="value")
    if metric == "interval":
        spread = float(np.ptp(table.scores)) or 1.0
        unit: FloatArray = (table.scores - table.scores.min()) / spread
        return unit
    negative = table.value.codes[table.scores[table.value.codes] < 0]
    if len(negative):
        row = int(table.row[np.argmax(table.scores[table.value.codes] < 0)])
        raise Rejected(
            "the ratio metric has a true zero, so a value below it is impossible",
            row=row,
            field="value",
        )
    return table.scores


def positions(metric: Metric, scale: FloatArray, margins: FloatArray) -> FloatArray:
    r"""(b, n_levels) places under (b, n_levels) margins.

    Ordinal distances count the labels between two levels,
    :math:`\sum_{g=c}^{k} n_g - (n_c + n_k) / 2`, which is the difference of the mid-ranks
    :math:`\sum_{g \le c} n_g - n_c / 2`. The other scales do not depend on the margins.
    """
    if metric == "ordinal":
        return np.cumsum(margins, axis=1) - margins / 2
    return np.broadcast_to(scale, margins.shape)


def difference(metric: Metric, place: FloatArray, low: IntArray, high: IntArray) -> FloatArray:
    """(b, p) squared differences between the levels `low` != `high`, (p,) each, at (b, n_levels) places."""
    if metric == "nominal":
        return np.ones((len(place), len(low)))
    below, above = place[:, low], place[:, high]
    if metric == "ratio":
        return np.square((above - below) / (above + below))
    return np.square(above - below)


def expected_disagreement(metric: Metric, place: FloatArray, margins: FloatArray) -> FloatArray:
    r"""(b,) sums :math:`\sum_{c<k} n_c n_k \delta^2_{ck}` over all pairs of labels.

    For squared distances this is :math:`n \sum_c n_c (x_c - \bar x)^2`, linear in the number of levels; the
    ratio metric has no such form and costs levels squared.
    """
    n: FloatArray = margins.sum(axis=1)
    total: FloatArray
    if metric == "nominal":
        total = (np.square(n) - np.square(margins).sum(axis=1)) / 2
    elif metric == "ratio":
        total = _expected_ratio(place[0], margins)
    else:
        mean = (margins * place).sum(axis=1) / np.maximum(n, 1)
        total = n * (margins * np.square(place - mean[:, None])).sum(axis=1)
    return total


def _expected_ratio(scale: FloatArray, margins: FloatArray) -> FloatArray:
    total = np.zeros(len(margins))
    for start in range(0, len(scale), _ROWS):
        block = scale[start : start + _ROWS, None]
        apart = np.zeros((len(block), len(scale)))
        # Two zeros are the same value: no difference, rather than 0/0.
        np.divide(block - scale, block + scale, out=apart, where=block + scale > 0)
        total += (margins[:, start : start + _ROWS] * (margins @ np.square(apart).T)).sum(axis=1)
    return total / 2
