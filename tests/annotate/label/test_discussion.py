from __future__ import annotations

import pytest

from annotate.enums import AssignmentState
from annotate.errors import Conflict, Rejected
from annotate.label.discussion import (
    LONGEST_COMMENT,
    ask_reviewers,
    edit_comment,
    names_reviewer,
    resolve_comment,
    send_back,
    write_comment,
)
from annotate.models import Comment, Label, Project
from tests.annotate.label.desks import a_shared_project, read, take
from tests.factories import a_person, a_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(n_traces=2)


def test_a_comment_is_about_a_step_or_the_trace_and_says_something(project):
    trace, carol = project.traces.first(), a_person("carol")
    assert write_comment(trace, carol, " Look \n").text == "Look"
    assert write_comment(trace, carol, "Here", position=1).step.position == 1
    for text, reason in (
        ("  ", "Write something"),
        ("x" * (LONGEST_COMMENT + 1), "longer"),
        ("\x00a", "NUL"),
    ):
        with pytest.raises(Rejected, match=reason):
            write_comment(trace, carol, text)
    with pytest.raises(Rejected, match="has 2 steps"):
        write_comment(trace, carol, "Where", position=2)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Is this right, @carol?", True),
        ("@Carol.", True),
        ("@reviewers please", True),
        ("@dora what do you say", False),
        ("carol@example.org", False),
        ("It lacks @staticmethod", False),
    ],
)
def test_naming_a_reviewer_asks_them_and_other_names_are_words(project, text, asks):
    assert names_reviewer(project, text) is asks
    held = take(project, "bob")
    assert ask_reviewers(held, text, asks=False).asks_reviewers is asks


def test_only_a_reader_of_this_trace_can_be_addressed(project):
    reading = read(project, "bob", "gb")
    carol = a_person("carol")
    assert write_comment(reading.trace, carol, "Look again", to=reading).addressee == a_person("bob")
    other = project.traces.exclude(pk=reading.trace_id).get()
    with pytest.raises(Rejected, match="nobody who reads this trace"):
        write_comment(other, carol, "Look again", to=reading)


def test_words_about_a_trace_one_has_lost_are_refused(project):
    held = take(project, "bob")
    held.state = AssignmentState.SKIPPED
    with pytest.raises(Conflict, match="not yours any more"):
        ask_reviewers(held, "Hello")


def test_sending_back_needs_a_comment_and_someone_elses_submitted_reading(project):
    reading = read(project, "bob", "gb")
    carol = a_person("carol")
    with pytest.raises(Rejected, match="Say what"):
        send_back(reading, carol, [])
    with pytest.raises(Conflict, match="your own reading"):
        send_back(reading, a_person("bob"), [(None, "Hm")])
    with pytest.raises(Rejected):
        send_back(reading, carol, [(None, "Fine"), (9, "Where")])
    reading.refresh_from_db()
    assert reading.state == AssignmentState.SUBMITTED
    assert not Comment.objects.exists()

    whole, step = send_back(reading, carol, [(None, "Look again"), (1, "Is it?")])

    assert {whole.addressee, step.addressee} == {a_person("bob")}
    assert whole.created_at == step.created_at
    assert (whole.step, step.step.position) == (None, 1)
    assert not Label.objects.counted().exists()
    with pytest.raises(Conflict, match="not submitted"):
        send_back(reading, carol, [(None, "Again")])


def test_a_reading_that_came_with_a_file_has_nobody_to_go_back_to(project):
    reading = read(project, "bob", "gb")
    reading.holder = a_rater(project, name="imported")
    with pytest.raises(Rejected, match="nobody who reads"):
        send_back(reading, a_person("carol"), [(None, "Hm")])


def test_edits_keep_what_was_said_and_belong_to_the_author(project):
    held = take(project, "bob")
    comment = ask_reviewers(held, "Frist", asks=False)
    with pytest.raises(Conflict, match="Only whoever wrote"):
        edit_comment(comment, a_person("carol"), "Mine")
    edited = edit_comment(comment, a_person("bob"), "First, @carol")
    again = edit_comment(comment, a_person("bob"), "First, @carol")
    assert (edited.text, edited.asks_reviewers) == ("First, @carol", True)
    assert [row["text"] for row in again.earlier] == ["Frist"]


def test_a_comment_is_resolved_once_and_never_deleted(project):
    comment = ask_reviewers(take(project, "bob"), "What now?")
    first = resolve_comment(comment, a_person("carol"))
    second = resolve_comment(comment, a_person("alice"))
    assert first.resolved_at == second.resolved_at
    assert second.resolved_by == a_person("carol")
    with pytest.raises(Conflict, match="never deleted"):
        comment.delete()
