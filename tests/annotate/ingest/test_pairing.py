from __future__ import annotations

import pytest

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest.pairing import count_pairs, pair_steps, pair_traces, pairs_there
from annotate.models import Pair, Project, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db
RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def traces_of_one_problem(project: Project, *outcomes: Outcome | None, prefix: str = "t") -> list[Trace]:
    first = a_trace(project, external_id=f"{prefix}0", texts=["0"], outcome=outcomes[0])
    rest = [
        a_trace(project, external_id=f"{prefix}{i}", texts=[str(i)], outcome=outcome, problem=first.problem)
        for i, outcome in enumerate(outcomes[1:], start=1)
    ]
    return [first, *rest]


def couples() -> list[set[str]]:
    sides = Pair.objects.order_by("pk").values_list("left_trace__external_id", "right_trace__external_id")
    return [set(pair) for pair in sides]


def test_right_is_put_beside_wrong_first_and_many_traces_before_one_twice() -> None:
    project = a_project()
    traces_of_one_problem(project, None, RIGHT, WRONG, RIGHT, WRONG)
    assert pair_traces(project, per_problem=5) == 5
    assert couples() == [{"t1", "t2"}, {"t3", "t4"}, {"t1", "t4"}, {"t3", "t2"}, {"t0", "t1"}]


def test_pairs_stay_within_a_problem_and_ungraded_traces_are_paired_too() -> None:
    project = a_project()
    traces_of_one_problem(project, None, None, prefix="a")
    traces_of_one_problem(project, RIGHT, prefix="b")
    traces_of_one_problem(project, WRONG, RIGHT, RIGHT, prefix="c")
    assert pair_traces(project) == 2
    assert couples() == [{"a0", "a1"}, {"c0", "c1"}]


def test_asking_again_makes_nothing_new_and_asking_for_more_makes_the_rest() -> None:
    project = a_project()
    traces_of_one_problem(project, RIGHT, RIGHT, WRONG)
    assert pair_traces(project, per_problem=2) == 2
    assert pair_traces(project, per_problem=2) == 0
    assert pair_traces(project, per_problem=9) == 1
    assert len({frozenset(couple) for couple in couples()}) == 3


def test_traces_that_say_the_same_are_not_compared() -> None:
    project = a_project()
    first = a_trace(project, texts=["same"], outcome=RIGHT)
    a_trace(project, texts=["same"], outcome=WRONG, problem=first.problem)
    assert pair_traces(project) == 0


def test_the_right_one_stands_on_either_side() -> None:
    project = a_project()
    for i in range(40):
        traces_of_one_problem(project, RIGHT, WRONG, prefix=f"p{i}-")
    pair_traces(project)
    n_left = Pair.objects.filter(left_trace__outcome=RIGHT).count()
    assert 10 <= n_left <= 30


def test_none_at_all_is_no_number_of_pairs() -> None:
    with pytest.raises(Rejected) as caught:
        pair_traces(a_project(), per_problem=0)
    assert caught.value.field == "pairs"


def test_counting_says_what_making_would_make() -> None:
    project = a_project()
    traces_of_one_problem(project, RIGHT, WRONG, WRONG)
    assert count_pairs(project, "traces", per_problem=2) == 2
    assert not Pair.objects.exists()
    pair_traces(project, per_problem=1)
    assert count_pairs(project, "traces", per_problem=2) == 1


def test_steps_are_paired_where_their_traces_part() -> None:
    project = a_project()
    first = a_trace(project, texts=["same\n", "left\n", "end"], outcome=RIGHT)
    for texts in (["same\n", "right\n", "end"], ["same\n", "right\n", "another end"], ["same\n"]):
        a_trace(project, texts=texts, outcome=WRONG, problem=first.problem)
    assert pair_steps(project, per_problem=9) == 2
    assert pair_steps(project, per_problem=9) == 0
    sides = {
        frozenset((pair.left_step.text, pair.right_step.text))
        for pair in Pair.objects.all()
        if pair.left_step and pair.right_step
    }
    # The third trace is the beginning of the others, and two of them go the same way.
    assert sides == {frozenset(("left\n", "right\n")), frozenset(("end", "another end"))}
    assert pairs_there(project) == (0, 2)


def test_the_same_fork_is_one_pair_however_many_traces_take_it() -> None:
    project = a_project()
    first = a_trace(project, texts=["a", "x"])
    for text in ("y", "y2", "z"):
        a_trace(project, texts=["a", text, "more"], problem=first.problem)
    a_trace(project, texts=["a", "x", "end"], problem=first.problem)
    assert pair_steps(project, per_problem=2) == 2
    assert pair_steps(project, per_problem=2) == 0
