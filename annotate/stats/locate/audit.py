"""A small random audit that says how wrong what was kept is, whatever the model thinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.confusion import wilson_limits
from annotate.stats.codes import BoolArray, IntArray

_LEAST, _MOST = 0.02, 0.05


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
    """`error`: share of wrong steps among those kept, unbiased; `low` and `high` at 95 %. None with a `reason`."""

    error: float | None
    low: float | None
    high: float | None
    n_traces: int
    n_steps: int
    reason: str | None


def audited_error(trace: IntArray, is_wrong: BoolArray, *, share: float, n_kept: int) -> AuditEstimate:
    r"""From the kept steps of audited traces: their traces, and whether each turned out to be wrong.

    .. math:: \hat\epsilon = \frac{1}{N} \sum_{i \in S} w_i / \pi

    (Horvitz & Thompson 1952) with N steps kept in all and an inclusion probability π known beforehand. The interval is
    Wilson's on the number of steps deflated by how alike the steps of a trace are; without a wrong step they are taken
    to be wholly alike, so a trace counts as one observation.

    Raises `Rejected` for an inclusion probability out of (0, 1], or more audited steps than were kept.

    References
    ----------
    Horvitz, D. G. & Thompson, D. J. (1952). A generalization of sampling without replacement from a finite universe.
    JASA 47, 663-685. doi:10.1080/01621459.1952.10483446

    Examples
    --------
    >>> found = audited_error(np.repeat(np.arange(100), 5), np.arange(500) < 5, share=0.05, n_kept=10_000)
    >>> found.error, found.low < 0.01 < found.high
    (0.01, True)
    """
    if not 0 < share <= 1:
        raise Rejected("must lie between 0 and 1", field="share")
    if len(trace) > n_kept:
        raise Rejected("more steps were audited than kept", field="n_kept")
    if not len(trace):
        return AuditEstimate(None, None, None, 0, 0, "no kept step was audited")
    _, owner, size = np.unique(trace, return_inverse=True, return_counts=True)
    wrong = np.bincount(owner, is_wrong)
    n_steps, rate = len(trace), float(wrong.sum() / len(trace))
    if 0 < rate < 1:
        spread = float(((wrong - rate * size) ** 2).sum())
        design = max(spread / (n_steps * rate * (1 - rate)), 1.0)
    else:
        design = n_steps / len(size)
    low, high = wilson_limits(np.array([rate * n_steps / design]), np.array([n_steps / design]))
    estimate = float(is_wrong.sum() / share / n_kept)
    return AuditEstimate(estimate, float(low[0]), float(high[0]), len(size), n_steps, None)
