from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison, skip_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.assign.compare.queries import CompareState, Standing, compare_state
from annotate.enums import Role
from annotate.ingest.founding import add_member
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Comparison, Project, Rater, Reader
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_pair,
    a_person,
    a_project,
    some_attempts,
)

pytestmark = pytest.mark.django_db


def a_project_of_pairs(n: int, *, overlap: int = 1) -> Project:
    project = a_comparing_project(overlap=overlap, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    for i in range(n):
        a_pair(*some_attempts(project, f"one {i}", f"two {i}"))
    fill_comparisons(project)
    return project


def person(project: Project, name: str = "bob") -> Rater:
    return rater_of(project, a_person(name))


def compare_one(project: Project, rater: Rater) -> None:
    held = claim_comparison(project, rater)
    assert held is not None
    submit_comparison(held, held.token, [Choice(a_criterion(project, "preference").pk, "tie")])


def test_every_empty_queue_says_why() -> None:
    nothing_asked = a_project(bob=Role.ANNOTATOR)
    state = compare_state(nothing_asked, person(nothing_asked))
    assert (state.standing, state.is_asked, state.is_empty) == (Standing.NOT_ASKED, False, True)
    assert "not about pairs or lineups" in state.explanation
    empty = a_comparing_project()
    assert compare_state(empty, None).standing == Standing.NOTHING_MADE
    project = a_project_of_pairs(1)
    assert compare_state(project, None).standing == Standing.READY
    bob, carol = person(project), person(project, "carol")
    held = claim_comparison(project, bob)
    assert held is not None
    assert (compare_state(project, bob).standing, compare_state(project, bob).explanation) == (
        Standing.HOLDING,
        "",
    )
    waiting = compare_state(project, carol)
    until = timezone.localtime(waiting.next_free_at)
    assert waiting.standing == Standing.HELD_BY_OTHERS
    assert f"Somebody holds the last one until {until:%H:%M}" in waiting.explanation
    skip_comparison(held, held.token)
    assert compare_state(project, bob).standing == Standing.DONE_BY_YOU
    compare_one(project, carol)
    assert "as often as the project asks" in compare_state(project, bob).explanation


def test_a_lapsed_lease_is_free_and_a_pair_with_two_slots_counts_once() -> None:
    project = a_project_of_pairs(2, overlap=2)
    bob, carol = person(project), person(project, "carol")
    assert claim_comparison(project, bob) is not None
    assert claim_comparison(project, carol) is not None
    Comparison.objects.filter(holder=bob).update(held_until=timezone.now() - timedelta(minutes=1))
    dan = person(project, "dan")
    state = compare_state(project, dan)
    assert (state.standing, state.n_claimable, state.to_go) == (Standing.READY, 2, "2")


def test_counts_are_of_the_project_and_of_the_person() -> None:
    project = a_project_of_pairs(3)
    bob = person(project)
    compare_one(project, bob)
    assert claim_comparison(project, bob) is not None

    def numbers(state: CompareState) -> tuple[int, ...]:
        counts = state.counts
        return counts.wanted, counts.submitted, counts.held, counts.open, state.n_submitted_by_you

    assert numbers(compare_state(project, bob)) == (3, 1, 1, 1, 1)
    assert numbers(compare_state(project, person(project, "carol"))) == (3, 1, 1, 1, 0)


def test_whoever_is_paused_or_has_an_exam_before_them_is_told() -> None:
    project = a_project_of_pairs(1)
    bob = person(project)
    Reader.objects.create(project=project, rater=bob, paused_at=timezone.now(), pause_reason="5 % too fast")
    state = compare_state(project, bob)
    assert state.standing == Standing.PAUSED
    assert "5 % too fast" in state.explanation
    Project.objects.filter(pk=project.pk).update(queue_rules={"exam_size": 1})
    project.refresh_from_db()
    add_member(project, a_person("dora"), Role.ANNOTATOR)
    assert compare_state(project, person(project, "dora")).standing == Standing.EXAM
    assert claim_comparison(project, person(project, "dora")) is None


def test_whoever_did_not_pass_the_exam_is_told() -> None:
    project = a_project_of_pairs(1)
    bob = person(project)
    Reader.objects.create(project=project, rater=bob, exam="failed", exam_score=0.5)
    Project.objects.filter(pk=project.pk).update(queue_rules={"exam_size": 1})
    project.refresh_from_db()
    state = compare_state(project, bob)
    assert state.standing == Standing.EXAM_FAILED
    assert "not passed" in state.explanation
