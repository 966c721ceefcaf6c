from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate.enums import UnitState
from annotate.label.recutting import Cut, recut
from annotate.models import Label, Run, Unit
from annotate.prelabel.actions import claim_units, finish_unit, open_run, release_units
from annotate.prelabel.contracts import Finding, Opinion, Silence
from annotate.prelabel.queries import evidence_of, has_free_units
from tests.annotate.prelabel.worlds import traces_of
from tests.factories import a_pair, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


def a_run(n_problems: int, n_each: int) -> Run:
    project = a_project()
    traces_of(project, n_problems, n_each)
    return open_run(project, strategy="verifier/arithmetic")


def problems(units: list[Unit]) -> set[int]:
    return {unit.problem_id for unit in units}


def lose(units: list[Unit]) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Unit.objects.filter(pk__in=[unit.pk for unit in units]).update(lease_until=past)


def test_a_problem_is_one_workers_at_a_time() -> None:
    run = a_run(2, 3)
    first, second = claim_units(run, "w1", 2), claim_units(run, "w2", 9)
    assert (len(first), len(second)) == (2, 3)
    assert problems(first).isdisjoint(problems(second))
    assert claim_units(run, "w3", 9) == []
    assert not has_free_units(run)


def test_a_problem_with_many_traces_is_done_bite_by_bite_by_whoever_is_at_it() -> None:
    run = a_run(1, 7)
    done = 0
    while bite := claim_units(run, "w1", 3):
        assert claim_units(run, "w2", 3) == []
        for unit in bite:
            assert finish_unit(unit, Finding())
        done += len(bite)
    assert done == 7


def test_a_bite_stays_with_a_problem_so_that_others_find_problems_of_their_own() -> None:
    project = a_project()
    first, second = (a_trace(project) for _ in range(2))
    for _ in range(3):
        for other in (first, second):
            a_trace(project, problem=other.problem)
    run = open_run(project, strategy="verifier/arithmetic")
    assert problems(claim_units(run, "w1", 4)) == {first.problem_id}
    assert problems(claim_units(run, "w2", 4)) == {second.problem_id}


def test_a_problem_is_free_again_once_it_is_let_go_or_its_worker_is_lost() -> None:
    run = a_run(1, 3)
    held = claim_units(run, "w1", 1)
    assert not has_free_units(run)
    release_units(run, held)
    assert has_free_units(run)
    lost = claim_units(run, "w2", 1)
    lose(lost)
    assert has_free_units(run)
    # What was begun comes before what was not.
    assert [unit.pk for unit in claim_units(run, "w3", 1)] == [lost[0].pk]


def test_runs_do_not_keep_each_other_from_a_problem() -> None:
    run = a_run(1, 2)
    other = open_run(run.project, strategy="verifier/arithmetic")
    assert len(claim_units(run, "w1", 9)) == len(claim_units(other, "w2", 9)) == 2


def test_a_pairs_problem_is_its_left_sides() -> None:
    project = a_project()
    left, right = traces_of(project, 1, 2)
    run = open_run(project, strategy="verifier/arithmetic")
    pairs = (a_pair(left, right), a_pair(left.steps.all()[0], right.steps.all()[0]))
    assert {Unit.objects.create(run=run, pair=pair).problem_id for pair in pairs} == {left.problem_id}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["w1", "w2", "w3"]), st.sampled_from(["claim", "finish", "release", "die"])
        ),
        max_size=25,
    )
)
def test_whatever_happens_no_problem_has_two_workers_and_every_unit_is_reached(
    acts: list[tuple[str, str]],
) -> None:
    run = a_run(3, 3)
    held: dict[str, list[Unit]] = {}
    for worker, act in acts:
        mine = held.setdefault(worker, [])
        if act == "claim":
            mine += claim_units(run, worker, 2)
        elif act == "finish" and mine:
            assert finish_unit(mine.pop(), Finding())
        elif act == "release":
            release_units(run, held.pop(worker))
        elif act == "die":
            lose(held.pop(worker))
        busy = [problems(units) for units in held.values()]
        assert sum(map(len, busy)) == len(set().union(*busy))
    for units in held.values():
        release_units(run, units)
    while bite := claim_units(run, "last", 2):
        for unit in bite:
            assert finish_unit(unit, Finding())
    assert set(run.units.values_list("state", flat=True)) == {UnitState.DONE}


def test_what_a_machine_found_about_steps_that_are_others_now_is_not_written() -> None:
    project = a_project()
    trace = a_trace(project, texts=["1 + 1 = 2. ", "2 + 2 = 5."])
    run = open_run(project, strategy="verifier/arithmetic")
    [unit] = claim_units(run, "w1", 1)
    recut(trace, a_person("carol"), Cut(0, 1))
    found = Finding(opinions=(Opinion(1, "bad"),))
    assert not finish_unit(unit, found)
    assert not Label.objects.exists()
    # It looks again, at the steps of now, and what it is silent about then follows later changes.
    [again] = claim_units(run, "w1", 1)
    assert [step.text for step in again.trace.steps.all()] == ["1 + 1 = 2. 2 + 2 = 5."]
    assert finish_unit(again, Finding(silences=(Silence(0, "nothing to check"),)))
    trace.refresh_from_db()
    assert [len(one.signals) for one in evidence_of(trace)] == [0, 1]
    recut(trace, a_person("carol"), Cut(0, 2, 11))
    trace.refresh_from_db()
    assert [len(one.signals) for one in evidence_of(trace)] == [0, 0, 0]
