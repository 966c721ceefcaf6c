"""How much risk may be kept automatically, with a guarantee from held-out gold.

Both rules assume that the gold traces are exchangeable with those the threshold is used for, and that the posterior was
not fitted to their answers. Neither assumes that the posterior is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.sums import sums

ASSUMPTION = "gold traces are exchangeable with the rest, and the posterior has not seen their answers"
# Bets of a gambler who believes that what is kept is good enough, as shares of the largest allowed.
_BETS: FloatArray = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])


@dataclass(frozen=True, slots=True)
class Threshold:
    """Keep steps of a risk up to `risk`; None with a `reason` where no threshold can be defended."""

    risk: float | None
    n_traces: int
    error: float | None
    kept: float | None
    assumption: str
    reason: str | None


def conformal_threshold(
    risk: FloatArray, is_wrong: BoolArray, trace: IntArray, *, error: float = 0.02
) -> Threshold:
    r"""The largest threshold whose kept *and* wrong share of a trace's steps is at most `error` in expectation.

    .. math:: \hat\lambda = \sup\{\lambda : \tfrac{n}{n+1} \hat R_n(\lambda) + \tfrac{1}{n+1} \le \alpha\}

    The loss of a trace, its steps kept and wrong over all its steps, rises with the threshold. `risk`, `is_wrong` and
    `trace` have one entry per step of a gold trace; a step that would not be kept at any threshold has risk above 1.

    Raises `Rejected` for an error out of (0, 1), `NotEstimable` without traces.

    References
    ----------
    Angelopoulos, A. N., Bates, S., Fisch, A., Lei, L. & Schuster, T. (2022). Conformal risk control. arXiv:2208.02814

    Examples
    --------
    >>> risk, trace = np.tile([0.01, 0.3], 100), np.repeat(np.arange(100), 2)
    >>> conformal_threshold(risk, np.tile([False, True], 100), trace).risk
    0.01
    """
    n, size, grid = _checked(risk, trace, error)
    share = 1 / size[trace]
    order = np.argsort(risk, kind="stable")
    total = np.cumsum((is_wrong * share)[order])
    last = np.searchsorted(risk[order], grid, side="right") - 1
    loss = total[last] / n
    fits = grid[(n * loss + 1) / (n + 1) <= error]
    if not len(fits):
        reason = f"{n} gold traces cannot show an error of {error:g}: 1 / (n + 1) is more, or the best steps are wrong"
        return Threshold(None, n, None, None, ASSUMPTION, reason)
    return _threshold(float(fits[-1]), risk, is_wrong, n)


def certified_threshold(
    risk: FloatArray, is_wrong: BoolArray, trace: IntArray, *, error: float = 0.02, doubt: float = 0.1
) -> Threshold:
    r"""The largest threshold at which, but with probability `doubt`, at most `error` of what is kept is wrong.

    Thresholds are tried in turn, from the strictest that flawless steps could defend, and the first that cannot be ends
    it (fixed sequence). Each is tested by betting on :math:`X_i = (\alpha k_i - w_i) / M`, kept and wrong steps of
    trace i:

    .. math:: \frac{1}{B} \sum_b \prod_i (1 + b X_i) \ge 1 / \delta

    has probability at most δ where the error among the kept is α or more.

    Raises `Rejected` for an error or doubt out of (0, 1), `NotEstimable` without traces.

    References
    ----------
    Angelopoulos, A. N., Bates, S., Candès, E. J., Jordan, M. I. & Lei, L. (2021). Learn then test. arXiv:2110.01052
    Waudby-Smith, I. & Ramdas, A. (2024). Estimating means of bounded random variables by betting. JRSS B 86, 1-27.
    doi:10.1093/jrsssb/qkad009

    Examples
    --------
    >>> risk, trace = np.tile([0.01, 0.3], 400), np.repeat(np.arange(400), 2)
    >>> certified_threshold(risk, np.tile([False, True], 400), trace).risk
    0.01
    """
    n, size, grid = _checked(risk, trace, error)
    if not 0 < doubt < 1:
        raise Rejected("must lie between 0 and 1", field="doubt")
    most = float(size.max())
    best: float | None = None
    for at in _quantiles(grid):
        is_kept = risk <= at
        kept = sums(trace[is_kept], np.ones(int(is_kept.sum())), n)
        wrong = sums(trace[is_kept], is_wrong[is_kept], n)
        # The sequence begins where flawless steps would be enough; that looks at no answer.
        if not _is_shown(error * kept / most, error, doubt):
            continue
        if not _is_shown((error * kept - wrong) / most, error, doubt):
            break
        best = float(at)
    if best is None:
        reason = f"{n} gold traces do not show that any kept set has an error of at most {error:g}"
        return Threshold(None, n, None, None, ASSUMPTION, reason)
    return _threshold(best, risk, is_wrong, n)


def _is_shown(gain: FloatArray, error: float, doubt: float) -> bool:
    wealth = np.log1p(_BETS[:, None] / (1 - error) * gain[None, :]).sum(axis=1)
    top = wealth.max()
    return bool(top + np.log(np.exp(wealth - top).mean()) >= -np.log(doubt))


def _threshold(at: float, risk: FloatArray, is_wrong: BoolArray, n: int) -> Threshold:
    is_kept = risk <= at
    return Threshold(at, n, float(is_wrong[is_kept].mean()), float(is_kept.mean()), ASSUMPTION, None)


def _checked(risk: FloatArray, trace: IntArray, error: float) -> tuple[int, FloatArray, FloatArray]:
    if not 0 < error < 1:
        raise Rejected("must lie between 0 and 1", field="error")
    if not len(trace):
        raise NotEstimable("No gold trace was held out: nothing can be guaranteed.")
    size = np.bincount(trace).astype(np.float64)
    if (size == 0).any():
        raise Rejected("traces must be numbered without gaps", field="trace")
    grid = np.unique(risk[risk <= 1])
    return len(size), size, grid


def _quantiles(grid: FloatArray, most: int = 200) -> FloatArray:
    return grid if len(grid) <= most else grid[np.linspace(0, len(grid) - 1, most).astype(np.int64)]
