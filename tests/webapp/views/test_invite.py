from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from annotate.enums import Role
from annotate.ingest.inviting import invite, token_of, withdraw
from annotate.models import Invitation, Membership, Person, Project
from tests.factories import a_person, a_project
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db

PASSWORD = "a lake in the hills"


@pytest.fixture
def project() -> Project:
    return a_project(slug="words", bob=Role.ANNOTATOR)


def token(project: Project, **settings: object) -> str:
    return token_of(invite(project, a_person("alice"), role=Role.ANNOTATOR, **settings))  # type: ignore[arg-type]


def fields(token: str, **changed: str) -> dict[str, str]:
    return {"token": token, "username": "eve", "password": PASSWORD, "again": PASSWORD} | changed


def test_a_manager_makes_a_link_that_a_newcomer_follows(project: Project) -> None:
    page = (
        signed_in("alice")
        .post("/projects/words/invitations/", {"role": "annotator", "days": 7, "uses": 1}, follow=True)
        .content.decode()
    )
    link = page.partition("http://testserver")[2].partition("<")[0]
    visitor = Client()
    shown = visitor.get(link).content.decode()
    assert "alice invites you" in shown
    assert "<strong>annotator</strong>" in shown
    (sent,) = parse_qs(urlparse(link).query)["token"]
    joined = visitor.post("/join/", fields(sent))
    assert joined["Location"] == "/projects/words/"
    assert visitor.get("/projects/words/").status_code == 200
    eve = Person.objects.get(username="eve")
    assert eve.check_password(PASSWORD)
    assert Membership.objects.get(project=project, person=eve).role == Role.ANNOTATOR


def test_somebody_with_an_account_joins_with_it(project: Project) -> None:
    sent = token(project)
    dan = signed_in("dan")
    assert "Join as dan" in dan.get(f"/join/?token={sent}").content.decode()
    assert dan.post("/join/", {"token": sent})["Location"] == "/projects/words/"
    assert dan.get("/projects/words/").status_code == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "1357924680135", "again": "1357924680135"}, "entirely numeric"),
        ({"again": "another lake here"}, "The two passwords differ."),
        ({"username": "alice"}, "Somebody has this name already."),
        ({"username": "ALICE"}, "Somebody has this name already."),
        ({"username": "two words"}, "Enter a valid username"),
    ],
)
def test_what_cannot_be_an_account_is_said_and_uses_nothing_up(
    project: Project, changed: dict[str, str], said: str
) -> None:
    answer = Client().post("/join/", fields(token(project), **changed))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Invitation.objects.get().uses_left == 1
    assert not Person.objects.filter(username__in=("eve", "two words")).exists()


def test_a_link_that_is_closed_says_why_and_a_made_up_one_leads_nowhere(project: Project) -> None:
    sent = token(project)
    withdraw(Invitation.objects.get())
    answer = Client().get(f"/join/?token={sent}")
    assert answer.status_code == 409
    assert "It was withdrawn." in answer.content.decode()
    assert Client().post("/join/", fields(sent)).status_code == 409
    assert Client().get(f"/join/?token={sent[:-1]}").status_code == 404
    assert Client().get("/join/")["Location"] == "/"
    assert not Person.objects.filter(username="eve").exists()


def test_inviting_is_for_managers(project: Project) -> None:
    bob = signed_in("bob")
    assert bob.get("/projects/words/invitations/").status_code == 403
    assert bob.post("/projects/words/invitations/", {"role": "manager", "days": 7}).status_code == 403
    made = invite(project, a_person("alice"), role=Role.VIEWER)
    assert bob.post(f"/invitations/{made.pk}/withdraw/").status_code == 403
    owner = signed_in("alice").post("/projects/words/invitations/", {"role": "owner", "days": 7})
    assert owner.status_code == 400
    signed_in("alice").post(f"/invitations/{made.pk}/withdraw/")
    made.refresh_from_db()
    assert made.why_closed == "It was withdrawn."
