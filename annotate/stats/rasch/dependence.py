r"""Whether raters err together: judges with one base model are not independent, and ten of them are not ten.

For every two raters, the correlation Q3 of their standardized residuals :math:`(x - E) / \sqrt V` over the contexts
that both rated. Measures of items are estimated from the same ratings, so that independent residuals lean against each
other: they correlate by

.. math:: q_0 = -\frac{\sqrt{h_a h_b}}{\sqrt{(1 - h_a)(1 - h_b)}}, \qquad h = V / I_i

(:math:`-1 / (J - 1)` for J ratings of an item that weigh the same), with :math:`I_i` the precision of the item's
measure. ``corrected`` is Q3 less that.

An error that *all* raters of an item share passes for the item itself and cannot be seen in ratings, and one that many
share is seen in part. For a named group of raters `effective_raters` works that out: with m of the group among the
ratings of an item, the expected correlation of two of them is a ratio of two lines in the correlation :math:`\rho` of
their errors, which is solved for it. What is left when the group is nearly everybody is not estimable and is said so.

References
----------
Yen, W. M. (1984). Effects of local item dependence. Applied Psychological Measurement 8, 125-145.
doi:10.1177/014662168400800201
Christensen, K. B., Makransky, G. & Horton, M. (2017). Critical values for Yen's Q3. Applied Psychological Measurement
41, 178-194. doi:10.1177/0146621616677520
Kish, L. (1965). Survey Sampling, section 5.4 (design effect).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.many_tests import holm
from annotate.stats.rasch.contexts import Contexts
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.student import student_p

FEWEST = 10
"""Contexts that two raters must share for a correlation to be told."""
LEAST_SEEN = 0.25
"""How much of a common error must be left to be seen for the effective number of raters to be told."""


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Pairs of raters who met; arrays are (P,).

    Attributes
    ----------
    elements : tuple
        All raters; ``first`` and ``second`` number them.
    n : float array
        Contexts that both rated.
    q3, baseline, corrected : float arrays
        Correlation of residuals, what independence would give, and the difference; NaN below 10 contexts.
    z, p, holm : float arrays
        Fisher's z of the difference, its two-sided chance, and that corrected for the number of pairs.
    """

    elements: tuple[Hashable, ...]
    first: IntArray
    second: IntArray
    n: FloatArray
    q3: FloatArray
    baseline: FloatArray
    corrected: FloatArray
    z: FloatArray
    p: FloatArray
    holm: FloatArray

    def __len__(self) -> int:
        return len(self.n)


@dataclass(frozen=True, slots=True)
class EffectiveRaters:
    r"""What a group of m raters is worth.

    Attributes
    ----------
    m : int
    correlation : float or None
        Of the errors of two of them, given the truth; not below 0.
    number : float or None
        :math:`m / (1 + (m - 1) \rho)`.
    weight : float or None
        What each of their ratings should count, ``number / m``.
    n : float
        Pairs of ratings this rests on.
    reason : str or None
        Why there is no number.
    """

    m: int
    correlation: float | None
    number: float | None
    weight: float | None
    n: float
    reason: str | None


def residual_dependence(
    fit: RaschFit,
    *,
    rater: str = "rater",
    among: Sequence[Hashable] | None = None,
    ratings: Ratings | None = None,
) -> Dependence:
    """Residual correlations of every two raters who rated something in common.

    Parameters
    ----------
    fit : RaschFit
    rater : name of a facet
    among : sequence of raters, optional
        Only pairs of these (the judges, say).
    ratings : Ratings, optional
        See `Held.of`.

    Raises
    ------
    Rejected
        ``among`` names somebody who is no rater.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> scenario = Scenario(n_items=300, n_raters=8, allies=(0, 1), alliance=0.7)
    >>> found = residual_dependence(fit_rasch(simulate_ratings(scenario, seed=1).ratings))
    >>> top = int(np.argmax(found.corrected))
    >>> len(found), (int(found.first[top]), int(found.second[top])), bool(found.holm[top] < 0.001)
    (28, (0, 1), True)
    """
    held = Held.of(fit, ratings)
    rows = _Rows.of(held, rater, among)
    pairs = rows.pairs()
    a, b = rows.rater[pairs.one], rows.rater[pairs.other]
    low, high = np.minimum(a, b), np.maximum(a, b)
    key, place = np.unique(low * len(rows.elements) + high, return_inverse=True)
    n = np.asarray(np.bincount(place, minlength=len(key)), dtype=np.float64)
    swap = a > b
    x = np.where(swap, rows.z[pairs.other], rows.z[pairs.one])
    y = np.where(swap, rows.z[pairs.one], rows.z[pairs.other])
    q3 = _correlations(place, x, y, n)
    leaning = rows.leverage[pairs.one] / (1 - rows.leverage[pairs.one])
    leaning = -np.sqrt(leaning * rows.leverage[pairs.other] / (1 - rows.leverage[pairs.other]))
    with np.errstate(divide="ignore", invalid="ignore"):
        baseline = np.clip(np.bincount(place, leaning, len(key)) / n, -0.999, 0.0)
        bounded = np.clip(q3, -0.999999, 0.999999)
        z = np.where(
            n > 3, (np.arctanh(bounded) - np.arctanh(baseline)) * np.sqrt(np.maximum(n - 3, 0)), np.nan
        )
    p = student_p(z, np.inf)
    first, second = np.divmod(key, max(len(rows.elements), 1))
    return Dependence(rows.elements, first, second, n, q3, baseline, q3 - baseline, z, p, holm(p))


