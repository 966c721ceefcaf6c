"""Whether labels show that raters speak of the same thing at all (pure).

Models of raters explain any table of labels, chance included, and are then sure of it. So before one is believed, the
raters have to agree with each other more than chance would have it, or somebody's labels have to go with known answers
(the wrong way round will do).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annotate.consensus.columns import Columns
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.sums import sums

# In standard errors; chance alone goes this far once in several hundred tables.
ENOUGH = 3.0


def lacks_ground(columns: Columns, min_gold: int, family: Mapping[int, str] | None = None) -> str:
    """Why nothing should be concluded from these votes; empty where something may be.

    That raters of one ``family`` agree with each other shows nothing.
    """
    if columns.n_known >= min_gold and max(map(abs, gold_z(columns, min_gold)), default=0.0) >= ENOUGH:
        return ""
    if len(np.unique(columns.codes("level"))) < 2:
        return "Every label is the same, so nothing shows that raters tell levels apart."
    if agreement_z(columns, family or {}) >= ENOUGH:
        return ""
    return "Raters agree with each other hardly more than by chance."


def agreement_z(columns: Columns, family: Mapping[int, str] | None = None) -> float:
    r"""By how many standard errors pairs of votes on one step agree more often than by chance.

    With :math:`n_{ifk}` votes of family f for level k on step i, a dot for a sum, and shares :math:`p_k` of all votes
    on steps that two families speak of, :math:`d_i = \sum_k (n_{i.k}^2 - \sum_f n_{ifk}^2) - (n_{i..}^2 - \sum_f
    n_{if.}^2) \sum_k p_k^2`, it is :math:`\sum_i d_i / \sqrt{\sum_i d_i^2}`; 0 where no step has two. Whoever has no
    family is one of their own.
    """
    step = np.unique(columns.codes("step"), return_inverse=True)[1]
    raters, rater = np.unique(columns.codes("rater"), return_inverse=True)
    numbers: dict[object, int] = {}
    kin = np.array(
        [numbers.setdefault((family or {}).get(one, one), len(numbers)) for one in raters.tolist()],
        dtype=np.int64,
    )
    together, of_kin = np.unique(step * max(len(numbers), 1) + kin[rater], return_inverse=True)
    votes, by_kin = _table(step, columns), _table(of_kin, columns)
    at = together // max(len(numbers), 1)
    pairs = votes.sum(axis=1) ** 2 - sums(at, by_kin.sum(axis=1) ** 2, len(votes))
    alike = (votes**2).sum(axis=1) - sums(at, (by_kin**2).sum(axis=1), len(votes))
    share = votes[pairs > 0].sum(axis=0) / max(1.0, votes[pairs > 0].sum())
    return _ratio(alike - pairs * (share**2).sum())


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
