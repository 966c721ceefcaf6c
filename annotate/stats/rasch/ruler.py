"""The Wright map as data: items, raters, criteria and thresholds along one axis of logits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.result import RaschFit, Threshold

BIN = 0.25
_MARGIN = 0.1
_LONGEST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Elements of one facet on the axis; arrays are (L,), elements without a measure are left out.

    Attributes
    ----------
    sign : {1, -1}
        −1 where a higher measure means lower ratings (severity, difficulty).
    measure, low, high : float arrays
        Logits, and 95 % intervals; NaN limits where there is no standard error.
    is_extreme : bool array
        Placed by a rule: the measure could be as far out as one likes.
    counts : (B,) int array
        Elements in each bin of the ruler.
    """

    facet: str
    sign: int
    elements: tuple[Hashable, ...]
    measure: FloatArray
    low: FloatArray
    high: FloatArray
    is_extreme: np.ndarray
    counts: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """Attributes
    ----------
    low, high : float
        Ends of the axis in logits, whole bins.
    edges : (B + 1,) float array
    ticks : (T,) float array
        Whole numbers within the axis.
    rows : tuple of Row
        In the order of the facets.
    thresholds : tuple of Threshold
        In logits, relative to where the facets but the first are at their means.
    """

    low: float
    high: float
    edges: FloatArray
    ticks: FloatArray
    rows: tuple[Row, ...]
    thresholds: tuple[Threshold, ...]


def ruler(fit: RaschFit, *, width: float = BIN) -> Ruler:
    """Where everything lies.

    Parameters
    ----------
    fit : RaschFit
    width : float
        Of a bin, in logits.

    Raises
    ------
    Rejected
        A width that is not above 0, or one that makes more than 200 bins.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> found = ruler(fit_rasch(simulate_ratings(Scenario(n_items=60, n_raters=5), seed=1).ratings))
    >>> [(row.facet, int(row.counts.sum())) for row in found.rows], len(found.edges) == len(found.rows[0].counts) + 1
    ([('item', 60), ('rater', 5)], True)
    """
    if not width > 0:
        raise Rejected("must be above 0", field="width")
    places = np.concatenate(
        [fit.measures[np.isfinite(fit.measures)], np.array([one.measure for one in fit.thresholds])]
    )
    first = np.floor((float(places.min()) - _MARGIN) / width)
    last = np.ceil((float(places.max()) + _MARGIN) / width)
    if last - first > _LONGEST:
        raise Rejected(f"makes {int(last - first)} bins; {_LONGEST} are enough", field="width")
    edges = np.arange(first, last + 1) * width
    low, high = float(edges[0]), float(edges[-1])
    return Ruler(
        low,
        high,
        edges,
        np.arange(np.ceil(low), np.floor(high) + 1),
        tuple(_row(fit, place, edges) for place in range(len(fit.facets))),
        fit.thresholds,
    )


def _row(fit: RaschFit, place: int, edges: FloatArray) -> Row:
    facet = fit.facets[place]
    known = np.flatnonzero(np.isfinite(facet.measure))
    measure, reach = facet.measure[known], 1.96 * facet.se[known]
    return Row(
        facet.name,
        facet.sign,
        tuple(facet.elements[k] for k in known),
        measure,
        measure - reach,
        measure + reach,
        facet.extreme[known] != 0,
        np.histogram(measure, edges)[0].astype(np.int64),
    )