def effective_raters(
    fit: RaschFit, group: Sequence[Hashable], *, rater: str = "rater", ratings: Ratings | None = None
) -> EffectiveRaters:
    """How many independent raters a group is worth, from the errors its members share.

    Parameters
    ----------
    fit : RaschFit
        With other raters than the group on the same items: an error that everybody shares cannot be seen.
    group : sequence of raters

    Raises
    ------
    Rejected
        Fewer than two raters, or somebody who is no rater.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> scenario = Scenario(n_items=400, n_raters=12, allies=(0, 1, 2, 3), alliance=0.6)
    >>> found = effective_raters(fit_rasch(simulate_ratings(scenario, seed=1).ratings), [0, 1, 2, 3])
    >>> found.m, 1 < found.number < 2
    (4, True)
    """
    if len(set(group)) < 2:
        raise Rejected("a group has at least two raters", field="group")
    held = Held.of(fit, ratings)
    rows = _Rows.of(held, rater, group)
    m = len(set(group))
    pairs = rows.pairs()
    n = float(len(pairs.one))
    if n < FEWEST:
        return EffectiveRaters(m, None, None, None, n, "hardly anything was rated by two of them")
    x, y = np.concatenate([pairs.one, pairs.other]), np.concatenate([pairs.other, pairs.one])
    observed = float(np.corrcoef(rows.z[x], rows.z[y])[0, 1])
    line = _shares(held, rows, pairs)
    # q = (ρ (1 − 2 c2 + c3) − c1) / (1 − c1 + ρ (c3 − 2 c2)), solved for ρ.
    seen = 1 - (2 * line.c2 - line.c3) * (1 - observed)
    if seen < LEAST_SEEN:
        reason = "the items were rated by hardly anybody else, so what they share passes for the items' own"
        return EffectiveRaters(m, None, None, None, n, reason)
    correlation = min(max((observed * (1 - line.c1) + line.c1) / seen, 0.0), 1.0)
    number = m / (1 + (m - 1) * correlation)
    return EffectiveRaters(m, correlation, number, number / m, n, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Places of two ratings by different raters in one context, each pair once."""

    one: IntArray
    other: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The ratings of the raters in question, sorted by context."""

    elements: tuple[Hashable, ...]
    row: IntArray
    context: IntArray
    rater: IntArray
    z: FloatArray
    leverage: FloatArray

    @classmethod
    def of(cls, held: Held, rater: str, among: Sequence[Hashable] | None) -> _Rows:
        elements = held.ratings.facet(rater).elements
        wanted = np.ones(len(elements.vocab), dtype=np.bool_)
        if among is not None:
            wanted[:] = False
            wanted[_numbers(elements.vocab, among, rater)] = True
        context = Contexts.of(held.ratings, rater).of_rating
        row = np.flatnonzero(wanted[elements.codes])
        row = row[np.argsort(context[row], kind="stable")]
        spread = np.maximum(held.spread, 1e-12)
        share = held.slopes.variance / held.information[held.design.index[0]]
        return cls(
            elements.vocab,
            row,
            context[row],
            elements.codes[row],
            (held.residual / np.sqrt(spread))[row],
            np.clip(share, 0.0, 0.999)[row],
        )

    def pairs(self) -> _Pairs:
        one, other = [], []
        lag = 1
        while lag < len(self.context):
            same = np.flatnonzero(self.context[lag:] == self.context[:-lag])
            if not len(same):
                break
            apart = same[self.rater[same] != self.rater[same + lag]]
            one.append(apart)
            other.append(apart + lag)
            lag += 1
        empty = np.zeros(0, dtype=np.int64)
        return _Pairs(np.concatenate([empty, *one]), np.concatenate([empty, *other]))


@dataclass(frozen=True, slots=True)
class _Shares:
    c1: float
    c2: float
    c3: float


def _shares(held: Held, rows: _Rows, pairs: _Pairs) -> _Shares:
    """Means over pairs: of h, of h (m − 1), and of the sum of h² m (m − 1) over the contexts of the item.

    h is the share one rating has in its item's measure, m the number of the group's ratings in a context.
    """
    size = np.bincount(rows.context)[rows.context].astype(np.float64)
    item = held.ratings.facets[0].elements.codes[rows.row]
    both = np.bincount(item, np.square(rows.leverage) * (size - 1))
    place = np.concatenate([pairs.one, pairs.other])
    h = rows.leverage[place]
    return _Shares(float(h.mean()), float((h * (size[place] - 1)).mean()), float(both[item[place]].mean()))


def _numbers(vocab: tuple[Hashable, ...], wanted: Sequence[Hashable], rater: str) -> list[int]:
    place = {key: number for number, key in enumerate(vocab)}
    for key in wanted:
        if key not in place:
            raise Rejected(f"{key!r} is no {rater}", field="among")
    return [place[key] for key in wanted]


def _correlations(place: IntArray, x: FloatArray, y: FloatArray, n: FloatArray) -> FloatArray:
    """(P,) Pearson correlations of the pairs of numbers in each place."""

    def mean(amount: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(place, amount, len(n)) / np.maximum(n, 1))

    x0, y0 = mean(x), mean(y)
    shared = mean(x * y) - x0 * y0
    both = (mean(x * x) - x0 * x0) * (mean(y * y) - y0 * y0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = shared / np.sqrt(np.maximum(both, 0.0))
    return np.where((n >= FEWEST) & (both > 1e-12), found, np.nan)
