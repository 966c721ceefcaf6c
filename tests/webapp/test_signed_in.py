"""A session and its person come in one statement, and nobody is taken for somebody else for it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotate.models import Person
from tests.factories import a_person
from tests.webapp.views.clients import signed_in
from webapp import signed_in as under_test

pytestmark = pytest.mark.django_db
PAGE = "/me/"


def who_is(client: Client) -> str:
    answer = client.get(PAGE)
    return str(answer.context["user"].username) if answer.status_code == 200 else ""


def test_from_the_second_request_on_one_statement_tells_who_somebody_is() -> None:
    anna = signed_in("anna")
    assert who_is(anna) == "anna"
    with CaptureQueriesContext(connection) as asked:
        assert who_is(anna) == "anna"
    about = [one["sql"] for one in asked if "django_session" in one["sql"] or '"password"' in one["sql"]]
    assert len(about) == 1


def test_a_wrong_guess_is_only_a_guess() -> None:
    anna, bob = signed_in("anna"), signed_in("bob")
    assert (who_is(anna), who_is(bob)) == ("anna", "bob")
    keys = {name: client.cookies["sessionid"].value for name, client in (("anna", anna), ("bob", bob))}
    for wrong in (a_person("bob").pk, a_person("carol").pk, 0):
        under_test._guesses[keys["anna"]] = wrong
        assert who_is(anna) == "anna"
        assert under_test._guesses[keys["anna"]] == a_person("anna").pk
    assert who_is(bob) == "bob"


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
def test_who_may_not_any_more_is_out_at_once(change: dict[str, object]) -> None:
    anna = signed_in("anna")
    assert who_is(anna) == "anna"
    Person.objects.filter(username="anna").update(**change)
    assert who_is(anna) == ""


def test_a_session_that_was_ended_and_a_person_who_was_removed_are_out() -> None:
    anna, bob = signed_in("anna"), signed_in("bob")
    assert (who_is(anna), who_is(bob)) == ("anna", "bob")
    anna.session.delete()
    Person.objects.filter(username="bob").delete()
    assert (who_is(anna), who_is(bob)) == ("", "")


def test_what_the_page_shows_of_a_person_is_what_stands_now() -> None:
    anna = signed_in("anna")
    assert who_is(anna) == "anna"
    Person.objects.filter(username="anna").update(theme="dark")
    assert 'data-theme="dark"' in anna.get(PAGE).content.decode()


def test_so_many_guesses_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "MOST_GUESSES", 2)
    for name in ("anna", "bob", "carol", "dora"):
        assert who_is(signed_in(name)) == name
        assert len(under_test._guesses) <= 2
