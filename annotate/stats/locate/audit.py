"""A small random audit that says how wrong what was kept is, whatever the model thinks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, IntArray
from annotate.stats.f_distribution import f_quantile

_LEAST, _MOST = 0.02, 0.05
_NORMAL = 1.959964


def audit_sample(n_traces: int, *, share: float = 0.03, seed: int) -> BoolArray:
    """(n_traces,) Which traces people read although nobody doubts them: each with probability `share`, independently.

    Raises `Rejected` for a share out of 2 to 5 %.

    Examples
    --------
    >>> int(audit_sample(10_000, share=0.03, seed=1).sum())
    291
    """
    if not _LEAST <= share <= _MOST:
        raise Rejected("must lie between 0.02 and 0.05", field="share")
    return np.asarray(np.random.default_rng(seed).random(n_traces) < share)


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """`error`: share of wrong steps among those kept; `low` and `high` at 95 %. None with a `reason`.

    They are of the `n_steps` that were answered, in `n_traces` with the `n_open` left open. `least` and `most` are the
    limits, at 95 %, were every open one right, and were every one wrong.
    """

    error: float | None
    low: float | None
    high: float | None
    n_traces: int
    n_steps: int
    reason: str | None
    n_open: int = 0
    least: float | None = None
    most: float | None = None


def audited_error(trace: IntArray, is_wrong: BoolArray, is_open: BoolArray | None = None) -> AuditEstimate:
    r"""From the kept steps of audited traces: their traces, whether each is wrong, and whether that was left open.

    .. math:: \hat\epsilon = \frac{\sum_{i \in S} w_i a_i / \pi}{\sum_{i \in S} a_i / \pi}

    (Hájek 1971) over the answered steps, a = 1. Every trace has the same chance π to be drawn, so it cancels, and so
    does how many of those drawn have been read. The bias is of the order of one over the traces. What is open is taken
    to be as often wrong as what was answered; `least` and `most` do without that.

    The interval is Clopper and Pearson's on the number of steps deflated by how alike the steps of a trace are, and by
    how few traces say so (Korn & Graubard 1998); without a wrong step they are taken to be wholly alike, so a trace
    counts as one observation.

    Raises `Rejected` for columns of different lengths.

    References
    ----------
    Hájek, J. (1971). Comment on an essay by D. Basu. In Godambe & Sprott (eds), Foundations of Statistical Inference,
    236. Toronto: Holt, Rinehart and Winston.
    Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24, 193-201.

    Examples
    --------
    >>> found = audited_error(np.repeat(np.arange(100), 5), np.arange(500) < 5)
    >>> found.error, found.low < 0.01 < found.high
    (0.01, True)
    """
    opened = np.zeros(len(trace), dtype=np.bool_) if is_open is None else is_open
    if not len(trace) == len(is_wrong) == len(opened):
        raise Rejected("columns have different lengths", field="is_wrong")
    n_traces, n_open = len(np.unique(trace)), int(opened.sum())
    if n_open == len(trace):
        reason = "every kept step that was audited was left open" if n_open else "no kept step was audited"
        return AuditEstimate(None, None, None, n_traces, 0, reason, n_open)
    answered = ~opened
    wrong = is_wrong & answered
    low, high = _limits(trace[answered], wrong[answered])
    error = float(wrong[answered].mean())
    least, most = low, high
    if n_open:
        least, most = min(low, _limits(trace, wrong)[0]), max(high, _limits(trace, wrong | opened)[1])
    return AuditEstimate(error, low, high, n_traces, int(answered.sum()), None, n_open, least, most)


def _limits(trace: IntArray, is_wrong: BoolArray) -> tuple[float, float]:
    _, owner, size = np.unique(trace, return_inverse=True, return_counts=True)
    wrong, n_steps, n_traces = np.bincount(owner, is_wrong), len(trace), len(size)
    rate = float(wrong.sum() / n_steps)
    n = float(n_traces)
    if 0 < rate < 1 and n_traces > 1:
        spread = float(((wrong - rate * size) ** 2).sum()) * n_traces / (n_traces - 1)
        design = max(spread / (n_steps * rate * (1 - rate)), 1.0)
        # The square of Student's t, beside that of the normal distribution.
        few = f_quantile(0.95, 1, n_traces - 1) / _NORMAL**2
        n = n_steps / (design * few)
    k = rate * n
    low = _beta_quantile(0.025, k, n - k + 1) if rate > 0 else 0.0
    high = _beta_quantile(0.975, k + 1, n - k) if rate < 1 else 1.0
    return low, high


def _beta_quantile(share: float, a: float, b: float) -> float:
    odds = f_quantile(share, 2 * a, 2 * b) * a / b
    return odds / (1 + odds) if odds < math.inf else 1.0
