from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.table import LongTable


def test_labels_are_sorted_by_item_and_keep_their_raters() -> None:
    table = LongTable.from_columns(["v", "u", "v"], ["a", "b", "b"], [1, 2, 2])
    answers = Answers.of(table)
    rows = [
        (answers.units[unit], answers.raters[rater], answers.levels[level])
        for unit, rater, level in zip(answers.unit, answers.rater, answers.level, strict=True)
    ]
    assert sorted(map(str, rows)) == sorted(map(str, [("v", "a", 1), ("u", "b", 2), ("v", "b", 2)]))
    assert (np.diff(answers.unit) >= 0).all()
    assert answers.start.tolist() == [0, 2]


def test_a_unit_is_an_item_and_a_criterion_where_there_are_criteria() -> None:
    table = LongTable.from_columns(["s", "s"], ["a", "a"], [1, 2], criterion=["logic", "style"])
    assert Answers.of(table).units == (("s", "logic"), ("s", "style"))


def test_labels_of_no_weight_do_not_count_and_leave_units_out() -> None:
    table = LongTable.from_columns(["s", "s", "u"], ["a", "b", "a"], [1, 2, 2], weight=[0.5, 0, 0])
    answers = Answers.of(table)
    assert (answers.units, answers.n_left_out) == (("s",), 1)
    assert answers.votes().tolist() == [[0.5], [0.0]]


def test_no_label_at_all_cannot_be_aggregated() -> None:
    with pytest.raises(NotEstimable, match="no label"):
        Answers.of(LongTable.from_columns([], [], []))


def test_known_answers_are_levels() -> None:
    table = LongTable.from_columns(["s", "u"], ["a", "a"], ["ok", "bad"])
    assert Answers.of(table, {"s": "bad", "u": None, "elsewhere": "ok"}).known.tolist() == [0, -1]
    with pytest.raises(Rejected, match="known answer 'fine' of 'u'"):
        Answers.of(table, {"u": "fine"})


def test_expected_counts_add_up_to_the_labels() -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b", "a", "b"], [0, 1, 1, 1], weight=[1, 2, 1, 0.5])
    answers = Answers.of(table)
    counts = answers.counts(np.array([[0.25, 0.5], [0.75, 0.5]]))
    assert counts.sum(axis=(1, 2)).tolist() == [2.0, 2.5]
    # Rater b gave level 1 to both units: 2 labels of the first and half a one of the second.
    assert counts[1].tolist() == [[0.0, 0.75], [0.0, 1.75]]
