"""How right a method is where the answer is known, and whether its probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.stats.aggregate.confusion import wilson_limits
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.calibration import brier_score, calibration_error
from annotate.stats.codes import FloatArray, IntArray, is_missing

# A probability of 0 for the right answer costs as much as one of this; such items are counted.
_LEAST = 1e-15


@dataclass(frozen=True, slots=True)
class GoldScore:
    """One method against gold; every number is None with a `reason` where no item can be compared.

    Attributes
    ----------
    method : str
    n : int
        Items compared: in the fit, with a gold answer, and not given to the method as known.
    n_not_labelled : int
        Gold answers for items the fit does not have.
    n_tied : int
        Items compared for which levels tie; the right one among t of them counts 1 / t.
    accuracy, low, high : float or None
        Share of right labels, with a Wilson interval.
    log_loss : float or None
        Mean of −log(probability of the gold answer), probabilities held above 1e-15.
    n_impossible : int
        Items whose gold answer had a smaller probability than that.
    brier : float or None
        Mean over items of Σ (probability − [level is gold])², summed over levels: 0 at best, 2 at worst.
    calibration_error : float or None
        Of the label's probability against its being right, over bins of equal mass (`calibration.calibration_error`).
    """

    method: str
    n: int
    n_not_labelled: int
    n_tied: int
    accuracy: float | None
    low: float | None
    high: float | None
    log_loss: float | None
    n_impossible: int
    brier: float | None
    calibration_error: float | None
    reason: str | None


def against_gold(
    fits: Sequence[AggregateFit], gold: Mapping[Hashable, Hashable], *, level: float = 0.95, bins: int = 10
) -> tuple[GoldScore, ...]:
    """Score methods beside each other on the same gold.

    Parameters
    ----------
    fits : sequence of AggregateFit
    gold : mapping
        Answer per item, or per (item, criterion). None and NaN mean that it is not known. An answer that is no level of
        a fit is one the method could not give: it is wrong there.
    level : float
        Coverage of the accuracy's interval, which takes items as independent.
    bins : int
        Bins of the calibration error.

    Raises
    ------
    Rejected
        An impossible `level`.

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78, 1-3.
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2

    Examples
    --------
    >>> from annotate.stats.aggregate.majority import majority
    >>> from annotate.stats.table import LongTable
    >>> table = LongTable.from_columns(item=[1, 1, 2, 2], rater=["a", "b"] * 2, value=["x", "x", "x", "y"])
    >>> (score,) = against_gold([majority(table)], {1: "x", 2: "y", 3: "y"})
    >>> score.n, score.accuracy, score.n_tied, score.n_not_labelled
    (2, 0.75, 1, 1)
    """
    answers = {unit: answer for unit, answer in gold.items() if not is_missing(answer)}
    return tuple(_score(fit, answers, level, bins) for fit in fits)


def _score(fit: AggregateFit, gold: Mapping[Hashable, Hashable], level: float, bins: int) -> GoldScore:
    row, answer = _compared(fit, gold)
    n, n_found = len(row), sum(unit in gold for unit in fit.units)
    if not n:
        reason = "no gold answer is given" if not gold else "no item with a gold answer is left to compare"
        absent = len(gold) - n_found
        return GoldScore(fit.method, 0, absent, 0, None, None, None, None, 0, None, None, reason)
    posterior, best = fit.posterior[row], fit.is_best[row]
    is_gold = np.arange(posterior.shape[1]) == answer[:, None]
    right = (best & is_gold).sum(axis=1) / best.sum(axis=1)
    accuracy = float(right.mean())
    low, high = wilson_limits(np.array([right.sum()]), np.array([float(n)]), level=level)
    chance = (posterior * is_gold).sum(axis=1)
    return GoldScore(
        method=fit.method,
        n=n,
        n_not_labelled=len(gold) - n_found,
        n_tied=int((best.sum(axis=1) > 1).sum()),
        accuracy=accuracy,
        low=float(low[0]),
        high=float(high[0]),
        log_loss=float(-np.log(np.maximum(chance, _LEAST)).mean()),
        n_impossible=int((chance < _LEAST).sum()),
        brier=_brier(posterior, is_gold.astype(np.float64)),
        calibration_error=calibration_error(np.minimum(posterior.max(axis=1), 1.0), right, bins=bins),
        reason=None,
    )


def _compared(fit: AggregateFit, gold: Mapping[Hashable, Hashable]) -> tuple[IntArray, IntArray]:
    """Rows to compare, and the place of their gold answers among the levels (-1 where it is no level)."""
    place = {level: code for code, level in enumerate(fit.levels)}
    pairs = [
        (row, place.get(gold[unit], -1))
        for row, (unit, is_known) in enumerate(zip(fit.units, fit.is_known.tolist(), strict=True))
        if unit in gold and not is_known
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _brier(posterior: FloatArray, is_gold: FloatArray) -> float:
    """An answer that is no level adds the 1 its own term would."""
    missing = 1 - float(is_gold.sum(axis=1).mean())
    per_level = brier_score(np.minimum(posterior, 1.0).ravel(), is_gold.ravel())
    return float(per_level * posterior.shape[1] + missing)
