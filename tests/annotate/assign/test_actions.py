from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.assign.actions import (
    claim_next,
    extend_lease,
    fill_queue,
    rater_of,
    release_assignment,
    skip_assignment,
)
from annotate.enums import AssignmentState, RaterKind, Role
from annotate.errors import Conflict
from annotate.models import Assignment, Project
from tests.factories import a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_queue(*, n_traces: int = 1, overlap: int = 1) -> Project:
    project = a_project(overlap=overlap, bob=Role.ANNOTATOR)
    for _ in range(n_traces):
        a_trace(project)
    fill_queue(project)
    return project


def run_out(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(held_until=timezone.now() - timedelta(seconds=1))


def test_fill_queue_is_idempotent_and_follows_a_raised_overlap() -> None:
    project = a_queue(n_traces=2, overlap=2)
    assert fill_queue(project) == 0
    project.overlap = 3
    project.save()
    assert fill_queue(project) == 2
    assert sorted(Assignment.objects.values_list("slot", flat=True)) == [0, 0, 1, 1, 2, 2]


def test_rater_of_never_takes_over_an_imported_name() -> None:
    project = a_project()
    imported = a_rater(project, RaterKind.PERSON, name="bob")
    rater = rater_of(project, a_person("bob"))
    assert rater != imported
    assert rater == rater_of(project, a_person("bob"))
    assert rater.person == a_person("bob")


def test_claim_next_returns_the_trace_already_held() -> None:
    project = a_queue(n_traces=2)
    bob = rater_of(project, a_person("bob"))
    first = claim_next(project, bob)
    again = claim_next(project, bob)
    assert first is not None
    assert again is not None
    assert (first.pk, first.token) == (again.pk, again.token)


def test_claim_next_never_offers_a_trace_twice_to_the_same_person() -> None:
    project = a_queue(overlap=2)
    bob = rater_of(project, a_person("bob"))
    first = claim_next(project, bob)
    assert first is not None
    skip_assignment(first, first.token, note="unreadable")
    assert claim_next(project, bob) is None
    assert claim_next(project, rater_of(project, a_person("carol"))) is not None


def test_the_database_refuses_two_slots_of_one_trace_for_one_holder() -> None:
    project = a_queue(overlap=2)
    bob = rater_of(project, a_person("bob"))
    first = claim_next(project, bob)
    other = Assignment.objects.get(slot=1)
    assert first is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=other.pk).update(
            state=AssignmentState.HELD, holder=bob, held_until=first.held_until
        )


def test_claim_next_takes_over_an_expired_lease_and_raises_the_token() -> None:
    project = a_queue()
    bob, carol = (rater_of(project, a_person(name)) for name in ("bob", "carol"))
    first = claim_next(project, bob)
    assert first is not None
    assert claim_next(project, carol) is None
    run_out(first)
    taken = claim_next(project, carol)
    assert taken is not None
    assert (taken.pk, taken.token, taken.holder) == (first.pk, first.token + 1, carol)
    with pytest.raises(Conflict, match="taken over"):
        extend_lease(first, first.token)


def test_an_expired_lease_nobody_wanted_is_still_the_holders() -> None:
    project = a_queue()
    first = claim_next(project, rater_of(project, a_person("bob")))
    assert first is not None
    run_out(first)
    renewed = extend_lease(first, first.token)
    assert renewed.held_until is not None
    assert renewed.held_until > timezone.now()


def test_release_gives_the_slot_back_to_everybody() -> None:
    project = a_queue()
    bob, carol = (rater_of(project, a_person(name)) for name in ("bob", "carol"))
    first = claim_next(project, bob)
    assert first is not None
    release_assignment(first, first.token)
    taken = claim_next(project, carol)
    assert taken is not None
    assert taken.pk == first.pk
    with pytest.raises(Conflict):
        release_assignment(first, first.token)


def test_skip_keeps_the_wanted_number_of_readings() -> None:
    project = a_queue(overlap=2)
    first = claim_next(project, rater_of(project, a_person("bob")))
    assert first is not None
    skip_assignment(first, first.token, note="  a picture is missing ")
    first.refresh_from_db()
    assert (first.state, first.note) == (AssignmentState.SKIPPED, "a picture is missing")
    assert Assignment.objects.filter(state=AssignmentState.OPEN).count() == 2
    assert fill_queue(project) == 0
    with pytest.raises(Conflict, match="skipped already"):
        skip_assignment(first, first.token)


def test_claim_next_without_a_rubric_says_so() -> None:
    project = a_queue()
    project.rubric = None
    project.save()
    with pytest.raises(Conflict, match="no rubric"):
        claim_next(project, rater_of(project, a_person("bob")))
