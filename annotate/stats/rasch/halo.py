r"""Whether a rater's ratings of one thing on several criteria hang together more than they should.

One impression that colours everything (a halo) makes the residuals of one rating event correlate. Over the events of a
rater, with standardized residuals z,

.. math:: h = \frac{\sum_e \left[(\sum z)^2 - \sum z^2\right]}{\sum_e m_e (m_e - 1)}

for events of m criteria, less what independent ratings give because they share the item's measure (see `dependence`).

References
----------
Myford, C. M. & Wolfe, E. W. (2004). Detecting and measuring rater effects using many-facet Rasch measurement: part II.
Journal of Applied Measurement 5, 189-227.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit


@dataclass(frozen=True, slots=True, eq=False)
class Halo:
    """Arrays are (J,).

    Attributes
    ----------
    events : float array
        Rating events with at least two criteria.
    correlation, se : float arrays
        Of residuals within an event, corrected; NaN without two such events.
    """

    elements: tuple[Hashable, ...]
    events: FloatArray
    correlation: FloatArray
    se: FloatArray


def halo(fit: RaschFit, *, rater: str = "rater", ratings: Ratings | None = None) -> Halo:
    """Correlations within rating events, by rater.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=200, n_raters=6, n_criteria=4), seed=1)
    >>> bool(np.abs(halo(fit_rasch(made.ratings)).correlation).max() < 0.1)
    True
    """
    held = Held.of(fit, ratings)
    item, owner = held.ratings.facets[0].elements, held.ratings.facet(rater).elements
    key, event = np.unique(item.codes * len(owner.vocab) + owner.codes, return_inverse=True)
    z = held.residual / np.sqrt(np.maximum(held.spread, 1e-12))
    # Measures are estimated from the same ratings, so residuals vary by less than 1.
    z /= np.sqrt(np.square(z).mean())
    share = np.clip(held.slopes.variance / held.information[held.design.index[0]], 0.0, 0.999)
    lean = np.sqrt(share / (1 - share))

    def within(amount: FloatArray) -> FloatArray:
        return np.asarray(
            np.square(np.bincount(event, amount)) - np.bincount(event, amount * amount), dtype=np.float64
        )

    size = np.bincount(event).astype(np.float64)
    pairs = size * (size - 1)
    excess = within(z) + within(lean)
    n, of_event = len(owner.vocab), key % len(owner.vocab)
    several = pairs > 0

    def summed(amount: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(of_event[several], amount[several], n), dtype=np.float64)

    events, below = summed(np.ones(len(key))), summed(pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(events >= 2, summed(excess) / below, np.nan)
        rest = excess - np.nan_to_num(found)[of_event] * pairs
        se = np.where(events >= 2, np.sqrt(summed(rest * rest)) / below, np.nan)
    return Halo(owner.vocab, events, found, se)
