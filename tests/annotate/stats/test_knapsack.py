from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.knapsack import best_choice

Case = tuple[IntArray, FloatArray, FloatArray, float]


def a_case(rng: np.random.Generator, n_groups: int = 5) -> Case:
    """One to four things of each group, their costs and gains over two orders of magnitude."""
    group = np.repeat(np.arange(n_groups), rng.integers(1, 5, n_groups))
    cost = 10 ** rng.uniform(-1, 1, len(group))
    gain = cost ** rng.uniform(0.3, 1.2) * 10 ** rng.uniform(-0.5, 0.5, len(group))
    return group, gain, cost, float(cost.sum() * rng.uniform(0.02, 0.6))


def most_possible(group: IntArray, gain: FloatArray, cost: FloatArray, budget: float) -> float:
    ways = [[None, *np.flatnonzero(group == one).tolist()] for one in np.unique(group)]
    best = 0.0
    for way in product(*ways):
        taken = [i for i in way if i is not None]
        if cost[taken].sum() <= budget:
            best = max(best, float(gain[taken].sum()))
    return best


def by_ratio_alone(group: IntArray, gain: FloatArray, cost: FloatArray, budget: float) -> float:
    """The best thing per cost of each group, then groups by that, as far as the budget goes."""
    firsts = [
        max(np.flatnonzero(group == g).tolist(), key=lambda i: gain[i] / cost[i]) for g in np.unique(group)
    ]
    got = 0.0
    for i in sorted(firsts, key=lambda i: -gain[i] / cost[i]):
        if cost[i] <= budget:
            budget -= cost[i]
            got += gain[i]
    return got


def test_it_is_near_what_trying_everything_finds_and_never_below_the_best_per_cost() -> None:
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(400):
        case = a_case(rng)
        group, gain, cost, budget = case
        taken = best_choice(*case)
        assert len(np.unique(group[taken])) == len(taken)
        assert cost[taken].sum() <= budget
        got = float(gain[taken].sum())
        assert got >= by_ratio_alone(*case) - 1e-12
        if (most := most_possible(*case)) > 0:
            shares.append(got / most)
    assert min(shares) >= 0.5
    assert np.mean(shares) > 0.98
    assert np.mean(np.array(shares) > 1 - 1e-9) > 0.7


def test_with_many_groups_it_misses_less_than_one_upgrade() -> None:
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(300), 3)
    cost = np.tile([0.001, 0.02, 0.5], 300) * rng.uniform(0.5, 1.5, 900)
    gain = np.tile([0.01, 0.08, 0.7], 300) * rng.uniform(0.2, 2, 900)
    for budget in (0.2, 5.0, 60.0, 1000.0):
        got = gain[best_choice(group, gain, cost, budget)].sum()
        # The bound of Lagrange: no price of money lets the best things be worth more than this.
        bound = min(
            price * budget + np.maximum((gain - price * cost).reshape(300, 3).max(axis=1), 0).sum()
            for price in (0.0, *np.logspace(-3, 3, 500))
        )
        assert got > bound * 0.99
        assert got <= bound + 1e-9


def test_an_upgrade_that_blocks_more_is_not_taken() -> None:
    group = np.array([0, 0, 1])
    gain, cost = np.array([5, 5.9, 8]), np.array([1.0, 2, 9])
    assert best_choice(group, gain, cost, 10.0).tolist() == [0, 2]
    assert best_choice(group, gain, cost, 11.0).tolist() == [1, 2]
    assert best_choice(group, gain, cost, 0.5).tolist() == []


def test_the_order_of_things_does_not_matter() -> None:
    rng = np.random.default_rng(7)
    group, gain, cost, budget = a_case(rng, 8)
    order = rng.permutation(len(group))
    one = best_choice(group, gain, cost, budget)
    other = order[best_choice(group[order], gain[order], cost[order], budget)]
    assert sorted(other.tolist()) == one.tolist()


def test_bad_columns_are_named() -> None:
    one = np.array([1.0])
    none = np.zeros(0)
    assert best_choice(none.astype(np.int64), none, none, 1.0).tolist() == []
    for gain, cost, budget, field in (
        (one, 0 * one, 1, "cost"),
        (-one, one, 1, "gain"),
        (one, one, 0, "budget"),
    ):
        with pytest.raises(Rejected) as refusal:
            best_choice(np.array([0]), gain, cost, budget)
        assert refusal.value.field == field
    with pytest.raises(Rejected, match="different lengths"):
        best_choice(np.array([0, 1]), one, one, 1.0)
