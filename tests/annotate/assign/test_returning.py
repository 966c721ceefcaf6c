from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.assign.policy import Standing
from annotate.assign.queries import queue_counts, queue_state
from annotate.assign.returning import return_assignment, take_up_returned
from annotate.enums import AssignmentState, Purpose
from annotate.errors import Conflict
from annotate.label.actions import submit_assignment
from annotate.label.queries import sheet_of
from annotate.models import Assignment, Label, Project, Reader, Turn
from tests.annotate.label.desks import a_shared_project, answer, read, take
from tests.factories import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(n_traces=3)


def test_a_returned_reading_counts_no_more_and_keeps_its_answers(project):
    submitted = read(project, "bob", "gb")
    assert Label.objects.counted().count() == 2
    return_assignment(submitted)
    assert not Label.objects.counted().exists()
    back = take(project, "bob")
    assert (back.pk, back.state, back.token) == (submitted.pk, AssignmentState.HELD, submitted.token + 1)
    assert back.held_until is not None
    assert {answer.value for answer in sheet_of(back).answers.values()} == {"good", "bad"}


def test_it_comes_before_anything_new_and_after_what_is_on_the_desk(project):
    first = read(project, "bob", "gb")
    second = take(project, "bob")
    return_assignment(first)
    assert take(project, "bob").pk == second.pk
    answer(second, "gg")
    second.refresh_from_db()
    submit_assignment(second, second.token)
    assert take(project, "bob").pk == first.pk


def test_it_waits_for_its_reader_and_for_nobody_else(project):
    submitted = read(project, "bob", "gb")
    return_assignment(submitted)
    dora = rater_of(project, a_person("dora"))
    for _ in range(3):
        taken = claim_next(project, dora)
        assert taken is not None
        assert taken.pk != submitted.pk
        answer(taken, "gg")
        Assignment.objects.filter(pk=taken.pk).update(state=AssignmentState.SUBMITTED, held_until=None)
    assert claim_next(project, dora) is None
    assert take_up_returned(project, dora) is None
    state = queue_state(project, rater_of(project, a_person("bob")))
    assert state.standing is Standing.HOLDING
    assert fill_queue(project) == 0
    counts = queue_counts(project)
    assert (counts.returned, counts.submitted, counts.wanted) == (1, 3, 6)


@pytest.mark.parametrize("name", ["held", "twice"])
def test_only_a_submitted_reading_can_be_returned(project, name):
    if name == "held":
        reading = take(project, "bob")
    else:
        reading = return_assignment(read(project, "bob", "gb"))
    with pytest.raises(Conflict, match="and not submitted"):
        return_assignment(reading)


def test_the_counts_follow_it_out_and_back(project):
    submitted = read(project, "bob", "gb")
    bob = rater_of(project, a_person("bob"))

    def counted() -> tuple[int, int]:
        turn = Turn.objects.get(trace=submitted.trace_id)
        return turn.n_submitted, Reader.objects.get(rater=bob).n_submitted

    assert counted() == (1, 1)
    return_assignment(submitted)
    assert counted() == (0, 0)
    back = take(project, "bob")
    answer(back, "gg")
    submit_assignment(back, back.token)
    assert counted() == (1, 1)


@pytest.mark.parametrize("purpose", [Purpose.GOLD, Purpose.EXAM, Purpose.DEMO])
def test_what_is_measured_against_a_key_does_not_go_back(project, purpose):
    submitted = read(project, "bob", "gb")
    Assignment.objects.filter(pk=submitted.pk).update(purpose=purpose)
    with pytest.raises(Conflict, match="measured as they are"):
        return_assignment(submitted)
