"""Raters that a fit has not met: they are taken for one it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import IntArray
from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.fit import LocationFit


def joined_by(fit: LocationFit, like: Sequence[int] | IntArray) -> LocationFit:
    """The same fit with further raters at the end, each with the tables of the rater it is taken for.

    A rater without readings has the tables of their kind, so whoever is taken for one of those is taken for an average
    one. Newcomers are families of their own. Raises `Rejected` for a rater there is not.

    Examples
    --------
    >>> from annotate.stats.locate.evidence import Evidence, Reports
    >>> from annotate.stats.locate.fit import locate
    >>> fit = locate(Evidence.of([2], raters=Raters.of([0, 1])))
    >>> joined_by(fit, [1, 1]).model.raters.kind.tolist()
    [0, 1, 1, 1]
    """
    taken = np.asarray(like, dtype=np.int64)
    model = fit.model
    n = len(model.raters)
    if len(taken) and (taken.min() < 0 or taken.max() >= n):
        raise Rejected("there is no such rater", field="like")
    if not len(taken):
        return fit
    rows = np.concatenate([np.arange(n), taken])
    first = int(model.raters.family.max(initial=-1)) + 1
    raters = Raters(
        model.raters.kind[rows],
        np.concatenate([model.raters.family, first + np.arange(len(taken))]),
    )
    j, k = np.divmod(model.dependence.pair, n)
    pairs = model.dependence
    return replace(
        fit,
        model=replace(
            model,
            raters=raters,
            shift=model.shift[rows],
            shift_pseudo=model.shift_pseudo[rows],
            verdict=model.verdict[rows],
            verdict_pseudo=model.verdict_pseudo[rows],
            dependence=Dependence(raters, j * len(raters) + k, pairs.rho, pairs.n_pairs),
        ),
    )
