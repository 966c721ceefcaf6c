r"""Whether two facets interact: a rater who is strict on one criterion only, a criterion harder for one kind of item.

Two readings of the same cells. The *screening* form is that of Facets: the offset b that makes a cell's ratings what is
expected, all measures held, with :math:`t = b / SE`. It looks at each cell as if it were the only one, and in sparse
designs it is too small, since the measures have swallowed a part. The *shrunken* form takes the offsets for draws of a
normal distribution whose variance the cells decide, and gives back what was swallowed (see `offsets`).

References
----------
Linacre, J. M. (1989). Many-Facet Rasch Measurement, chapter 10. MESA Press.
Morris, C. N. (1983). Parametric empirical Bayes inference. JASA 78, 47-55. doi:10.2307/2287098
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.chi_square import chi_square_tail
from annotate.stats.codes import Codes, FloatArray, IntArray
from annotate.stats.many_tests import benjamini_hochberg, holm
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.offsets import Cells
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.separation import ChiSquare
from annotate.stats.student import student_p

ADJUSTMENT = 0.5
"""How far the score of an extreme cell is moved inwards, in score points (as Facets does for bias terms)."""
LEAST_RESOLVED = 0.02
"""Share of an offset that must be left to be seen for it to be told at all."""
_ROUNDS = 5
_HALVINGS = 80
_SETTLED = 1e-4
_NAILED = 1e12
"""Precision that holds a cell at 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """Cells that have ratings; arrays are (C,).

    Attributes
    ----------
    names : (str, str)
    first, second : int arrays
        Which elements of ``first_elements`` and ``second_elements`` a cell is of.
    n, weight : float arrays
        Ratings and their weights added up.
    observed, expected : float arrays
        Weighted sums of categories.
    size, se, t, df, p : float arrays
        Screening: offset in logits, above 0 where ratings are higher than expected; t has n − 1 degrees of freedom.
        NaN where a cell's ratings could not have been other.
    holm, bh : float arrays
        p corrected for the number of cells.
    extreme : int array
        −1 or 1 where every rating is the lowest or highest there is.
    resolved : float array
        Share of an offset that the measures of the other facets have not swallowed.
    effect, effect_se : float arrays
        Shrunken: mean and standard deviation of the posterior of the whole offset; NaN where too little is resolved.
    effect_sd : float
        Of the distribution the offsets are draws of; 0 where the cells differ by no more than chance.
    chi_square : ChiSquare
        Sum of t², with as many degrees of freedom as cells: a screening, not a comparison of models.
    """

    names: tuple[str, str]
    first_elements: tuple[Hashable, ...]
    second_elements: tuple[Hashable, ...]
    first: IntArray
    second: IntArray
    n: FloatArray
    weight: FloatArray
    observed: FloatArray
    expected: FloatArray
    size: FloatArray
    se: FloatArray
    t: FloatArray
    df: FloatArray
    p: FloatArray
    holm: FloatArray
    bh: FloatArray
    extreme: IntArray
    resolved: FloatArray
    effect: FloatArray
    effect_se: FloatArray
    effect_sd: float
    chi_square: ChiSquare

    def __len__(self) -> int:
        return len(self.n)


