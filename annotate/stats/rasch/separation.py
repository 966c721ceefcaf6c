"""Whether the elements of a facet differ by more than their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.chi_square import chi_square_tail
from annotate.stats.codes import FloatArray


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """``df`` degrees of freedom; ``p`` is the chance of a larger value."""

    value: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Separation under one variance of the measures (``sd``).

    ``true_sd`` is what is left of it without error, 0 where the errors explain it all.
    """

    sd: float
    true_sd: float
    separation: float
    strata: float
    reliability: float


@dataclass(frozen=True, slots=True)
class Separation:
    """Summary of the measures of a facet.

    Attributes
    ----------
    n : int
        Elements with a measure and an error.
    mean, rmse : float
        Logits.
    population, sample : Spread
        With the variance over n, and over n − 1 (Facets prints both).
    real : Spread
        Over n, with errors widened by misfit.
    fixed : ChiSquare
        Are all elements equal?
    random : ChiSquare or None
        Could they be draws of a normal distribution? None for fewer than three elements.
    """

    n: int
    mean: float
    rmse: float
    population: Spread
    sample: Spread
    real: Spread
    fixed: ChiSquare
    random: ChiSquare | None


def separation_of(
    measures: FloatArray, errors: FloatArray, real: FloatArray, *, is_shrunken: bool = False
) -> Separation | None:
    r"""Compare observed with error variance; None for fewer than two elements with a measure.

    :math:`RMSE^2 = \overline{SE^2}`, :math:`G = \sqrt{S^2 / RMSE^2 - 1}`, strata :math:`(4 G + 1) / 3`, reliability
    :math:`1 - RMSE^2 / S^2`. Fixed: :math:`\sum w d^2 - (\sum w d)^2 / \sum w` with :math:`w = 1 / SE^2` and L − 1
    degrees of freedom; random: the same with :math:`w = 1 / (SE^2 + S^2)`, L − 2 degrees and the sample variance.

    Posterior means (``is_shrunken``) have lost the error variance already: their own variance is the true one.

    References
    ----------
    Wright, B. D. & Masters, G. N. (1982). Rating Scale Analysis, pp. 91-106. MESA Press.
    """
    known = np.isfinite(measures) & np.isfinite(errors)
    d, se = measures[known], errors[known]
    if len(d) < 2:
        return None
    widened = np.where(np.isfinite(real[known]), real[known], se)
    sample = float(d.var(ddof=1))
    mean_square = float(np.square(se).mean())
    return Separation(
        len(d),
        float(d.mean()),
        float(np.sqrt(mean_square)),
        _spread(float(d.var()), mean_square, is_shrunken),
        _spread(sample, mean_square, is_shrunken),
        _spread(float(d.var()), float(np.square(widened).mean()), is_shrunken),
        _heterogeneity(d, 1 / np.square(se), len(d) - 1),
        _heterogeneity(d, 1 / (np.square(se) + sample), len(d) - 2) if len(d) > 2 else None,
    )


def _spread(variance: float, error: float, is_shrunken: bool) -> Spread:
    true = variance if is_shrunken else max(0.0, variance - error)
    total = true + error if is_shrunken else variance
    g = float(np.sqrt(true / error)) if error > 0 else float("inf")
    reliability = true / total if total > 0 else 0.0
    return Spread(float(np.sqrt(total)), float(np.sqrt(true)), g, (4 * g + 1) / 3, reliability)


def _heterogeneity(d: FloatArray, weight: FloatArray, df: int) -> ChiSquare:
    value = float((weight * d * d).sum() - np.square((weight * d).sum()) / weight.sum())
    return ChiSquare(value, df, chi_square_tail(value, df))
