"""Chances corrected for how many of them were looked at."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Adjusted so that the chance of one false alarm or more stays below the level; NaN stays, and counts for none.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6, 65-70.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    out, order, sorted_p = _ranked(p)
    n = len(sorted_p)
    out[order] = np.minimum(np.maximum.accumulate(sorted_p * (n - np.arange(n))), 1.0)
    return out


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjusted so that the share of false ones among those below the level stays below it; NaN stays.

    References
    ----------
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
    doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    out, order, sorted_p = _ranked(p)
    n = len(sorted_p)
    raised = (sorted_p * n / np.arange(1, n + 1))[::-1]
    out[order] = np.minimum(np.minimum.accumulate(raised), 1.0)[::-1]
    return out


def _ranked(p: FloatArray) -> tuple[FloatArray, np.ndarray, FloatArray]:
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    return np.full(len(p), np.nan), order, p[order]
