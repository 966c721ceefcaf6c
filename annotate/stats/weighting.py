"""How much credit two labels get that are not the same: none, or the more the nearer they are."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable

Weighting: TypeAlias = Literal["identity", "linear", "quadratic", "ordinal"]
Spacing: TypeAlias = Literal["places", "numbers"]


def agreement_weights(table: LongTable, weighting: Weighting, spacing: Spacing = "places") -> FloatArray:
    r"""(q, q) credits between 0 and 1 for the q levels of a table; 1 on the diagonal, symmetric.

    * identity: 1 for the same level, 0 for any other;
    * linear: :math:`1 - |x_k - x_l| / (x_{max} - x_{min})`;
    * quadratic: :math:`1 - (x_k - x_l)^2 / (x_{max} - x_{min})^2`;
    * ordinal: :math:`1 - \binom{m}{2} / \binom{q}{2}`, where m counts the levels from k to l, both included.

    x are the places 1..q of the levels (``spacing='places'``), or the levels themselves (``'numbers'``).

    Notes
    -----
    Programs differ in x: scikit-learn, statsmodels and irr take places, irrCAC and SAS numbers. Only where
    the numbers have gaps does it matter; the places then depend on which levels the table knows.

    The ordinal weights are Gwet's. They are fixed by the levels alone, whereas Krippendorff's ordinal
    difference depends on how often each level was used: with these weights alpha is *not* the ordinal alpha
    of `krippendorff_alpha` (0.83364 instead of 0.815388 on Krippendorff's own example).

    Raises
    ------
    Rejected
        Any weighting but identity without an order of the levels; numbers where levels are words; an unknown
        weighting.

    References
    ----------
    Gwet, K. L. (2014). Handbook of Inter-Rater Reliability, 4th ed., section 3.5. ISBN 978-0970806284

    Examples
    --------
    >>> table = LongTable.from_columns([1, 2, 3], ["a"] * 3, [1, 2, 4])
    >>> agreement_weights(table, "linear").tolist()
    [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    >>> agreement_weights(table, "linear", "numbers").round(3).tolist()
    [[1.0, 0.667, 0.0], [0.667, 1.0, 0.333], [0.0, 0.333, 1.0]]
    """
    q = len(table.value.vocab)
    if weighting == "identity" or q < 2:
        return np.eye(q)
    if not table.ordered:
        raise Rejected(f"{weighting} weights need numbers or levels given in order", field="levels")
    place = np.arange(q, dtype=np.float64)
    if weighting == "ordinal":
        apart = np.abs(place[:, None] - place)
        return 1 - (apart + 1) * apart / (q * (q - 1))
    if weighting not in ("linear", "quadratic"):
        raise Rejected(f"{weighting!r} is not a weighting", field="weighting")
    if spacing == "numbers":
        if table.scores is None:
            raise Rejected("the levels are not numbers, so only their places can be weighted", field="value")
        place = table.scores
    apart = np.abs(place[:, None] - place) / np.ptp(place)
    credit: FloatArray = 1 - (apart if weighting == "linear" else np.square(apart))
    return credit
