"""A fit as plain values that JSON can hold, and back: to the last bit, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate import habits, scans, shifts
from annotate.stats.locate.dependence import Dependence
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.manners import SHIFTING
from annotate.stats.locate.model import N_CHANNELS, TABLES, Model
from annotate.stats.locate.prior import N_OUTCOMES, N_PARTS, Prior
from annotate.stats.locate.rollouts import N_GROUPS, REPAIR, RolloutModel
from annotate.stats.locate.signals import N_DIFFICULTIES

# Rises whenever a stored fit would be read as another model than it was.
VERSION = 2
# Fits of the first version know of no manner but reports about the error: they are read as what they were, to the last
# bit.
_ONLY_SHIFTS = 1

_TABLES = tuple(f"{name}{pseudo}" for name in TABLES for pseudo in ("", "_pseudo"))


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
        **{name: getattr(model, name).tolist() for name in _TABLES},
        "dependence": {name: getattr(model.dependence, name).tolist() for name in ("pair", "rho", "n_pairs")},
        "trust": model.trust.tolist(),
        "n_gold": fit.n_gold,
        "n_others": fit.n_others,
        "history": [list(one) for one in fit.history],
        "assumed": list(fit.assumed),
    }


def from_json(stored: Mapping[str, Any]) -> LocationFit:
    """The fit that was stored. Raises `Rejected` for an unknown version, and for what is no stored fit."""
    version = stored.get("version", "none")
    if version not in (_ONLY_SHIFTS, VERSION):
        known = f"{_ONLY_SHIFTS} and {VERSION}"
        raise Rejected(f"is {version}; this program reads fits of versions {known}", field="version")
    try:
        if version == _ONLY_SHIFTS:
            stored = {**stored, **_no_other_manner(stored)}
        return _read(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected(f"is no stored fit: {error!r}", field="fit") from error


def _read(stored: Mapping[str, Any]) -> LocationFit:
    raters = Raters.of(stored["raters"]["kind"], stored["raters"]["family"])
    n = len(raters)
    rows = {
        "shift": (shifts.NONE + 1, shifts.N_CATEGORIES),
        "scan": (scans.N_ROWS, 2),
        "habit": (1, habits.N_CATEGORIES),
        "manner": (1, 3),
        "verdict": (3, 2),
    }
    tables: dict[str, Any] = {
        name: _floats(stored[name], (n, N_DIFFICULTIES, *rows[name.removesuffix("_pseudo")]))
        for name in _TABLES
    }
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
        dependence=Dependence(
            raters,
            _codes(pairs["pair"], n),
            _floats(pairs["rho"], (n_pairs,)),
            _floats(pairs["n_pairs"], (n_pairs,)),
        ),
        trust=_floats(stored["trust"], (N_CHANNELS,)),
        **tables,
    )
    history = tuple(tuple(float(one) for one in climbed) for climbed in stored["history"])
    assumed = tuple(str(one) for one in stored["assumed"])
    return LocationFit(model, int(stored["n_gold"]), int(stored["n_others"]), history, assumed)


def _no_other_manner(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The tables that a fit lacks which knows only reports about the error."""
    assumed = Model.assumed(Raters.of(stored["raters"]["kind"]))
    only = np.zeros_like(assumed.manner)
    only[..., SHIFTING] = 1.0
    tables = replace(assumed, manner=only)
    lacking = (name for name in _TABLES if name not in stored)
    return {name: getattr(tables, name).tolist() for name in lacking}


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
