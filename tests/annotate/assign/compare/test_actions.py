from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import (
    claim_comparison,
    extend_comparison,
    release_comparison,
    skip_comparison,
)
from annotate.assign.compare.filling import fill_comparisons, make_lineups, make_pairs
from annotate.assign.filling import add_turns
from annotate.assign.manage.actions import act_on_reader
from annotate.assign.manage.queries import overview_of
from annotate.enums import AssignmentState, Purpose, Role
from annotate.errors import Conflict
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Comparison, Project, Rater, Reader, Turn
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_person,
    a_project,
    some_attempts,
)

pytestmark = pytest.mark.django_db


def a_project_of_pairs(n: int = 1, *, overlap: int = 1) -> Project:
    project = a_comparing_project(overlap=overlap, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    for i in range(n):
        some_attempts(project, f"one {i}", f"two {i}")
    make_pairs(project, "traces")
    return project


def person(project: Project, name: str) -> Rater:
    return rater_of(project, a_person(name))


def taken(project: Project, rater: Rater) -> Comparison:
    found = claim_comparison(project, rater)
    assert found is not None
    return found


def answer(held: Comparison, value: str = "left") -> Comparison:
    criterion = a_criterion(held.project, "preference")
    return submit_comparison(held, held.token, [Choice(criterion.pk, value)])


def test_making_pairs_asks_about_each_as_often_as_the_overlap_says() -> None:
    project = a_comparing_project(overlap=3)
    some_attempts(project, "one", "two", "three")
    made = make_pairs(project, "traces", per_problem=2)
    assert (made.pairs, made.slots) == (2, 6)
    assert (make_pairs(project, "traces", per_problem=2).slots, fill_comparisons(project)) == (0, 0)


def test_a_raised_overlap_adds_what_is_missing() -> None:
    project = a_project_of_pairs(2)
    Project.objects.filter(pk=project.pk).update(overlap=2)
    assert fill_comparisons(project) == 2
    assert sorted(Comparison.objects.values_list("slot", flat=True)) == [0, 0, 1, 1]


def test_what_the_rubric_does_not_ask_about_gets_no_slot() -> None:
    project = a_project()
    some_attempts(project, "one", "two", "three")
    assert make_pairs(project, "traces").slots == 0
    assert make_lineups(project, size=3).slots == 0
    use_rubric(project, create_from_preset(project, "ranking"))
    assert fill_comparisons(project) == 1
    assert Comparison.objects.get().lineup is not None


def test_nobody_is_asked_about_a_withdrawn_trace() -> None:
    project = a_comparing_project()
    first, *_ = some_attempts(project, "one", "two")
    some_attempts(project, "three", "four")
    add_turns(project)
    Turn.objects.filter(trace=first).update(use=Purpose.WITHDRAWN)
    assert make_pairs(project, "traces").slots == 1


def test_a_person_gets_each_pair_once_and_holds_one_at_a_time() -> None:
    project = a_project_of_pairs(3, overlap=2)
    bob = person(project, "bob")
    met = []
    while (held := claim_comparison(project, bob)) is not None:
        assert taken(project, bob).pk == held.pk
        met.append(held.pair_id)
        answer(held)
    assert len(met) == len(set(met)) == 3
    assert Comparison.objects.filter(state=AssignmentState.OPEN).count() == 3


def test_the_order_is_drawn_and_the_same_for_the_same_seed() -> None:
    project = a_project_of_pairs(12)

    def order() -> list[int | None]:
        return list(Comparison.objects.order_by("luck", "slot", "pk").values_list("pair_id", flat=True))

    first = order()
    assert first != sorted(pk for pk in first if pk)
    Comparison.objects.all().delete()
    fill_comparisons(project)
    assert order() == first
    Comparison.objects.all().delete()
    Project.objects.filter(pk=project.pk).update(queue_rules={"seed": 7})
    fill_comparisons(project)
    assert order() != first


def test_an_answer_that_comes_twice_is_one_and_a_late_one_is_refused() -> None:
    project = a_project_of_pairs(1)
    bob, carol = person(project, "bob"), person(project, "carol")
    late = taken(project, bob)
    Comparison.objects.update(held_until=timezone.now() - timedelta(minutes=1))
    held = taken(project, carol)
    assert (held.pk, held.token) == (late.pk, late.token + 1)
    with pytest.raises(Conflict):
        answer(late)
    answer(held)
    assert answer(held).state == AssignmentState.SUBMITTED
    assert held.pair is not None
    assert held.pair.labels.count() == 1


def test_a_lapsed_lease_stays_with_its_holder_until_somebody_asks() -> None:
    project = a_project_of_pairs(1)
    bob = person(project, "bob")
    held = taken(project, bob)
    Comparison.objects.update(held_until=timezone.now() - timedelta(minutes=1))
    assert answer(held).state == AssignmentState.SUBMITTED


def test_skipping_leaves_it_to_another_and_never_brings_it_back() -> None:
    project = a_project_of_pairs(1)
    bob, carol = person(project, "bob"), person(project, "carol")
    held = taken(project, bob)
    skip_comparison(held, held.token, note=" I know the author. ")
    assert Comparison.objects.get(pk=held.pk).note == "I know the author."
    assert claim_comparison(project, bob) is None
    assert taken(project, carol).slot == 1
    with pytest.raises(Conflict):
        skip_comparison(held, held.token)


def test_giving_back_and_extending_need_the_lease() -> None:
    project = a_project_of_pairs(1)
    bob = person(project, "bob")
    held = taken(project, bob)
    Comparison.objects.update(held_until=timezone.now())
    assert extend_comparison(held, held.token).held_until > timezone.now() + timedelta(minutes=20)
    release_comparison(held, held.token)
    for write in (release_comparison, extend_comparison, skip_comparison):
        with pytest.raises(Conflict):
            write(held, held.token)
    assert taken(project, bob).token == held.token + 1


def test_whoever_is_paused_finishes_what_they_hold_and_gets_nothing_new() -> None:
    project = a_project_of_pairs(2)
    bob = person(project, "bob")
    held = taken(project, bob)
    Reader.objects.filter(rater=bob).update(paused_at=timezone.now(), pause_reason="too fast")
    assert taken(project, bob).pk == held.pk
    answer(held)
    assert claim_comparison(project, bob) is None


def test_what_is_not_asked_any_more_goes_back_into_the_queue() -> None:
    project = a_project_of_pairs(1)
    traces = some_attempts(project, "a", "b", "c")
    bob = person(project, "bob")
    held = taken(project, bob)
    use_rubric(project, create_from_preset(project, "ranking"))
    make_lineups(project, size=len(traces))
    assert taken(project, bob).lineup_id is not None
    assert Comparison.objects.get(pk=held.pk).state == AssignmentState.OPEN
    use_rubric(project, create_from_preset(project, "prm-verdicts"))
    with pytest.raises(Conflict):
        claim_comparison(project, bob)


def test_what_an_absent_person_compares_is_free_at_once_and_on_the_overview() -> None:
    project = a_project_of_pairs(1)
    bob, carol = person(project, "bob"), person(project, "carol")
    held = taken(project, bob)
    [seen] = overview_of(project).holdings
    assert (seen.name, seen.trace) == ("bob", held.pair.external_id if held.pair else "")
    assert claim_comparison(project, carol) is None
    assert act_on_reader(bob, do="take_back") == "What bob held is back in the queue."
    assert act_on_reader(bob, do="take_back") == "bob held nothing."
    assert taken(project, carol).pk == held.pk
    with pytest.raises(Conflict):
        answer(held)
