"""Shares of steps with intervals that know that the steps of one trace go together (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.stats.aggregate.confusion import wilson_limits
from annotate.stats.codes import FloatArray, IntArray

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """``k`` of ``n`` steps of ``traces`` traces. Without steps there is no value, and no limits."""

    k: int
    n: int
    traces: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None

    def as_json(self) -> dict[str, Any]:
        return {
            "k": self.k,
            "n": self.n,
            "traces": self.traces,
            "value": self.value,
            "low": self.low,
            "high": self.high,
        }


def rate_of(hit: IntArray, seen: IntArray) -> Rate:
    """The share of hits; one entry of each per trace."""
    return rates_of(hit[:, None], seen[:, None])[0]


def rates_of(hit: IntArray, seen: IntArray) -> list[Rate]:
    r"""(traces, m) counts of hits and of steps, as m shares with Wilson intervals at 95 % and a design effect.

    The interval is Wilson's for :math:`n / d` steps, where d says how much less n steps of whole traces tell than n
    drawn one by one:

    .. math:: d = \frac{T}{T - 1} \frac{\sum_i (k_i - p n_i)^2}{n p (1 - p)}

    It is never taken below 1, nor below what the correlation within traces of the column with most steps would give,
    :math:`1 + (\bar n - 1) \rho`: where hardly anything is hit, hardly anything shows how it clusters. Where nothing
    (or everything) is hit in any column a trace counts as one observation.

    Kish, L. (1965). Survey Sampling. doi:10.1002/bimj.19680100122; Wilson as in `annotate.stats.accuracy`.

    Examples
    --------
    >>> rate_of(np.array([0, 1, 0, 0]), np.array([5, 5, 5, 5])).value
    0.05
    """
    k, n = hit.sum(axis=0).astype(np.float64), seen.sum(axis=0).astype(np.float64)
    traces = (seen > 0).sum(axis=0)
    effect = _design_effects(hit, seen, k, n, traces)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = n / effect
        low, high = wilson_limits(np.where(n > 0, k / effect, 0.0), effective, level=LEVEL)
    return [
        Rate(
            int(k[m]),
            int(n[m]),
            int(traces[m]),
            # Rounding would put these two limits a hair away from 0 and 1.
            None if n[m] == 0 else 0.0 if k[m] == 0 else float(low[m]),
            None if n[m] == 0 else 1.0 if k[m] == n[m] else float(high[m]),
        )
        for m in range(len(k))
    ]


def _design_effects(
    hit: IntArray, seen: IntArray, k: FloatArray, n: FloatArray, traces: IntArray
) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        apart = np.square(hit - p * seen).sum(axis=0)
        own = traces / (traces - 1) * apart / (n * p * (1 - p))
        size = n / traces
    own = np.where(np.isfinite(own), own, np.nan)
    widest = int(np.argmax(n)) if len(n) else 0
    if len(n) and np.isfinite(own[widest]) and size[widest] > 1:
        alike = np.clip((own[widest] - 1) / (size[widest] - 1), 0.0, 1.0)
    else:
        alike = 1.0
    least = 1 + (np.nan_to_num(size, nan=1.0) - 1) * alike
    return np.asarray(np.maximum(np.fmax(own, least), 1.0))
