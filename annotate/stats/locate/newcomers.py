"""Raters that a fit has not met: they are taken for one it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import IntArray
from annotate.stats.locate.dependence import Dependence, pair_code
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.model import TABLES


def joined_by(
    fit: LocationFit, like: Sequence[int] | IntArray, family: Sequence[int] | IntArray | None = None
) -> LocationFit:
    """The same fit with further raters at the end, each with the tables of the rater it is taken for.

    A rater without readings has the tables of their kind, so whoever is taken for one of those is taken for an average
    one. `family` names the rater whose family a newcomer is of, an earlier newcomer perhaps; −1, and without it, they
    are a family of their own. Whoever is taken for just that rater is more of the same: what they say depends on the
    rater's readings as those depend on each other, and on all other readings as those do.

    Raises `Rejected` for a rater there is not.

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
    of = np.full(len(taken), -1) if family is None else np.asarray(family, dtype=np.int64)
    if len(of) != len(taken) or (of < -1).any() or (of >= n + np.arange(len(of))).any():
        raise Rejected("there is no such rater", field="family")
    if not len(taken):
        return fit
    rows = np.concatenate([np.arange(n), taken])
    families = model.raters.family.tolist()
    first = max(families, default=-1) + 1
    for number, relative in enumerate(of.tolist()):
        families.append(families[relative] if relative >= 0 else first + number)
    raters = Raters(model.raters.kind[rows], np.array(families, dtype=np.int64))
    same = np.concatenate([np.arange(n), np.where(of == taken, taken, n + np.arange(len(taken)))])
    return replace(
        fit,
        model=replace(
            model,
            raters=raters,
            dependence=_dependence(model.dependence, raters, same),
            **{name: getattr(model, name)[rows] for name in TABLES},
        ),
    )


def _dependence(met: Dependence, raters: Raters, same: IntArray) -> Dependence:
    """The pairs that met, for everybody who is the `same` (n_raters,) as one of the two as well."""
    n, most = len(met.raters), len(raters)
    j, k = np.divmod(met.pair, n)
    code = pair_code(j, k, most)
    pairs = dict(zip(code.tolist(), zip(met.rho.tolist(), met.n_pairs.tolist(), strict=True), strict=True))
    voices: dict[int, list[int]] = {}
    for voice, one in enumerate(same.tolist()):
        voices.setdefault(one, []).append(voice)
    several = [one for one, them in voices.items() if len(them) > 1]
    if not several:
        return Dependence(raters, code, met.rho, met.n_pairs)
    for one in several:
        rho = float(met.of(np.array([one]), np.array([one]))[0])
        pairs |= {_code(a, b, most): (rho, 0.0) for a, b in combinations(voices[one], 2)}
    for at in np.flatnonzero(np.isin(j, several) | np.isin(k, several)).tolist():
        held = pairs[int(code[at])]
        pairs |= {_code(a, b, most): held for a, b in product(voices[int(j[at])], voices[int(k[at])])}
    known = np.array(sorted(pairs), dtype=np.int64)
    found = np.array([pairs[pair] for pair in known.tolist()], dtype=np.float64).reshape(-1, 2)
    return Dependence(raters, known, found[:, 0], found[:, 1])


def _code(one: int, other: int, n: int) -> int:
    return min(one, other) * n + max(one, other)
