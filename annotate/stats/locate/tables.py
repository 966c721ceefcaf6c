"""Every rater's table of probabilities leans on the raters of their kind, and those on what is assumed."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import FloatArray, IntArray

# Readings for which counts: what is assumed, for a kind; the kind, for a rater; a rater, for one difficulty.
_ASSUMPTION, _KIND, _RATER = 30.0, 12.0, 25.0
# No rater's row counts more than this for their kind: one tireless spammer is not what people are like.
_LOUDEST = 50.0


def pseudo_counts(
    counts: FloatArray | None, assumed: FloatArray, kind: IntArray, n_difficulties: int
) -> FloatArray:
    """(n_raters, n_difficulties, n_rows, n_categories) Dirichlet pseudo-counts.

    `counts` has that shape (None before anything was counted), `assumed` (n_kinds, n_rows, n_categories) adds up to 1.
    """
    shape = (len(kind), n_difficulties, *assumed.shape[1:])
    if counts is None:
        return np.array(np.broadcast_to(_KIND * assumed[kind][:, None], shape))
    of_rater = counts.sum(axis=1)
    heard = of_rater.sum(axis=-1, keepdims=True)
    capped = of_rater * np.minimum(1.0, _LOUDEST / np.maximum(heard, 1e-9))
    pooled = _ASSUMPTION * assumed
    np.add.at(pooled, kind, capped)
    of_kind = pooled / pooled.sum(axis=-1, keepdims=True)
    leaning = of_rater + _KIND * of_kind[kind]
    own = leaning / leaning.sum(axis=-1, keepdims=True)
    # With one difficulty there is nothing between a rater and their readings.
    if n_difficulties == 1:
        return np.asarray(_KIND * of_kind[kind][:, None])
    return np.array(np.broadcast_to(_RATER * own[:, None], shape))
