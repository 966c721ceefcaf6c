from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.mfrm import mfrm
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd
from tests.benchmarks.made.crowds import Shape, drawn_shape, made


@pytest.mark.parametrize(("each", "seed"), [(2, 1), (3, 2), (5, 3)])
def test_it_keeps_up_with_the_better_of_majority_and_dawid_skene(each: int, seed: int) -> None:
    crowd = a_crowd(n_items=500, n_raters=15, each=each, sure=4, seed=seed)
    best = max(crowd.right(method(crowd.table).labels()) for method in (majority, dawid_skene))
    assert crowd.right(fused(crowd.table).labels()) > best - 0.01


def test_gold_says_which_model_to_believe() -> None:
    crowd = a_crowd(n_items=200, n_raters=10, each=4, sure=3, seed=4)
    known = {unit: crowd.truth[unit] for unit in range(0, 200, 4)}
    fit = fused(crowd.table, known=known)
    assert "by gold" in fit.message
    assert fit.posterior.sum(axis=1) == pytest.approx(np.ones(200))
    assert fit.posterior[fit.is_known].max(axis=1) == pytest.approx(np.ones(50))


def test_rows_may_come_in_any_order_but_for_which_are_held_out() -> None:
    table = a_crowd(n_items=60).table
    order = np.random.default_rng(5).permutation(len(table))
    other = fused(
        LongTable.from_columns(
            table.item.codes[order], table.rater.codes[order], table.value.codes[order], levels=[0, 1, 2]
        )
    )
    first = fused(table)
    place = [other.units.index(unit) for unit in first.units]
    assert other.posterior[place] == pytest.approx(first.posterior, abs=0.04)


def test_labels_held_out_tell_raters_who_mix_levels_up_from_those_who_do_not() -> None:
    # Half of the raters say 1 for a 0: a single ability per rater cannot see it.
    rng = np.random.default_rng(7)
    truth, item = rng.integers(0, 3, 500), np.repeat(np.arange(500), 8)
    rater = np.concatenate([rng.permutation(30)[:8] for _ in range(500)])
    matrix = np.full((30, 3, 3), 0.1) + 0.7 * np.eye(3)
    matrix[:15, 0] = [0.2, 0.75, 0.05]
    value = np.minimum(
        (rng.random(len(item))[:, None] > matrix[rater, truth[item]].cumsum(axis=1)).sum(axis=1), 2
    )
    fit = fused(LongTable.from_columns(item, rater, value, levels=[0, 1, 2]))
    weight = dict(part.split(" ") for part in fit.message.split(": ")[1].split(", "))
    assert float(weight["dawid_skene"]) + float(weight["hierarchical"]) > 0.6
    assert "by gold" not in fit.message


def test_ordinal_levels_bring_severity_in() -> None:
    assert "mfrm" in fused(a_crowd(n_items=80).table, is_ordinal=True).message


def test_what_it_cannot_read_is_refused() -> None:
    with pytest.raises(Rejected, match="in order"):
        fused(LongTable.from_columns([1, 2], ["a", "a"], ["x", "y"]), is_ordinal=True)
    with pytest.raises(NotEstimable):
        fused(LongTable.from_columns([1, 2], ["a", "a"], ["x", "x"]))


def _rated(
    severity: float, *, seed: int, n: int = 250, m: int = 12, each: int = 4, mean: float = 0.0
) -> tuple[LongTable, dict[int, int]]:
    """Five levels by the cuts of an average rater, each of the raters with cuts of their own."""
    rng = np.random.default_rng(seed)
    cuts, place, strict = (
        np.array([-1.4, -0.5, 0.5, 1.4]),
        rng.normal(0, 1.3, n),
        rng.normal(mean, severity, m),
    )
    item = np.repeat(np.arange(n), each)
    rater = np.concatenate([rng.permutation(m)[:each] for _ in range(n)])
    value = np.digitize(place[item] - strict[rater] + rng.normal(0, 0.7, len(item)), cuts)
    table = LongTable.from_columns(item, rater, value, levels=range(5))
    return table, dict(enumerate(np.digitize(place, cuts).tolist()))


