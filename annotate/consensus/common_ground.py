"""Whether labels show that raters speak of the same thing at all (pure).

Models of raters explain any table of labels, chance included, and are then sure of it. So before one is believed, the
raters have to agree with each other more than chance would have it, or somebody's labels have to go with known answers
(the wrong way round will do).
"""

from __future__ import annotations

import numpy as np

from annotate.consensus.columns import Columns
from annotate.stats.codes import FloatArray, IntArray

# In standard errors; chance alone goes this far once in several hundred tables.
ENOUGH = 3.0


def lacks_ground(columns: Columns, min_gold: int) -> str:
    """Why nothing should be concluded from these votes; empty where something may be."""
    if columns.n_known >= min_gold and max(map(abs, gold_z(columns, min_gold)), default=0.0) >= ENOUGH:
        return ""
    if len(np.unique(columns.codes("level"))) < 2:
        return "Every label is the same, so nothing shows that raters tell levels apart."
    if agreement_z(columns) >= ENOUGH:
        return ""
    return "Raters agree with each other hardly more than by chance."


def agreement_z(columns: Columns) -> float:
    r"""By how many standard errors pairs of votes on one step agree more often than by chance.

    With :math:`n_{ik}` votes for level k on step i and shares :math:`p_k` of all votes,
    :math:`d_i = \sum_k n_{ik} (n_{ik} - 1) - n_i (n_i - 1) \sum_k p_k^2`, it is
    :math:`\sum_i d_i / \sqrt{\sum_i d_i^2}`; 0 where no step has two votes.
    """
    votes = _table(np.unique(columns.codes("step"), return_inverse=True)[1], columns)
    n = votes.sum(axis=1)
    share = votes[n > 1].sum(axis=0) / max(1.0, votes[n > 1].sum())
    excess = (votes * (votes - 1)).sum(axis=1) - n * (n - 1) * (share**2).sum()
    return _ratio(excess)


def gold_z(columns: Columns, least: int) -> list[float]:
    """For every rater with ``least`` known steps: how far their answers go with the known ones, or against them."""
    steps, raters, levels = (columns.codes(name) for name in ("step", "rater", "level"))
    known_steps = np.array(sorted(columns.known), dtype=np.int64)
    answers = np.array([columns.known[step] for step in known_steps.tolist()], dtype=np.int64)
    place = np.minimum(np.searchsorted(known_steps, steps), len(known_steps) - 1)
    is_known = known_steps[place] == steps
    found: list[float] = []
    for rater in np.unique(raters[is_known]).tolist():
        here = is_known & (raters == rater)
        if here.sum() >= least:
            found.append(_together(levels[here], answers[place[here]], len(columns.levels)))
    return found


def _together(said: IntArray, right: IntArray, n_levels: int) -> float:
    """The level's agreement beyond the margins in standard errors, the strongest over the levels."""
    found = [0.0]
    for level in range(n_levels):
        a, b = (said == level).astype(np.float64), (right == level).astype(np.float64)
        found.append(_ratio((a - a.mean()) * (b - b.mean())))
    return max(found, key=abs)


def _table(unit: IntArray, columns: Columns) -> FloatArray:
    k = len(columns.levels)
    size = (int(unit.max()) + 1 if len(unit) else 0) * k
    return np.bincount(unit * k + columns.codes("level"), minlength=size).reshape(-1, k).astype(np.float64)


def _ratio(excess: FloatArray) -> float:
    spread = float(np.sqrt((excess**2).sum()))
    return float(excess.sum()) / spread if spread > 0 else 0.0
