from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.kinship import Kinship, kinship
from annotate.stats.aggregate.majority import majority
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable


@dataclass(frozen=True)
class Bench:
    """Some independent judges (the first), and one family whose members repeat one voice; `truth` by item."""

    table: LongTable
    truth: IntArray
    family: dict[int, str]

    def right(self, table: LongTable) -> tuple[float, float]:
        """Of the majority and of the pool, the share of items that is right."""
        units = self.table.item.vocab
        return tuple(
            float(
                np.mean(
                    [
                        self.truth[int(str(u))] == one
                        for u, one in zip(units, method(table).labels(), strict=True)
                    ]
                )
            )
            for method in (majority, fused)
        )


def a_bench(
    *,
    repeats: float,
    right: float = 0.65,
    apart: int = 4,
    kin: int = 5,
    skill: float = 0.75,
    n: int = 300,
    seed: int = 1,
    levels: int = 3,
) -> Bench:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, levels, n)

    def said(share: float) -> IntArray:
        slip = (truth + 1 + rng.integers(0, levels - 1, n)) % levels
        return np.where(rng.random(n) < share, truth, slip)

    voice = said(right)
    columns = [said(skill) for _ in range(apart)]
    columns += [np.where(rng.random(n) < repeats, voice, said(right)) for _ in range(kin)]
    table = LongTable.from_columns(
        np.tile(np.arange(n), apart + kin),
        np.repeat(np.arange(apart + kin), n),
        np.concatenate(columns),
        levels=range(levels),
    )
    return Bench(table, truth, dict.fromkeys(range(apart, apart + kin), "one"))


def rho(found: Kinship, one: int, other: int) -> float:
    return float(found.dependence.of(np.array([one]), np.array([other]))[0])


def weights(found: Kinship, *raters: int) -> FloatArray:
    return found.weights(raters)


@pytest.mark.parametrize(("repeats", "right"), [(0.9, 0.65), (0.9, 0.55), (0.7, 0.65), (0.9, 0.75)])
@pytest.mark.parametrize("apart", [3, 4])
def test_a_family_with_one_voice_outvotes_nobody(repeats: float, right: float, apart: int) -> None:
    bench = a_bench(repeats=repeats, right=right, apart=apart)
    found = kinship(bench.table, bench.family)
    by_majority, by_pool = bench.right(bench.table)
    weighed_majority, weighed_pool = bench.right(found.weighed(bench.table))
    assert weighed_pool > by_pool + 0.02
    assert weighed_pool > by_majority
    assert weighed_majority > by_majority
    assert 1 < weights(found, *range(apart, apart + 5)).sum() < 2.6


def test_relatives_who_err_by_themselves_count_nearly_in_full() -> None:
    bench = a_bench(repeats=0.0, right=0.7, apart=3, skill=0.7, n=600)
    found = kinship(bench.table, bench.family)
    assert weights(found, 3, 4, 5, 6, 7).min() > 0.75
    plain, weighed = bench.right(bench.table)[1], bench.right(found.weighed(bench.table))[1]
    assert weighed == pytest.approx(plain, abs=0.02)


def test_the_more_they_repeat_each_other_the_less_they_count() -> None:
    found = [
        weights(kinship((bench := a_bench(repeats=repeats)).table, bench.family), 4, 5, 6)[0]
        for repeats in (0.0, 0.5, 0.9)
    ]
    assert found[0] > found[1] > found[2]


def test_strangers_and_tables_without_relatives_stay_as_they_are() -> None:
    bench = a_bench(repeats=0.9)
    found = kinship(bench.table, bench.family)
    assert weights(found, 0, 1, 4).tolist() == [1, 1, 1]
    assert rho(found, 0, 1) == rho(found, 0, 4) == 0
    assert weights(found, 0, 99).tolist() == [1, 1]
    assert kinship(bench.table, {}).weighed(bench.table) is bench.table


def test_labels_of_one_step_count_what_they_count_in_a_table() -> None:
    bench = a_bench(repeats=0.7)
    found = kinship(bench.table, bench.family)
    weight = found.weighed(bench.table).weight
    assert weight is not None
    for unit in range(5):
        here = bench.table.unit == unit
        raters = bench.table.rater.codes[here][::-1]
        assert weights(found, *raters.tolist()) == pytest.approx(weight[here][::-1])


def test_a_family_alone_is_taken_for_as_alike_as_it_agrees() -> None:
    bench = a_bench(repeats=0.5, apart=0, right=0.8)
    assert rho(kinship(bench.table, bench.family), 0, 1) > 0.3
    few = kinship(bench.table.where(bench.table.item.codes < 2), bench.family)
    assert rho(few, 0, 1) >= 0.3


def test_gold_tells_likeness_where_nobody_else_does() -> None:
    """Relatives who are right and err apart: by themselves they look alike, and gold shows that they are not."""
    bench = a_bench(repeats=0.0, apart=0, kin=3, right=0.85, n=400)
    known = dict(enumerate(bench.truth[:200].tolist()))
    assert rho(kinship(bench.table, bench.family), 0, 1) > 0.5
    assert rho(kinship(bench.table, bench.family, known), 0, 1) < 0.15


def test_weights_of_the_table_are_kept() -> None:
    bench = a_bench(repeats=0.9)
    found = kinship(bench.table, bench.family)
    table = bench.table
    halved = LongTable.from_columns(
        table.item.codes,
        table.rater.codes,
        table.value.codes,
        weight=np.full(len(table), 0.5),
        levels=range(3),
    )
    weight, plain = found.weighed(halved).weight, found.weighed(table).weight
    assert weight is not None
    assert plain is not None
    assert weight == pytest.approx(plain / 2)


def test_units_are_weighed_whole_in_parts_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = a_bench(repeats=0.8, n=60)
    found = kinship(bench.table, bench.family)
    whole = found.weighed(bench.table)
    monkeypatch.setattr("annotate.stats.aggregate.kinship._PART", 10)

    assert whole.weight is not None
    assert found.weighed(bench.table).weight == pytest.approx(whole.weight)


def test_another_table_of_the_same_raters_is_weighed_by_their_names() -> None:
    bench = a_bench(repeats=0.8, n=60)
    found = kinship(bench.table, bench.family)
    columns = ([7] * 3, [8, "somebody", 4], [0, 0, 0])
    other = found.weighed(LongTable.from_columns(*columns, levels=range(3)))

    of_eight, of_four = found.weights([8, 4]).tolist()
    assert other.weight == pytest.approx([of_eight, 1.0, of_four])
    assert 0.5 <= of_eight < 0.9
