from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.stats.agreement import krippendorff_alpha
from annotate.stats.depth import agreement_by_depth
from annotate.stats.table import LongTable

STEPS = {(trace, place): place for trace in range(10) for place in range(4)}


def labelled() -> LongTable:
    """Two raters who agree less the deeper they are: at depth d on the traces 2 d to 9."""
    rows = [
        (step, rater, trace % 2 if rater == "a" or trace >= 2 * place else 1 - trace % 2, trace)
        for step in STEPS
        for trace, place in [step]
        for rater in ("a", "b")
    ]
    item, rater, value, trace = zip(*rows, strict=True)
    return LongTable.from_columns(item, rater, value, cluster=trace)


def test_agreement_falls_with_depth() -> None:
    curve = agreement_by_depth(labelled(), STEPS, resamples=50)
    assert [one.agreement.percent for one in curve] == pytest.approx([1, 0.8, 0.6, 0.4])
    assert [(one.first, one.last) for one in curve] == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert [one.agreement.n_clusters for one in curve] == [10] * 4
    assert curve[1].prevalence == {0: 0.5, 1: 0.5}
    assert curve[1].agreement.low is not None


def test_deep_steps_are_taken_together() -> None:
    curve = agreement_by_depth(labelled(), STEPS, most=2, resamples=0)
    assert [(one.first, one.last) for one in curve] == [(0, 0), (1, 1), (2, None)]
    assert curve[-1].agreement.percent == pytest.approx(0.5)


def test_one_bin_is_the_whole() -> None:
    (only,) = agreement_by_depth(labelled(), STEPS, most=0, resamples=0)
    assert only.agreement.value == krippendorff_alpha(labelled(), resamples=0).value


def test_a_step_without_a_place_is_named() -> None:
    table = LongTable.from_columns(["s", "odd"], ["a", "a"], [1, 1])
    with pytest.raises(Rejected, match="row 2, field depth: the place of item 'odd' is not known"):
        agreement_by_depth(table, {"s": 0})
    with pytest.raises(Rejected, match="field most"):
        agreement_by_depth(table, {"s": 0, "odd": 1}, most=-1)


def test_nothing_labelled_is_no_curve() -> None:
    assert agreement_by_depth(LongTable.from_columns([], [], []), {}) == ()
