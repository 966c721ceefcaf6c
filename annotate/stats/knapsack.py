r"""At most one thing for each, within a budget: the multiple-choice knapsack.

.. math:: \max \sum_{g} v_{g, x_g} \quad \text{such that} \quad \sum_{g} c_{g, x_g} \le B

over the choices x, one of each group or nothing. What is best per unit of cost need not be what to take where much of
the budget is left, so things are taken by what an *upgrade* brings for what it costs more. Along the concave hull of a
group's things that falls with every step, so the greedy order is that of the linear relaxation (Sinha & Zoltners 1979;
Zemel 1984), and what it misses is less than one upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray, first_row


def best_choice(group: IntArray, gain: FloatArray, cost: FloatArray, budget: float) -> IntArray:
    """Indices of what to take, ascending, for the most gain that is found: (n,) groups, gains and costs.

    Upgrades by what they bring for what they cost more, as far as the budget goes. Since one large thing may not fit
    in the end, what is best per unit of cost alone, and the one most valuable thing, are tried too; all three then take
    whatever more still fits. It is at least half of what is possible, and mostly within a hundredth.

    Raises `Rejected` for a cost that is not above 0, a gain below 0, or a budget that is not above 0.

    References
    ----------
    Sinha, P. & Zoltners, A. A. (1979). The multiple-choice knapsack problem. Operations Research 27, 503-515.
    doi:10.1287/opre.27.3.503
    Zemel, E. (1984). An O(n) algorithm for the linear multiple choice knapsack problem and related problems.
    Information Processing Letters 18, 123-128. doi:10.1016/0020-0190(84)90014-0

    Examples
    --------
    >>> group, gain, cost = np.array([0, 0]), np.array([0.002, 1.5]), np.array([0.0002, 0.5])
    >>> best_choice(group, gain, cost, 20.0).tolist(), best_choice(group, gain, cost, 0.1).tolist()
    ([1], [0])
    """
    if not len(group) == len(gain) == len(cost):
        raise Rejected("columns have different lengths", field="gain")
    for bad, reason, name in (
        (~(cost > 0) | ~np.isfinite(cost), "must be above 0", "cost"),
        (~(gain >= 0) | ~np.isfinite(gain), "must be 0 or more", "gain"),
    ):
        if bad.any():
            raise Rejected(reason, row=first_row(bad), field=name)
    if not budget > 0:
        raise Rejected("must be above 0", field="budget")
    by_ratio = np.lexsort((cost, -gain / cost))
    fits = np.flatnonzero(cost <= budget)
    things = _Things(group[fits], gain[fits], cost[fits], budget)
    valuable = np.lexsort((cost[fits], -gain[fits]))[:1]
    # Where the best per cost of a group is too dear, nothing of that group is in the second of the three.
    best = {int(group[i]): int(i) for i in by_ratio[::-1]}
    alone = [i for i in by_ratio if best[int(group[i])] == i and cost[i] <= budget]
    starts = (things.upgrades(), np.searchsorted(fits, alone).tolist(), valuable.tolist())
    found = [things.filled(things.taken(order)) for order in starts]
    return np.asarray(np.sort(fits[max(found, key=things.worth)]))


class _Things:
    def __init__(self, group: IntArray, gain: FloatArray, cost: FloatArray, budget: float) -> None:
        self.group: list[int] = group.tolist()
        self.gain: list[float] = gain.tolist()
        self.cost: list[float] = cost.tolist()
        self.budget = budget

    def worth(self, taken: Iterable[int]) -> float:
        return sum(self.gain[i] for i in taken)

    def upgrades(self) -> list[int]:
        """Corners of every group's hull, by what each brings beyond the one before for what it costs more."""
        steps: list[tuple[float, int]] = []
        members: dict[int, list[int]] = {}
        for i in sorted(range(len(self.cost)), key=lambda i: (self.cost[i], -self.gain[i], i)):
            members.setdefault(self.group[i], []).append(i)
        for ones in members.values():
            hull: list[int] = []
            for i in ones:
                if self.gain[i] <= (self.gain[hull[-1]] if hull else 0.0):
                    continue
                while hull and self._slope(hull[-1], i) >= self._slope(
                    hull[-2] if hull[1:] else None, hull[-1]
                ):
                    hull.pop()
                hull.append(i)
            steps += [(self._slope(hull[at - 1] if at else None, i), i) for at, i in enumerate(hull)]
        return [i for _, i in sorted(steps, key=lambda step: (-step[0], step[1]))]

    def taken(self, order: Iterable[int]) -> dict[int, int]:
        """By group what is taken, in this order, of what fits when its turn comes."""
        held: dict[int, int] = {}
        left = self.budget
        for i in order:
            before = held.get(self.group[i])
            more = self.cost[i] - (self.cost[before] if before is not None else 0.0)
            if more <= left:
                held[self.group[i]] = i
                left -= more
        return held

    def filled(self, held: dict[int, int]) -> list[int]:
        """With whatever more still fits, the best upgrade first."""
        while True:
            left = self.budget - sum(self.cost[i] for i in held.values())
            best, most = None, 0.0
            for i, group in enumerate(self.group):
                before = held.get(group)
                slope = self._slope(before, i)
                if slope > most and self.cost[i] - (self.cost[before] if before is not None else 0.0) <= left:
                    best, most = i, slope
            if best is None:
                return list(held.values())
            held[self.group[best]] = best

    def _slope(self, before: int | None, after: int) -> float:
        """Infinite where more is had for no more."""
        gain = self.gain[after] - (self.gain[before] if before is not None else 0.0)
        more = self.cost[after] - (self.cost[before] if before is not None else 0.0)
        if gain <= 0:
            return 0.0
        return gain / more if more > 0 else float("inf")