def find_bias(
    fit: RaschFit,
    first: str | Codes,
    second: str | Codes,
    *,
    ratings: Ratings | None = None,
    names: tuple[str, str] | None = None,
    adjustment: float = ADJUSTMENT,
) -> Bias:
    """Offsets of the cells of two facets, or of a facet and a further column.

    Parameters
    ----------
    fit : RaschFit
        By any estimator; main effects are held.
    first, second : name of a facet, or Codes
        A further column (source, position, kind of item) is about every row of ``ratings``.
    ratings : Ratings, optional
        Those the fit was made of, where a ``jmle`` fit left some out; `fit` knows only the others.
    names : (str, str), optional
        What to call the two.
    adjustment : float
        Score points by which extreme cells are moved inwards.

    Returns
    -------
    Bias

    Raises
    ------
    Rejected
        An unknown facet; a column of another length; the same facet twice.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=60, n_raters=5, n_criteria=3), seed=1)
    >>> bias = find_bias(fit_rasch(made.ratings), "rater", "criterion")
    >>> len(bias), bias.chi_square.df, bool(bias.holm.min() > 0.05)
    (15, 15, True)
    """
    held = Held.of(fit, ratings)
    one, other = held.codes(first), held.codes(second)
    called = names or (_name(first, "first"), _name(second, "second"))
    if first is second or called[0] == called[1]:
        raise Rejected("the two must be different", field="second")
    pair, cell = np.unique(one.codes * len(other.vocab) + other.codes, return_inverse=True)
    cells = Cells.of(held, cell, len(pair))
    size, information = cells.solved(adjustment=adjustment)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(information > 0, 1 / np.sqrt(information), np.nan)
        t = size / se
    p = student_p(t, cells.n - 1)
    resolved = cells.resolved(but=called)
    effect, effect_se, sd = _shrunken(cells, resolved, cells.resolved())
    total, df = float(np.nansum(np.square(t))), int(np.isfinite(t).sum())
    numbers = np.divmod(pair, len(other.vocab))
    return Bias(
        called,
        one.vocab,
        other.vocab,
        numbers[0],
        numbers[1],
        cells.n,
        np.asarray(np.bincount(cell, held.ratings.weight, len(pair)), dtype=np.float64),
        cells.observed,
        cells.expected,
        size,
        se,
        t,
        cells.n - 1,
        p,
        holm(p),
        benjamini_hochberg(p),
        cells.extreme,
        resolved,
        effect,
        effect_se,
        sd,
        ChiSquare(total, df, chi_square_tail(total, df) if df else 1.0),
    )


def _name(column: str | Codes, otherwise: str) -> str:
    return column if isinstance(column, str) else otherwise


def _shrunken(cells: Cells, resolved: FloatArray, noise: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Posterior means and deviations of the whole offsets, and the standard deviation of their distribution.

    An offset of B shows as c = r B, and the score of a cell varies by the share q of its information that is left by
    all facets. Around the c at hand the ratings say as much as one observation ``(c + score / information) / r`` of B
    with variance ``q / (r² information)``; the variance of the distribution is the likeliest for these.
    """
    usable = np.nan_to_num(np.minimum(resolved, noise)) >= LEAST_RESOLVED
    share, temper = np.where(usable, resolved, 1.0), np.where(usable, noise / np.square(resolved), 1.0)
    at, variance = np.zeros(len(cells)), 0.0
    information = np.zeros(len(cells))
    for _ in range(_ROUNDS):
        score, information = cells.derivatives(at)
        usable = usable & (information > 0)
        there = np.maximum(information, 1e-300)
        before = variance
        variance = variance_between(((at + score / there) / share)[usable], (temper / there)[usable])
        if variance <= 0:
            at = np.zeros(len(cells))
            break
        pull = np.where(usable, temper / variance, _NAILED)
        found, information = cells.solved(precision=pull, start=at)
        at = np.nan_to_num(found)
        if abs(np.sqrt(variance) - np.sqrt(before)) < _SETTLED:
            break
    prior = 1 / variance if variance > 0 else np.inf
    posterior = 1 / (information / temper + prior)
    return (
        np.where(usable, at / share, np.nan),
        np.where(usable, np.sqrt(posterior), np.nan),
        float(np.sqrt(variance)),
    )


def variance_between(observed: FloatArray, error: FloatArray) -> float:
    r"""The likeliest variance of normal draws around 0 that were seen with known error variances.

    The root of :math:`\sum (y^2 - s^2 - v) / (s^2 + v)^2`, 0 where that is negative at 0 already.

    Examples
    --------
    >>> round(variance_between(np.array([1.0, -1.0, 2.0, -2.0]), np.full(4, 0.5)), 6)
    2.0
    """
    if not len(observed):
        return 0.0
    square = np.square(observed)

    def slope(variance: float) -> float:
        total = variance + error
        return float(((square - total) / np.square(total)).sum())

    if slope(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(square.max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2
