"""German, for a person who chose it: labelling by keyboard, and every page held against axe and 320 pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from annotate.models import Label, Person
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import pages, troubles_at
from tests.factories import a_project, a_trace
from tests.webapp.world import a_world

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def choose_german() -> None:
    Person.objects.update(language="de")


def test_a_person_chooses_german_and_labels_a_trace_by_keyboard(page: Page) -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    a_trace(project, n_steps=8, external_id="first")
    a_trace(project, n_steps=3, external_id="second")
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/me/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_label("Language").select_option("Deutsch")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("status")).to_have_text("Gespeichert.")

    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Starten").press("Enter")
    expect(page).to_have_title("first · words")
    expect(page.locator(".bar-next")).to_have_text("Schritt 1 von 8, 8 zu beantworten")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Tasten")).to_contain_text("Letzte Antwort rückgängig machen")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("u")
    expect(page.locator("#spoken")).to_have_text("Rückgängig gemacht")
    page.keyboard.press("/")
    page.keyboard.type("step")
    expect(page.locator("#find output")).to_contain_text("Schritt")
    page.keyboard.press("Escape")
    for key in "11213411":
        page.keyboard.press(key)
    expect(page.locator(".bar-next")).to_have_text("Alles beantwortet: Enter gibt ab")
    expect(page.locator(".save-state")).to_have_text("Gespeichert")
    expect(page.locator(".minimap a").nth(2)).to_have_accessible_name("Schritt 3: neutral")
    page.keyboard.press("Enter")
    expect(page).to_have_title("second · words")
    expect(page.locator(".top-end")).to_contain_text("1 abgegeben, 0 übrig")
    counted = Label.objects.counted().order_by("step__position")
    said = ["good", "good", "neutral", "good", "bad", "unsure", "good", "good"]
    assert list(counted.values_list("value", flat=True)) == said


def test_a_browser_that_asks_for_german_gets_it_before_anybody_signs_in(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(base_url=live_server.url, locale="de-DE")
    page = context.new_page()
    page.goto("/sign-in/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    expect(page.get_by_label("Benutzername")).to_be_visible()
    context.close()


@pytest.mark.parametrize(("name", "own"), [("alice", False), ("bob", True)])
def test_no_page_has_a_violation_in_german(
    page: Page, settings: Any, tmp_path: Path, name: str, own: bool
) -> None:
    settings.RELEASES_DIR = tmp_path
    world = a_world(tmp_path)
    choose_german()
    sign_in(page, name)
    troubles = [trouble for path in pages(world, own=own) for trouble in troubles_at(page, path)]
    assert not troubles, "\n".join(troubles)
