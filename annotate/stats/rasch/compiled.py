"""The same passes compiled by numba, where it is installed; the numbers are those of the numpy path."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from annotate.stats.codes import FloatArray

if TYPE_CHECKING:
    from annotate.stats.rasch.ratings import Ratings
    from annotate.stats.rasch.steps import Steps

Pass: TypeAlias = Callable[..., tuple[Any, ...]]
PLAIN = "GRADUS_PLAIN_NUMPY"
"""Environment variable: 1 leaves numba aside even where it is installed."""


def may_compile() -> bool:
    if os.environ.get(PLAIN) == "1":
        return False
    try:
        import numba  # noqa: F401
    except (ImportError, AttributeError):
        # An old coverage package in the same environment makes the import fail with an AttributeError.
        return False
    return True


def compiled_pass() -> Pass | None:
    return _pass if may_compile() else None


def compiled_squares() -> Pass | None:
    return _squares if may_compile() else None


def _pass(
    ratings: Ratings,
    eta: FloatArray,
    steps: Steps,
    variance: FloatArray | None,
    places: FloatArray,
    weights: FloatArray,
) -> tuple[Any, ...]:
    n, (n_scales, n_categories) = len(ratings), steps.sums.shape
    residual, spread, mixed = np.empty(n), np.empty(n), np.empty((n, max(n_categories - 2, 0)))
    step_residual = np.zeros((n_scales, n_categories))
    step_variance = np.zeros((n_scales, n_categories, n_categories))
    total = _kernels().one_pass(
        *_columns(ratings, eta, steps, variance, places, weights),
        residual,
        spread,
        mixed,
        step_residual,
        step_variance,
    )
    return float(total), residual, spread, mixed, step_residual, step_variance


def _squares(
    ratings: Ratings,
    eta: FloatArray,
    steps: Steps,
    variance: FloatArray | None,
    places: FloatArray,
    weights: FloatArray,
) -> tuple[Any, ...]:
    parts = tuple(np.empty(len(ratings)) for _ in range(5))
    _kernels().all_squares(*_columns(ratings, eta, steps, variance, places, weights), *parts)
    return parts


def _columns(
    ratings: Ratings,
    eta: FloatArray,
    steps: Steps,
    variance: FloatArray | None,
    places: FloatArray,
    weights: FloatArray,
) -> tuple[Any, ...]:
    return (
        ratings.value,
        ratings.trials,
        ratings.weight,
        ratings.scale.codes,
        eta,
        np.zeros(1) if variance is None else variance,
        steps.sums,
        np.exp(-steps.sums),
        places,
        weights,
    )


def compiled_turn() -> Callable[..., None] | None:
    """The product of the curvature with a direction (see `curvature`)."""
    return _kernels().turn if may_compile() else None


def _kernels() -> Any:
    from annotate.stats.rasch import kernels

    return kernels
