"""A fit as plain values that JSON can hold, and back: to the last bit, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate import shifts
from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.model import N_CHANNELS, Model
from annotate.stats.locate.prior import N_OUTCOMES, N_PARTS, Prior
from annotate.stats.locate.rollouts import N_GROUPS, REPAIR, RolloutModel
from annotate.stats.locate.signals import N_DIFFICULTIES

# Rises whenever a stored fit would be read as another model than it was.
VERSION = 1


def as_json(fit: LocationFit) -> dict[str, Any]:
    """Lists and numbers; a float stands there with all the digits that make it the same float again.

    Examples
    --------
    >>> from annotate.stats.locate.evidence import Evidence, Reports
    >>> from annotate.stats.locate.fit import locate
    >>> evidence = Evidence.of(
    ...     [3, 3], raters=Raters.of([0, 0]),
    ...     reports=Reports(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 1, 2])))
    >>> fit = locate(evidence)
    >>> again = from_json(as_json(fit))
    >>> bool((again.posterior(evidence).probability == fit.posterior(evidence).probability).all())
    True
    """
    model = fit.model
    return {
        "version": VERSION,
        "raters": {"kind": model.raters.kind.tolist(), "family": model.raters.family.tolist()},
        "prior": {name: getattr(model.prior, name).tolist() for name in ("none", "part", "none_pseudo")},
        "rollouts": {
            "mean": model.rollouts.mean.tolist(),
            "before_weight": float(model.rollouts.before_weight),
            "repair": model.rollouts.repair.tolist(),
            "fading": float(model.rollouts.fading),
            "after_weight": float(model.rollouts.after_weight),
        },
        "shift": model.shift.tolist(),
        "shift_pseudo": model.shift_pseudo.tolist(),
        "verdict": model.verdict.tolist(),
        "verdict_pseudo": model.verdict_pseudo.tolist(),
        "dependence": {name: getattr(model.dependence, name).tolist() for name in ("pair", "rho", "n_pairs")},
        "trust": model.trust.tolist(),
        "n_gold": fit.n_gold,
        "n_others": fit.n_others,
        "history": [list(one) for one in fit.history],
        "assumed": list(fit.assumed),
    }


def from_json(stored: Mapping[str, Any]) -> LocationFit:
    """The fit that was stored. Raises `Rejected` for another version, and for what is no stored fit."""
    if stored.get("version") != VERSION:
        found = stored.get("version", "none")
        raise Rejected(f"is {found}; this program reads fits of version {VERSION}", field="version")
    try:
        return _read(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected(f"is no stored fit: {error!r}", field="fit") from error


def _read(stored: Mapping[str, Any]) -> LocationFit:
    raters = Raters.of(stored["raters"]["kind"], stored["raters"]["family"])
    n = len(raters)
    shift = (n, N_DIFFICULTIES, shifts.NONE + 1, shifts.N_CATEGORIES)
    verdict = (n, N_DIFFICULTIES, 3, 2)
    prior, rollouts, pairs = stored["prior"], stored["rollouts"], stored["dependence"]
    n_pairs = len(pairs["pair"])
    model = Model(
        raters=raters,
        prior=Prior(
            _floats(prior["none"], (N_OUTCOMES, N_DIFFICULTIES)),
            _floats(prior["part"], (N_OUTCOMES, N_DIFFICULTIES, 1, N_PARTS)),
            _floats(prior["none_pseudo"], (2, N_OUTCOMES, N_DIFFICULTIES)),
        ),
        rollouts=RolloutModel(
            _floats(rollouts["mean"], (N_GROUPS,)),
            float(rollouts["before_weight"]),
            _floats(rollouts["repair"], (N_OUTCOMES, len(REPAIR) + 1)),
            float(rollouts["fading"]),
            float(rollouts["after_weight"]),
        ),
        shift=_floats(stored["shift"], shift),
        shift_pseudo=_floats(stored["shift_pseudo"], shift),
        verdict=_floats(stored["verdict"], verdict),
        verdict_pseudo=_floats(stored["verdict_pseudo"], verdict),
        dependence=Dependence(
            raters,
            _codes(pairs["pair"], n),
            _floats(pairs["rho"], (n_pairs,)),
            _floats(pairs["n_pairs"], (n_pairs,)),
        ),
        trust=_floats(stored["trust"], (N_CHANNELS,)),
    )
    history = tuple(tuple(float(one) for one in climbed) for climbed in stored["history"])
    assumed = tuple(str(one) for one in stored["assumed"])
    return LocationFit(model, int(stored["n_gold"]), int(stored["n_others"]), history, assumed)


def _floats(values: Sequence[Any], shape: tuple[int, ...]) -> FloatArray:
    # No rows, no nested lists: there is nothing to take the shape from.
    found = np.array(values, dtype=np.float64).reshape(shape if not shape[0] else np.shape(values))
    if found.shape != shape:
        raise ValueError(f"shape {found.shape} instead of {shape}")
    if not np.isfinite(found).all():
        raise ValueError("a number is not finite")
    return found


def _codes(values: Sequence[int], n: int) -> IntArray:
    found = np.array(values, dtype=np.int64)
    if found.ndim != 1 or (
        len(found) and (found.min() < 0 or found.max() >= n * n or (np.diff(found) <= 0).any())
    ):
        raise ValueError("the pairs of raters are not in order")
    return found
