r"""The ratings that are farthest from what the fit expects.

``z`` is :math:`(x - E) / \sqrt V`; where measures are uncertain, the root of its mean square, so that outfit is the
mean of the z² shown here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import squares
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit


@dataclass(frozen=True, slots=True)
class Surprise:
    """One rating.

    Attributes
    ----------
    row : int
        0-based place in the ratings asked about.
    elements : tuple
        One of each facet, in the order of the facets.
    given : Hashable
        The level, or the number of successes where trials were counted.
    category : int
        The level's number from 0 up.
    expected : float
        In numbers of categories, or successes.
    z : float
        Above 0 where more was given than expected.
    """

    row: int
    elements: tuple[Hashable, ...]
    given: Hashable
    category: int
    expected: float
    z: float


def surprises(
    fit: RaschFit,
    *,
    n: int = 20,
    of: tuple[str, Hashable] | None = None,
    ratings: Ratings | None = None,
) -> tuple[Surprise, ...]:
    """The n most surprising ratings, the most surprising first; equal ones in the order of their rows.

    Parameters
    ----------
    fit : RaschFit
    n : int
    of : (facet, element), optional
        Only about this element, ``("rater", "ada")`` say.
    ratings : Ratings, optional
        See `Held.of`; rows count in these.

    Raises
    ------
    Rejected
        An unknown facet or element; ``n`` below 1.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=60, n_raters=5), seed=1)
    >>> first, second = surprises(fit_rasch(made.ratings), n=2)
    >>> first.given == int(made.ratings.value[first.row]), abs(first.z) >= abs(second.z)
    (True, True)
    """
    if n < 1:
        raise Rejected("must be at least 1", field="n")
    held = Held.of(fit, ratings)
    standard = squares(held.ratings, held.eta, held.steps, held.variance).standard
    allowed = np.flatnonzero(np.ones(len(held), dtype=np.bool_) if of is None else _about(held, *of))
    amount = standard[allowed]
    if len(allowed) > n:
        least = np.partition(amount, len(amount) - n)[len(amount) - n]
        allowed, amount = allowed[amount >= least], amount[amount >= least]
    order = np.lexsort((held.rows[allowed], -amount))[:n]
    expected = held.expected
    return tuple(
        _surprise(held, int(place), float(expected[place]), standard[place]) for place in allowed[order]
    )


def _about(held: Held, facet: str, element: Hashable) -> BoolArray:
    elements: Sequence[Hashable] = held.ratings.facet(facet).elements.vocab
    if element not in elements:
        raise Rejected(f"{element!r} is no {facet}", field="of")
    return np.asarray(held.ratings.facet(facet).elements.codes == elements.index(element))


def _surprise(held: Held, place: int, expected: float, square: float) -> Surprise:
    ratings = held.ratings
    value = int(ratings.value[place])
    return Surprise(
        int(held.rows[place]),
        tuple(facet.elements.vocab[facet.elements.codes[place]] for facet in ratings.facets),
        value if ratings.trials[place] else ratings.levels[value],
        value,
        expected,
        float(np.copysign(np.sqrt(square), value - expected)),
    )
