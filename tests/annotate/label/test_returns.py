from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotate.label.actions import clear_label, save_label, submit_assignment
from annotate.label.discussion import send_back
from annotate.label.returns import returned_of, sent_back
from annotate.models import Project
from tests.annotate.label.desks import a_shared_project, answer, read, take
from tests.factories import a_criterion, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(n_traces=3)


def test_the_reviewer_sees_where_it_is_and_what_changed(project):
    reading = read(project, "bob", "gb")
    send_back(reading, a_person("carol"), [(None, "Look again"), (1, "Sure?")])
    [waiting] = returned_of(reading.trace)
    assert (waiting.stands, waiting.is_back, waiting.changes) == ("waits for its reader", False, ())
    assert [comment.text for comment in waiting.comments] == ["Look again", "Sure?"]
    held = take(project, "bob")
    assert returned_of(reading.trace)[0].stands == "is being looked at again"
    answer(held, "gu")
    submit_assignment(held, held.token)
    [back] = returned_of(reading.trace)
    assert (back.stands, back.is_back) == ("came back", True)
    assert [(one.position, one.before, one.after) for one in back.changes] == [(1, "bad", "unsure")]


def test_each_sending_back_has_its_own_changes(project):
    reading = read(project, "bob", "gb")
    for letters in ("gn", "bn"):
        send_back(reading, a_person("carol"), [(None, "Again")])
        held = take(project, "bob")
        answer(held, letters)
        submit_assignment(held, held.token)
    first, second = returned_of(reading.trace)
    assert [(one.position, one.before, one.after) for one in first.changes] == [(1, "bad", "neutral")]
    assert [(one.position, one.before, one.after) for one in second.changes] == [(0, "good", "bad")]
    assert [one.is_back for one in (first, second)] == [True, True]


def test_a_change_that_was_undone_is_none_and_a_taking_back_is_one(project):
    reading = read(project, "bob", "gb")
    send_back(reading, a_person("carol"), [(None, "Again")])
    held = take(project, "bob")
    answer(held, "bb")
    answer(held, "gb")
    assert returned_of(reading.trace)[0].changes == ()
    criterion = a_criterion(project)
    clear_label(held, held.token, step=held.trace.steps.get(position=1), criterion=criterion)
    [change] = returned_of(reading.trace)[0].changes
    assert (change.before, change.after) == ("bad", "")
    save_label(held, held.token, step=held.trace.steps.get(position=1), criterion=criterion, value="bad")
    assert returned_of(reading.trace)[0].changes == ()


def test_the_list_is_newest_first_under_one_query(project, django_assert_num_queries: DjangoAssertNumQueries):
    readings = [read(project, "bob", "gb") for _ in range(3)]
    for n, reading in enumerate(readings, start=1):
        send_back(reading, a_person("carol"), [(None, "Again"), (0, "Here")])
        with django_assert_num_queries(1):
            found = sent_back(project)
            assert [one.assignment.trace.external_id for one in found] == [
                f"trace-{k}" for k in range(n, 0, -1)
            ]
