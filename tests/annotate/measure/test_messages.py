from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.measure.interventions import intervene, trail_of
from annotate.measure.messages import mark_read, messages_to
from annotate.models import Intervention, Person, Rater
from tests.factories import a_person, a_project, a_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> Person:
    return a_person("bob")


@pytest.fixture
def rater(bob: Person) -> Rater:
    return a_rater(a_project(), name="bob", person=bob)


def write(rater: Rater, text: str) -> Intervention:
    return intervene(rater, "message", by=a_person("alice"), reason=text)


def test_a_message_is_in_the_trail_and_unread_until_its_reader_says_otherwise(
    rater: Rater, bob: Person
) -> None:
    first, second = write(rater, " Look at step 3. \n\nThanks."), write(rater, "And at the units.")
    bob.refresh_from_db()
    assert bob.n_unread == 2
    assert [one.reason for one in messages_to(bob)] == ["And at the units.", "Look at step 3. \n\nThanks."]
    for _ in range(2):
        mark_read(first)
    bob.refresh_from_db()
    assert bob.n_unread == 1
    assert list(messages_to(bob, is_unread=True)) == [second]
    assert [one.read_at is None for one in trail_of(rater)] == [True, False]
    assert {one.made_by for one in trail_of(rater)} == {a_person("alice")}


def test_what_was_written_stays_as_it_was_written(rater: Rater) -> None:
    message = write(rater, "Look at step 3.")
    message.reason = "Never mind."
    with pytest.raises(DatabaseError), transaction.atomic():
        message.save()


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1001])
def test_a_message_says_something_and_not_too_much(rater: Rater, bob: Person, text: str) -> None:
    with pytest.raises(Rejected) as refused:
        write(rater, text)
    assert refused.value.field == "reason"
    bob.refresh_from_db()
    assert (bob.n_unread, Intervention.objects.count()) == (0, 0)


def test_machines_and_people_without_an_account_read_nothing(rater: Rater) -> None:
    for other in (a_rater(rater.project, RaterKind.JUDGE), a_rater(rater.project, name="from a file")):
        with pytest.raises(Rejected, match="no account"):
            write(other, "Hello.")
    assert not Intervention.objects.exists()


def test_what_else_is_done_to_a_rater_is_no_message(rater: Rater, bob: Person) -> None:
    done = intervene(rater, "exclude", by=a_person("alice"), reason="Guesses.")
    mark_read(done)
    done.refresh_from_db()
    assert done.read_at is None
    assert not messages_to(bob).exists()
