"""Multinomials of which some categories are out of reach, as places before the first step are."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray

_LEAST = 1e-12


def log_reachable(table: FloatArray, row: IntArray, reachable: BoolArray) -> FloatArray:
    r"""(…, n_states, n_categories) log-probabilities in every state.

    .. math:: \log \frac{\theta_{b(s) c}}{\sum_{c' \in R_s} \theta_{b(s) c'}}

    `table` is (…, n_rows, n_categories), `row` (n_states,) the row b(s) a state reads, `reachable` (n_states,
    n_categories) its set R. Out of reach stands 0, which is never read.
    """
    theta = table[..., row, :]
    total = (theta * reachable).sum(axis=-1, keepdims=True)
    return np.where(reachable, np.log(np.maximum(theta, _LEAST)) - np.log(np.maximum(total, _LEAST)), 0.0)


def raised(
    counts: FloatArray, table: FloatArray, prior: FloatArray, row: IntArray, reachable: BoolArray
) -> FloatArray:
    """The next table, from counts (…, n_states, n_categories), those that being out of reach has hidden, and a prior.

    Each draw in a state stands for 1/S draws of which 1 − S fell out of reach, S being what is within reach: EM with
    the refused draws as missing data (Dempster, Laird & Rubin 1977, section 4.2), so the likelihood never falls.
    """
    theta = table[..., row, :]
    within = (theta * reachable).sum(axis=-1, keepdims=True)
    hidden = counts.sum(axis=-1, keepdims=True) * theta / np.maximum(within, _LEAST)
    full = np.where(reachable, counts, hidden)
    found = prior.copy()
    for state, at in enumerate(row.tolist()):
        found[..., at, :] += full[..., state, :]
    return np.asarray(found / found.sum(axis=-1, keepdims=True))
