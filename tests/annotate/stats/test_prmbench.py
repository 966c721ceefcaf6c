from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.stats.prmbench import Solution, prmbench_score


def test_half_of_each_f1_by_hand():
    """Steps in all: 3 right called right, 1 right called wrong, 1 wrong called right, 2 wrong called wrong."""
    found = prmbench_score(
        [
            Solution("circular", {1, 2}, [True, False, True]),
            Solution("deception", {0}, [False, True, True, False]),
        ]
    )

    # F1 = 2*3 / (2*3 + 1 + 1), negative F1 = 2*2 / (2*2 + 1 + 1).
    assert found.total.f1 == pytest.approx(6 / 8)
    assert found.total.negative_f1 == pytest.approx(4 / 6)
    assert found.total.score.value == pytest.approx((6 / 8 + 4 / 6) / 2)
    assert found.total.score.low <= found.total.score.value <= found.total.score.high
    circular, deception = found.classes
    assert (circular.f1, circular.negative_f1) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert dict(found.groups) == {
        "simplicity": circular.score.value,
        "sensitivity": pytest.approx(deception.score.value),
    }


def test_a_class_without_wrong_steps_is_scored_by_f1_alone():
    found = prmbench_score([Solution("multi_solutions", (), [True, True, False])])
    assert found.classes[0].score.value == pytest.approx(4 / 5)
    assert found.total.score.value == pytest.approx(2 / 5)


def test_a_solution_with_an_unknown_step_is_not_valid_and_is_told():
    found = prmbench_score(
        [Solution("circular", {0}, [False, True]), Solution("circular", {0}, [False, None])]
    )
    assert (found.n, found.n_valid) == (2, 1)
    assert found.total.score.value == 1.0
    with pytest.raises(Rejected, match="answer for each of its steps"):
        prmbench_score([Solution("circular", {0}, [None])])
