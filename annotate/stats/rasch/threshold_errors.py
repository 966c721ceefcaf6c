"""Standard errors of thresholds, each with everything else held."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import expected_of
from annotate.stats.rasch.steps import Steps

_BLOCK = 1 << 15


def threshold_errors(design: Design, measures: FloatArray, steps: Steps) -> FloatArray:
    r"""(G, K) errors :math:`1 / \sqrt{\sum w P(x \ge k)(1 - P(x \ge k))}`; NaN for k = 0 and unused categories."""
    ratings = design.ratings
    eta = design.spread(measures)
    n_scales, n_categories = steps.sums.shape
    information = np.zeros((n_scales, n_categories))
    for start in range(0, len(ratings), _BLOCK):
        part = slice(start, start + _BLOCK)
        _, _, chance = expected_of(ratings, eta[part], steps, part)
        above = chance[:, ::-1].cumsum(axis=1)[:, ::-1]
        weight = ratings.weight[part] * (ratings.trials[part] == 0)
        for k in range(1, n_categories):
            both = weight * above[:, k] * (1 - above[:, k])
            information[:, k] += np.bincount(ratings.scale.codes[part], both, n_scales)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(steps.used & (information > 0), 1 / np.sqrt(information), np.nan))
