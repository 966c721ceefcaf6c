from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from annotate.enums import Role
from annotate.tokens import make_token
from tests.factories import a_person, a_project
from tests.webapp.factors import App, an_app
from tests.webapp.views.clients import queries_of, signed_in
from webapp.second_factor import has_factor

pytestmark = pytest.mark.django_db

PAGE = "/me/second-factor/"
BOB = {"username": "bob", "password": "bob-bob"}


def set_up(client: Client, **changed: str) -> Any:
    """What the page says to the code of an app that has its secret."""
    page = client.get(PAGE).content.decode()
    found = re.search(r'<code class="command">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    app = App(found[1].replace(" ", ""))
    return client.post(PAGE, {"code": app.code(), "password": "bob-bob"} | changed)


def test_recovery_codes_are_shown_once_with_a_file_of_them() -> None:
    bob = signed_in("bob")
    answer = set_up(bob)
    page = answer.content.decode()
    codes = re.findall(r"<li><code>(\d{4} \d{4})</code>", page)
    assert len(codes) == 10
    assert "no-store" in answer["Cache-Control"]
    file = re.search(r'href="data:text/plain;charset=utf-8,([^"]+)" download', page)
    assert file is not None
    assert unquote(file[1]).splitlines()[1:] == codes
    again = bob.get(PAGE).content.decode()
    assert "10 recovery codes are left" in again
    assert not [code for code in codes if code in again]


def test_the_secret_of_the_page_stays_until_it_is_used() -> None:
    bob = signed_in("bob")
    assert bob.get(PAGE).context["secret"] == bob.get(PAGE).context["secret"]
    set_up(bob)
    assert "second_factor_secret" not in bob.session


def test_the_picture_needs_nothing_that_the_policy_forbids() -> None:
    page = signed_in("bob").get(PAGE).content.decode()
    picture = page.partition('<svg class="qr"')[2].partition("</svg>")[0]
    assert 'role="img" aria-label="The key below as a QR code"' in picture
    assert "style" not in picture


@pytest.mark.parametrize("changed", [{"code": "12"}, {"password": "guess"}, {"password": ""}])
def test_it_takes_both_a_code_and_the_password(changed: dict[str, str]) -> None:
    assert set_up(signed_in("bob"), **changed).status_code == 400
    assert not has_factor(a_person("bob"))


def test_signing_in_asks_for_a_code_and_goes_on_where_one_wanted() -> None:
    bob = a_person("bob")
    app, codes = an_app(bob)
    client = Client()
    assert client.post("/sign-in/?next=/me/", BOB)["Location"] == "/sign-in/code/"
    assert client.get("/me/").status_code == 302
    wrong = client.post("/sign-in/code/", {"code": app.wrong()})
    assert (wrong.status_code, b"This code is not right" in wrong.content) == (400, True)
    assert client.get("/me/").status_code == 302
    assert client.post("/sign-in/code/", {"code": app.code()})["Location"] == "/me/"
    assert client.get("/me/").status_code == 200
    # A recovery code does as well.
    other = Client()
    other.post("/sign-in/", BOB)
    assert other.post("/sign-in/code/", {"code": codes[0]})["Location"] == "/"


def test_nobody_comes_to_the_code_without_the_password() -> None:
    an_app(a_person("bob"))
    client = Client()
    for answer in (client.get("/sign-in/code/"), client.post("/sign-in/code/", {"code": "000000"})):
        assert answer["Location"] == "/sign-in/"
    client.post("/sign-in/", BOB | {"password": "guess"})
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"


def test_whoever_guesses_codes_is_told_plainly(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    app, _ = an_app(a_person("bob"))
    client = Client()
    client.post("/sign-in/", BOB)
    statuses = [client.post("/sign-in/code/", {"code": app.wrong()}).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    locked = client.post("/sign-in/code/", {"code": app.code()})
    assert (locked.status_code, b"Too many wrong codes" in locked.content) == (429, True)
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize("what", ["codes", "remove"])
def test_what_changes_it_takes_the_password_with_the_limit_of_the_sign_in_page(
    settings: Any, what: str
) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    an_app(a_person("bob"))
    bob = signed_in("bob")
    statuses = [bob.post(f"{PAGE}{what}/", {"password": "guess"}).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert bob.post(f"{PAGE}{what}/", {"password": "bob-bob"}).status_code == 429
    assert has_factor(a_person("bob"))


def test_it_is_removed_and_signing_in_asks_for_no_code() -> None:
    an_app(a_person("bob"))
    removed = signed_in("bob").post(f"{PAGE}remove/", {"password": "bob-bob"}, follow=True)
    assert b"From now on you sign in without a code." in removed.content
    assert Client().post("/sign-in/", BOB)["Location"] == "/"


def test_new_recovery_codes_are_shown_once() -> None:
    _, old = an_app(a_person("bob"))
    answer = signed_in("bob").post(f"{PAGE}codes/", {"password": "bob-bob"})
    codes = re.findall(r"<li><code>(\d{4} \d{4})</code>", answer.content.decode())
    assert len(codes) == 10
    assert not set(codes) & set(old)


@pytest.mark.parametrize(
    ("whom", "owing"), [("nobody", set()), ("managers", {"alice"}), ("everybody", {"alice", "bob"})]
)
def test_who_has_to_have_one_sets_it_up_before_anything_else(
    settings: Any, whom: str, owing: set[str]
) -> None:
    settings.FACTOR_DEMANDED_OF = whom
    project = a_project(bob=Role.ANNOTATOR)
    pages = ("/", "/me/", f"/projects/{project.slug}/", "/me/data/own.jsonl")
    for name in ("alice", "bob"):
        client = signed_in(name)
        led = {path for path in pages if client.get(path).headers.get("Location") == PAGE}
        assert led == (set(pages) if name in owing else set())
        asked = client.get("/api/projects/")
        assert asked.status_code == (403 if name in owing else 200)
        assert client.get(PAGE).status_code == 200
    assert Client().get("/").headers["Location"].startswith("/sign-in/")


def test_once_it_is_set_up_the_way_is_open_at_no_cost(settings: Any) -> None:
    bob = signed_in("bob")
    before = queries_of(bob, "/me/")
    settings.FACTOR_DEMANDED_OF = "everybody"
    assert b"before anything else" in bob.get("/", follow=True).content
    set_up(bob)
    assert queries_of(bob, "/me/") == before
    assert b"before anything else" not in bob.get("/", follow=True).content


def test_tokens_of_programs_are_not_asked(settings: Any) -> None:
    settings.FACTOR_DEMANDED_OF = "everybody"
    project = a_project()
    _, text = make_token(a_person("alice"), name="nightly", scopes=["read"], days=1)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    assert client.get(f"/api/projects/{project.slug}/").status_code == 200


def test_the_api_gives_a_token_for_a_code_as_well(settings: Any) -> None:
    app, codes = an_app(a_person("bob"))

    def ask(**given: str) -> Any:
        return APIClient().post("/api/sign-in/", BOB | given, format="json")

    assert (ask().status_code, ask(code=app.wrong()).json()) == (
        400,
        {"code": ["Send a code of your second factor that is right now."]},
    )
    assert ask(code=app.code()).status_code == 200
    assert ask(code=codes[0]).status_code == 200
    settings.FACTOR_DEMANDED_OF = "everybody"
    a_person("carol")
    refused = APIClient().post(
        "/api/sign-in/", {"username": "carol", "password": "carol-carol"}, format="json"
    )
    assert (refused.status_code, "Set up a second factor" in refused.json()["detail"]) == (403, True)
