r"""How often raters give the same category, beside how often independent raters of these severities would.

Over all pairs of ratings by different raters in one context (the same item, criterion, ...),

.. math:: \text{expected} = \sum_k P_{jk} P_{j'k}, \qquad
    \kappa = \frac{\text{observed} - \text{expected}}{1 - \text{expected}}

Raters who work as independent experts have a "Rasch kappa" around 0; far above it they work as one machine would.

References
----------
Linacre, J. M. A User's Guide to FACETS, table 7 agreement statistics.
https://www.winsteps.com/facetman/table7agreementstatistics.htm
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.contexts import Contexts
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import expected_of, nodes
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class RaterAgreement:
    """Arrays are (J,), over the pairs that each rater is part of; NaN for raters who met nobody.

    Attributes
    ----------
    pairs : float array
        Pairs of ratings, by their weights multiplied.
    observed, expected : float arrays
        Shares of pairs in the same category.
    kappa : float array
        (observed − expected) / (1 − expected).
    all_pairs, all_observed, all_expected, all_kappa : float or None
        Over all pairs, each counted once; None where nobody met.
    """

    elements: tuple[Hashable, ...]
    pairs: FloatArray
    observed: FloatArray
    expected: FloatArray
    kappa: FloatArray
    all_pairs: float
    all_observed: float | None
    all_expected: float | None
    all_kappa: float | None


def rater_agreement(fit: RaschFit, *, rater: str = "rater", ratings: Ratings | None = None) -> RaterAgreement:
    """Exact agreement and what the fit expects, without listing a pair: sums over contexts do.

    What two ratings share (the item's measure) is averaged over together, what is each rater's own apart. Ratings
    that count trials are left out.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=400, n_raters=4), seed=1)
    >>> found = rater_agreement(fit_rasch(made.ratings))
    >>> found.all_pairs, abs(found.all_kappa) < 0.02
    (2400.0, True)
    """
    held = Held.of(fit, ratings)
    groups = _Groups.of(held, rater)
    own = held.ratings.facet(rater).elements
    weight = held.ratings.weight * (held.ratings.trials == 0)
    pairs = weight * groups.others(weight)
    same = np.zeros(len(held))
    for k in range(held.ratings.n_categories):
        given = weight * (held.ratings.value == k)
        same += given * groups.others(given)
    likely = np.zeros(len(held))
    for chance, share in _chances(held, rater):
        for k in range(chance.shape[1]):
            part = weight * chance[:, k]
            likely += share * part * groups.others(part)
    n = len(own.vocab)
    sums = [np.bincount(own.codes, amount, n) for amount in (pairs, same, likely)]
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, expected = sums[1] / sums[0], sums[2] / sums[0]
        kappa = np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)
    total, agreed, foreseen = (float(one.sum()) / 2 for one in sums)
    return RaterAgreement(
        own.vocab,
        np.asarray(sums[0], dtype=np.float64),
        observed,
        expected,
        kappa,
        total,
        agreed / total if total > 0 else None,
        foreseen / total if total > 0 else None,
        (agreed - foreseen) / (total - foreseen) if total > foreseen else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Contexts, and the ratings of one rater in one context, which are no pair."""

    context: IntArray
    own: IntArray

    @classmethod
    def of(cls, held: Held, rater: str) -> _Groups:
        context = Contexts.of(held.ratings, rater).of_rating
        elements = held.ratings.facet(rater).elements
        own = np.unique(context * len(elements.vocab) + elements.codes, return_inverse=True)[1]
        return cls(context, own)

    def others(self, amount: FloatArray) -> FloatArray:
        """(n,) sums over the ratings of others in the same context."""
        return np.asarray(
            np.bincount(self.context, amount)[self.context] - np.bincount(self.own, amount)[self.own]
        )


def _chances(held: Held, rater: str) -> Iterator[tuple[FloatArray, float]]:
    """(n, K) probabilities at each node of what raters share, averaged over what is a rater's own; and weights."""
    if held.variance is None:
        yield _averaged(held, held.eta, np.zeros(len(held))), 1.0
        return
    part = held.design.slices[held.ratings.place(rater)]
    mine = np.zeros(held.design.n_elements)
    mine[part] = held.fit.variances[part]
    own = held.design.spread_variance(mine)
    shared = np.sqrt(np.maximum(held.variance - own, 0.0))
    for node, share in zip(*nodes(held.variance), strict=True):
        yield _averaged(held, held.eta + node * shared, own), float(share)


def _averaged(held: Held, eta: FloatArray, own: FloatArray) -> FloatArray:
    spread = np.sqrt(own)
    # Three points: exact to the fifth power, for variances that are small beside those of items.
    points = ((0.0, 2 / 3), (np.sqrt(3.0), 1 / 6), (-np.sqrt(3.0), 1 / 6)) if own.any() else ((0.0, 1.0),)
    total = np.zeros((len(eta), held.ratings.n_categories))
    for start in range(0, len(eta), _BLOCK):
        part = slice(start, start + _BLOCK)
        for point, share in points:
            at = eta[part] + point * spread[part]
            total[part] += share * expected_of(held.ratings, at, held.steps, part)[2]
    return total