@pytest.mark.parametrize(("severity", "seed"), [(0.4, 1), (1.0, 2), (1.5, 3)])
def test_raters_of_unequal_severity_are_seen_through(severity: float, seed: int) -> None:
    table, truth = _rated(severity, seed=seed)

    def right(fit: AggregateFit) -> float:
        return float(
            np.mean([truth[int(str(u))] == one for u, one in zip(fit.units, fit.labels(), strict=True)])
        )

    pool = right(fused(table, is_ordinal=True))
    assert pool > max(right(majority(table)), right(dawid_skene(table, smoothing=0))) + 0.02
    assert pool > right(mfrm(table)) - 0.02


def test_answers_say_what_labels_cannot_that_all_raters_are_mild() -> None:
    table, truth = _rated(1.0, seed=11, mean=-1.0)
    known = {unit: truth[unit] for unit in range(0, 250, 5)}

    def right(fit: AggregateFit) -> float:
        rows = zip(fit.units, fit.labels(), strict=True)
        return float(np.mean([truth[int(str(u))] == one for u, one in rows if u not in known]))

    assert right(fused(table, known=known, is_ordinal=True)) > right(fused(table, is_ordinal=True)) + 0.15


def test_an_order_that_nobody_rates_by_changes_nothing() -> None:
    table = a_crowd(n_items=300, n_raters=15, each=5, sure=4, seed=6).table
    ordinal, nominal = fused(table, is_ordinal=True), fused(table)
    assert "mfrm 0.00" in ordinal.message
    assert ordinal.posterior == pytest.approx(nominal.posterior, abs=0.01)


def test_a_level_that_holds_all_hard_items_speaks_for_no_model() -> None:
    # Free tables call a third of these items the rarest level, really 5 %, and say that raters call it anything.
    crowd = made(drawn_shape("difficulty", 312), 312)

    def right(fit: AggregateFit) -> float:
        return float(np.mean(fit.posterior.argmax(axis=1) == crowd.truth[np.array(fit.units)]))

    free = hierarchical(crowd.table)
    assert free.prevalence[3] > 6 * (crowd.truth == 3).mean()
    pool = fused(crowd.table)
    assert "left out for a level that holds all that is in doubt: hierarchical" in pool.message
    assert right(pool) > right(majority(crowd.table)) + 0.01
    assert right(free) < right(majority(crowd.table)) - 0.1


@pytest.mark.parametrize("seed", [11, 51])
def test_a_level_that_all_raters_call_by_another_name_is_believed(seed: int) -> None:
    """Free tables take it for far more common than it is said, and are right: no other is called so."""
    crowd = made(Shape("alike", 600, 8, 6, 4, strength=0.4, shares=(0.4, 0.2, 0.2, 0.2)), seed)

    def right(fit: AggregateFit) -> float:
        return float(np.mean(fit.posterior.argmax(axis=1) == crowd.truth[np.array(fit.units)]))

    free, votes = dawid_skene(crowd.table), majority(crowd.table)
    level = int(free.prevalence.argmax())
    called = free.counts.sum(axis=0)[level]
    assert free.prevalence[level] > 1.5 * votes.prevalence[level]
    assert called[level] < 1.2 * np.delete(called, level).max()
    pool = fused(crowd.table)
    assert "left out" not in pool.message
    assert right(pool) > right(votes) + 0.15


def test_a_common_level_that_is_seldom_said_is_believed_where_raters_know_it() -> None:
    # 37 % of these items are of a level that is 18 % of the labels, and is said where it is more often than any other.
    crowd = made(drawn_shape("alike", 409), 409)
    pool = fused(crowd.table)
    assert "left out" not in pool.message
    assert np.mean(pool.posterior.argmax(axis=1) == crowd.truth[np.array(pool.units)]) > 0.9
