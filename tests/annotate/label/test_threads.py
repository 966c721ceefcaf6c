from __future__ import annotations

import pytest

from annotate.access import comment_for
from annotate.enums import AssignmentState
from annotate.errors import NotAllowed
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.discussion import ask_reviewers, edit_comment, resolve_comment, write_comment
from annotate.label.review import review_of
from annotate.label.threads import (
    n_open_questions,
    open_for_reader,
    open_questions,
    talk_of_reader,
    talk_of_reviewers,
)
from annotate.models import Assignment, Comment, Project
from tests.annotate.label.desks import a_shared_project, read, take
from tests.factories import a_criterion, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project()


def texts(assignment: Assignment, name: str) -> list[str]:
    talk = talk_of_reader(assignment, a_person(name))
    return [remark.comment.text for thread in talk.threads.values() for remark in thread]


def test_readers_see_their_own_words_and_those_to_them_and_never_each_others(project):
    bob, dora = read(project, "bob", "gb"), read(project, "dora", "gg")
    carol = a_person("carol")
    ask_reviewers(bob, "bob asks")
    ask_reviewers(dora, "dora asks @bob")
    write_comment(bob.trace, carol, "among reviewers, @bob")
    write_comment(bob.trace, carol, "to bob", to=bob)
    write_comment(bob.trace, carol, "to dora", position=1, to=dora)
    assert texts(bob, "bob") == ["bob asks", "to bob"]
    assert texts(dora, "dora") == ["dora asks @bob", "to dora"]
    names = {
        remark.who for thread in talk_of_reader(bob, a_person("bob")).threads.values() for remark in thread
    }
    assert names == {"You", "A reviewer"}


@pytest.mark.parametrize("state", [AssignmentState.SKIPPED, AssignmentState.OPEN])
def test_whoever_gave_the_trace_up_sees_nothing_of_it(project, state):
    bob = read(project, "bob", "gb")
    comment = write_comment(bob.trace, a_person("carol"), "to bob", to=bob)
    assert comment_for(a_person("bob"), comment.pk) == comment
    holder = None if state == AssignmentState.OPEN else bob.holder
    Assignment.objects.filter(pk=bob.pk).update(state=state, holder=holder)
    bob.refresh_from_db()
    assert texts(bob, "bob") == []
    with pytest.raises(NotAllowed):
        comment_for(a_person("bob"), comment.pk)


def test_the_door_opens_for_whom_the_thread_shows_it(project):
    bob, dora = read(project, "bob", "gb"), read(project, "dora", "gg")
    comment = ask_reviewers(bob, "bob asks")
    assert comment_for(a_person("bob"), comment.pk) == comment
    assert comment_for(a_person("carol"), comment.pk) == comment
    for name in ("dora", "dan"):
        with pytest.raises(NotAllowed) as refused:
            comment_for(a_person(name), comment.pk)
        assert not refused.value.is_visible
    assert dora.state == AssignmentState.SUBMITTED


def test_a_reviewer_who_reads_the_trace_is_a_reader_until_they_submit(project):
    bob = read(project, "bob", "gb")
    comment = ask_reviewers(bob, "I said bad here")
    assert list(open_questions(project, a_person("carol"))) == [comment]
    held = take(project, "carol")
    assert held.trace == bob.trace
    with pytest.raises(NotAllowed):
        comment_for(a_person("carol"), comment.pk)
    assert not open_questions(project, a_person("carol")).exists()
    assert list(open_questions(project, a_person("alice"))) == [comment]


def test_reviewers_see_everything_and_readers_as_letters_until_the_step_is_decided(project):
    bob = read(project, "bob", "gb")
    trace, carol = bob.trace, a_person("carol")
    step = trace.steps.get(position=1)
    ask_reviewers(bob, "Is it?", position=1)
    write_comment(trace, carol, "It is", position=1, to=bob)
    open_ = talk_of_reviewers(review_of(trace), carol).at(step.pk)
    assert [(one.who, one.to) for one in open_] == [("Reader A", ""), ("You", "Reader A")]
    assert [(one.can_edit, one.is_open_question) for one in open_] == [(False, True), (True, False)]
    decide(trace, carol, [Said(a_criterion(project).pk, 1, "bad")])
    alice = a_person("alice")
    decided = talk_of_reviewers(review_of(trace), alice).at(step.pk)
    assert [(one.who, one.to) for one in decided] == [("bob", ""), ("carol", "bob")]
    Comment.objects.update(author=None)
    assert talk_of_reviewers(review_of(trace), alice).at(step.pk)[1].who == "Somebody who left"


def test_a_slip_that_a_reviewer_edits_out_is_not_shown_to_the_reader(project):
    bob = read(project, "bob", "gb")
    slip = write_comment(bob.trace, a_person("carol"), "dora said good", to=bob)
    edit_comment(slip, a_person("carol"), "Look again")
    mine = ask_reviewers(bob, "Frist")
    edit_comment(mine, a_person("bob"), "First")
    seen = {one.comment.text: list(one.earlier) for one in talk_of_reader(bob, a_person("bob")).remarks}
    assert seen["Look again"] == []
    assert [row["text"] for row in seen["First"]] == ["Frist"]
    [told, _] = talk_of_reviewers(review_of(bob.trace), a_person("alice")).remarks
    assert told.earlier[0]["text"] == "dora said good"


def test_what_is_open_is_counted_until_it_is_resolved(project):
    bob = read(project, "bob", "gb")
    question = ask_reviewers(bob, "What about units?")
    ask_reviewers(bob, "Just a note", asks=False)
    answer = write_comment(bob.trace, a_person("carol"), "Leave them", to=bob)
    assert list(open_questions(project, a_person("carol"))) == [question]
    assert list(open_for_reader(project, a_person("bob"))) == [answer]
    assert not open_for_reader(project, a_person("dora")).exists()
    resolve_comment(question, a_person("carol"))
    resolve_comment(answer, a_person("bob"))
    assert not open_questions(project, a_person("carol")).exists()
    assert not open_for_reader(project, a_person("bob")).exists()
    assert Comment.objects.count() == 3


def test_very_many_open_questions_are_more_than_so_many(project, monkeypatch):
    monkeypatch.setattr("annotate.label.threads.MOST_QUESTIONS", 2)
    alice, trace = a_person("alice"), read(project, "bob", "gb").trace
    for n in range(2):
        write_comment(trace, alice, f"{n}?", asks_reviewers=True)
    assert str(n_open_questions(project, alice)) == "2"
    write_comment(trace, alice, "Another?", asks_reviewers=True)
    assert str(n_open_questions(project, alice)) == "more than 2"
