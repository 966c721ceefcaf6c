"""Signing in by a service elsewhere: a real one that listens on a port, asked by the site as any would be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident
from typing import Any
from urllib.parse import quote

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.db import connection
from django.test import Client

from annotate.enums import Role
from annotate.ingest.inviting import invite, token_of, withdraw
from annotate.models import LogEntry, Person
from tests.factories import a_person, a_project
from tests.webapp.factors import an_app
from tests.webapp.stand_in import CLIENT, SECRET, StandIn, an_issuer
from webapp import issuer as web_issuer

pytestmark = pytest.mark.django_db

BEGIN = "/sign-in/issuer/"
HERE = "http://testserver"


@pytest.fixture(scope="module")
def listening() -> Iterator[StandIn]:
    with an_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(listening: StandIn, settings: Any) -> StandIn:
    settings.OIDC_ISSUER = listening.url
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    settings.OIDC_LABEL = "Example"
    listening.knows()
    return listening


def bob(**fields: Any) -> Person:
    return a_person("bob", email="bob@example.org", **fields)


def sent_back(client: Client, begin: str = BEGIN) -> str:
    """By which address the issuer sends the browser back."""
    there = client.get(begin)["Location"]
    return requests.get(there, allow_redirects=False, timeout=30).headers["Location"].removeprefix(HERE)


def come(client: Client, begin: str = BEGIN) -> Any:
    return client.get(sent_back(client, begin))


def who(client: Client) -> str:
    answer = client.get("/me/")
    return str(answer.context["user"].username) if answer.status_code == 200 else ""


def test_whoever_has_the_address_is_signed_in_and_known_again_without_it(issuer: StandIn) -> None:
    person, client = bob(), Client()
    assert b"Sign in with Example" in client.get("/sign-in/").content
    assert come(client, f"{BEGIN}?next=/me/progress/")["Location"] == "/me/progress/"
    assert who(client) == "bob"
    (asked,) = issuer.asked
    assert asked["redirect_uri"] == f"{HERE}/sign-in/issuer/back/"
    assert len(asked["nonce"]) >= 32
    held = SocialAccount.objects.get()
    assert (held.user, held.provider, held.uid) == (person, issuer.url, "b-1")
    assert LogEntry.objects.get(noun="account elsewhere").subject_pk == person.pk
    issuer.knows(email="robert@example.org", email_verified=False)
    again = Client()
    assert come(again)["Location"] == "/"
    assert who(again) == "bob"
    # The password is what it was.
    assert Client().post("/sign-in/", {"username": "bob", "password": "bob-bob"})["Location"] == "/"


def test_another_site_is_not_gone_on_to(issuer: StandIn) -> None:
    bob()
    assert come(Client(), f"{BEGIN}?next=https://evil.example/")["Location"] == "/"


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(issuer: StandIn) -> None:
    bob()
    client = Client()
    address = sent_back(client)
    stranger = Client()
    for path in (address, address.replace("state=", "state=x"), f"{BEGIN}back/", f"{BEGIN}back/?code=1"):
        answer = stranger.get(path)
        assert (answer.status_code, b"does not fit a sign-in" in answer.content) == (400, True)
    assert client.get(address).status_code == 302
    assert client.get(address).status_code == 400
    assert who(stranger) == ""


@pytest.mark.parametrize(
    "signs", ["by another key", "by a key nobody knows", "not at all", "by a word that everybody knows"]
)
def test_a_token_that_the_issuer_did_not_sign_is_not_taken(issuer: StandIn, signs: str) -> None:
    bob()
    issuer.signs = signs
    client = Client()
    assert come(client).status_code == 400
    assert who(client) == ""
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"iss": "https://other.example"}, {"exp": 1}],
)
def test_a_token_for_another_purpose_is_not_taken(issuer: StandIn, claims: dict[str, Any]) -> None:
    bob()
    issuer.claims = claims
    client = Client()
    assert come(client).status_code == 400
    assert who(client) == ""
    assert not SocialAccount.objects.exists()


def test_facts_about_somebody_else_are_not_taken(issuer: StandIn) -> None:
    bob()
    issuer.userinfo = {"sub": "c-1"}
    client = Client()
    assert come(client).status_code == 400
    assert who(client) == ""


@pytest.mark.parametrize(
    "person", [{"email_verified": False}, {"email_verified": None}, {"email": None}, {"email": "no address"}]
)
def test_an_address_that_nobody_verified_tells_nothing(issuer: StandIn, person: dict[str, Any]) -> None:
    bob()
    issuer.knows(**person)
    client = Client()
    answer = come(client)
    assert (answer.status_code, b"nobody can tell here who you are" in answer.content) == (403, True)
    assert who(client) == ""


def test_somebody_unknown_is_told_whom_to_ask(issuer: StandIn) -> None:
    issuer.knows(email="eve@example.org")
    client = Client()
    answer = come(client)
    assert answer.status_code == 403
    said = answer.content.decode()
    assert "Nobody here has the address eve@example.org" in said
    assert "invitation link" in said
    assert (who(client), Person.objects.count()) == ("", 0)


def test_everybody_may_come_where_the_site_says_so(issuer: StandIn, settings: Any) -> None:
    settings.OIDC_SIGN_UP = True
    a_person("eve")
    issuer.knows(
        sub="e-2", email="Eve@example.org", given_name="Eve", family_name="Two", preferred_username="eve"
    )
    client = Client()
    assert come(client)["Location"] == "/"
    made = SocialAccount.objects.get().user
    assert who(client) == made.username != "eve"
    assert (made.email.lower(), made.get_full_name()) == ("eve@example.org", "Eve Two")
    assert not made.has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_two_first_sign_ins_of_one_newcomer_at_once_are_into_one_account(
    issuer: StandIn, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OIDC_SIGN_UP = True
    issuer.knows(sub="e-2", email="eve@example.org")
    both = Barrier(2, timeout=60)
    find, name = web_issuer._find_person, web_issuer.generate_unique_username
    begun: set[int] = set()
    named: set[int] = set()

    def find_at_once(request: Any, login: Any, address: str) -> None:
        if get_ident() not in begun:
            begun.add(get_ident())
            both.wait()
        find(request, login, address)

    def name_at_once(wanted: list[str]) -> str:
        found = str(name(wanted))
        # SQLite lets only one of them write from the beginning on.
        if connection.vendor == "postgresql" and get_ident() not in named:
            named.add(get_ident())
            both.wait()
        return found

    monkeypatch.setattr(web_issuer, "_find_person", find_at_once)
    monkeypatch.setattr(web_issuer, "generate_unique_username", name_at_once)
    clients = [Client(), Client()]
    addresses = [sent_back(client) for client in clients]

    def come_back(place: int) -> int:
        try:
            return int(clients[place].get(addresses[place]).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(come_back, range(2))) == [302, 302]
    assert [who(client) for client in clients] == [Person.objects.get().username] * 2
    assert SocialAccount.objects.get().uid == "e-2"


def test_a_name_that_somebody_took_a_moment_before_costs_nothing(
    issuer: StandIn, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OIDC_SIGN_UP = True
    a_person("eve")
    issuer.knows(sub="e-2", email="eve@example.org")
    names = iter(["eve", "eve2"])
    monkeypatch.setattr(web_issuer, "generate_unique_username", lambda wanted: next(names))
    client = Client()
    assert come(client)["Location"] == "/"
    assert who(client) == "eve2"


def test_an_invitation_lets_a_newcomer_in(issuer: StandIn) -> None:
    project = a_project()
    invitation = invite(project, a_person("alice"), role=Role.ANNOTATOR)
    path = f"/join/?token={token_of(invitation)}"
    issuer.knows(sub="e-1", email="eve@example.org", preferred_username="eve")
    client = Client()
    assert b"Sign in with Example" in client.get(path).content
    begin = f"{BEGIN}?next={quote(path)}"
    assert come(client, begin)["Location"] == path
    assert client.post("/join/", {"token": token_of(invitation)})["Location"] == f"/projects/{project.slug}/"
    withdraw(invite(project, a_person("alice"), role=Role.ANNOTATOR))
    closed = project.invitations.latest("pk")
    issuer.knows(sub="f-1", email="fay@example.org")
    refused = come(Client(), f"{BEGIN}?next={quote(f'/join/?token={token_of(closed)}')}")
    assert (refused.status_code, b"invitation is closed" in refused.content) == (409, True)
    assert come(Client(), f"{BEGIN}?next={quote('/join/?token=made-up')}").status_code == 404
    assert not Person.objects.filter(email="fay@example.org").exists()


@pytest.mark.parametrize(
    ("person", "is_in"),
    [
        ({}, True),
        ({"email": "bob@EXAMPLE.org"}, True),
        ({"email": "bob@sub.example.org"}, False),
        ({"email": "bob@example.org.evil.example"}, False),
        ({"email_verified": False}, False),
    ],
)
def test_only_addresses_of_the_sites_domains_come_in(
    issuer: StandIn, settings: Any, person: dict[str, Any], is_in: bool
) -> None:
    settings.OIDC_DOMAINS = ["example.org", "@example.net"]
    settings.OIDC_SIGN_UP = True
    SocialAccount.objects.create(user=bob(), provider=issuer.url, uid="b-1")
    issuer.knows(**person)
    client = Client()
    answer = come(client)
    assert who(client) == ("bob" if is_in else "")
    if not is_in:
        assert b"Only addresses at example.org, example.net" in answer.content


def test_an_address_that_says_not_who_it_is_lets_nobody_in(issuer: StandIn) -> None:
    bob()
    Person.objects.create_user("bobby", email="BOB@example.org")
    assert come(Client()).status_code == 403
    Person.objects.filter(username="bobby").delete()
    # Somebody else who was given the address at the issuer since.
    SocialAccount.objects.create(user=a_person("bob"), provider=issuer.url, uid="b-0")
    client = Client()
    assert (come(client).status_code, who(client)) == (403, "")
    call_command("person", "bob", unlink=True)
    assert (come(client).status_code, who(client)) == (302, "bob")


def test_the_same_number_at_another_issuer_is_somebody_else(issuer: StandIn) -> None:
    SocialAccount.objects.create(user=a_person("carol"), provider="https://before.example", uid="b-1")
    bob()
    client = Client()
    come(client)
    assert who(client) == "bob"


def test_an_account_that_is_closed_stays_so(issuer: StandIn) -> None:
    bob(is_active=False)
    client = Client()
    answer = come(client)
    assert (answer.status_code, b"This account is closed." in answer.content) == (403, True)
    assert who(client) == ""


def test_whoever_says_no_there_is_back_at_the_sign_in_page(issuer: StandIn) -> None:
    issuer.person = None
    client = Client()
    answer = client.get(sent_back(client), follow=True)
    assert b"Example was told not to sign you in." in answer.content
    assert b"Password" in answer.content


def test_an_issuer_that_is_away_is_said_to_be(issuer: StandIn) -> None:
    client = Client()
    address = sent_back(client)
    issuer.is_away = True
    for path in (BEGIN, address):
        answer = client.get(path)
        assert (answer.status_code, b"does not answer as it should" in answer.content) == (503, True)


def test_without_an_issuer_there_is_nothing_of_it(settings: Any) -> None:
    assert settings.OIDC_ISSUER == ""
    assert b"Sign in with" not in Client().get("/sign-in/").content
    assert [Client().get(path).status_code for path in (BEGIN, f"{BEGIN}back/")] == [404, 404]


def test_the_second_factor_is_asked_unless_the_issuer_asks_for_one(issuer: StandIn, settings: Any) -> None:
    settings.FACTOR_DEMANDED_OF = "everybody"
    client = Client()
    bob()
    come(client)
    assert client.get("/")["Location"] == "/me/second-factor/"
    app, _ = an_app(a_person("bob"))
    client = Client()
    assert come(client, f"{BEGIN}?next=/me/")["Location"] == "/sign-in/code/"
    assert who(client) == ""
    assert client.post("/sign-in/code/", {"code": app.code()})["Location"] == "/me/"
    assert who(client) == "bob"
    settings.OIDC_ASKS_FACTOR = True
    client = Client()
    assert come(client)["Location"] == "/"
    assert who(client) == "bob"
    # Whoever comes with the password is asked as before.
    assert (
        Client().post("/sign-in/", {"username": "bob", "password": "bob-bob"})["Location"] == "/sign-in/code/"
    )


def test_signing_out_is_signing_out_here_and_says_so(issuer: StandIn) -> None:
    bob()
    client = Client()
    come(client)
    answer = client.post("/sign-out/", follow=True)
    assert b"Example may still know you" in answer.content
    assert who(client) == ""


def test_somebody_without_a_password_shows_who_they_are_by_coming_anew(
    issuer: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = bob()
    person.set_unusable_password()
    person.save()
    client = Client()
    come(client)
    with monkeypatch.context() as later:
        later.setattr("webapp.login_flow.LATELY", -1)
        refused = client.post("/me/data/", {"username": "bob"})
        assert (refused.status_code, b"sign in with Example again" in refused.content) == (400, True)
    assert b"Your account is closed" in client.post("/me/data/", {"username": "bob"}, follow=True).content
    assert not SocialAccount.objects.exists()


def test_an_operator_notes_an_address_once(issuer: StandIn) -> None:
    a_person("bob")
    call_command("person", "bob", email="bob@example.org")
    client = Client()
    come(client)
    assert who(client) == "bob"
