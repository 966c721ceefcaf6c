"""Every page in every language: what people read changes, what programs read does not."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from annotate.models import Person
from tests.factories import a_person
from tests.webapp.test_doors import path_of, routes
from tests.webapp.world import World, a_world

pytestmark = pytest.mark.django_db

OTHERS = [code for code, _ in django_settings.LANGUAGES if code != django_settings.LANGUAGE_CODE]
PAGES = [route for route in routes() if not route.startswith("api/") and "<path:" not in route]
# Attributes that hold words for people.
WORDS = {"aria-label", "title", "placeholder", "lang", "data-label", "data-long", "data-broken-formula"}
WORDS |= {"alt", "data-close", "data-mid"}


class Skeleton(HTMLParser):
    """The elements of a page with the attributes that programs read, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.is_left_out = self.is_language = False
        self.lang: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.lang = given.get("lang") if tag == "html" else self.lang
        self.is_left_out = given.get("id") == "script-words"
        self.is_language = given.get("name") == "language" or (self.is_language and tag == "option")
        if self.is_left_out or given.get("name") == "csrfmiddlewaretoken" or self.is_language:
            return
        self.elements.append((tag, tuple((name, value) for name, value in attrs if name not in WORDS)))

    def handle_data(self, data: str) -> None:
        if not self.is_left_out and data.strip():
            self.texts.append(" ".join(data.split()))

    def handle_endtag(self, tag: str) -> None:
        self.is_left_out = False


@pytest.fixture
def world(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.RELEASES_DIR = tmp_path
    # Else every look at the page of the second factor draws another.
    monkeypatch.setattr("webapp.views.second_factor.new_secret", lambda: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    return a_world(tmp_path)


def page_in(language: str, person: Person, path: str) -> str | None:
    """The page's text; None where the address is no page for this person."""
    client = Client(headers={"accept-language": language})
    client.force_login(person)
    answer = client.get(path)
    if answer.status_code != 200 or "html" not in answer["Content-Type"]:
        return None
    assert answer["Content-Language"] == language
    return answer.content.decode()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_programs_read_the_same_in_every_language(world: World, language: str, name: str) -> None:
    """Coordinates, values of fields, data attributes, classes and addresses: none has a decimal comma or a word."""
    person = a_person(name)
    seen = 0
    for route in PAGES:
        path = path_of(route, world)
        english, other = page_in("en", person, path), page_in(language, person, path)
        if english is None or other is None:
            assert english == other
            continue
        seen += 1
        here, there = Skeleton(english), Skeleton(other)
        assert here.elements == there.elements, path
        # The later steps of a trace are a piece that another page takes in.
        if "<html" in english:
            assert (here.lang, there.lang) == ("en", language)
        assert here.texts != there.texts, path
    assert seen > 5


def test_a_page_shows_numbers_and_dates_as_its_language_writes_them(world: World) -> None:
    path = f"/projects/{world.project.slug}/measure/"
    english, german = (page_in(code, a_person("alice"), path) for code in ("en", "de"))
    assert english is not None
    assert german is not None
    assert "0.50" in english
    assert "0,50" in german
    assert "Gemessen" in german
