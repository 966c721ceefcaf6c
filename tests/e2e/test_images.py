"""Images of a trace on the labelling page: shown, enlarged by key and click, fetched from nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from annotate.ingest.actions import ingest_file
from tests.e2e.people import sign_in
from tests.factories import a_project
from tests.pictures import a_data_uri, a_png
from webapp.forms.label import LONG_TRACE

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def test_images_are_shown_and_enlarge_by_key_and_click(tmp_path: Path, page: Page) -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    images = [
        {"data": a_data_uri(a_png(300, 200)), "alt": "A chart"},
        {"url": "https://example.org/never.png"},
    ]
    row = {
        "id": "t",
        "problem": {"text": "Read the chart."},
        "steps": [{"text": "It rises.", "images": images}, "So yes."],
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    ingest_file(project, tmp_path / "rows.jsonl", format="jsonl")
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    image = page.get_by_role("img", name="A chart")
    expect(image).to_be_visible()
    # It arrived whole, and its room was kept before it did.
    assert image.evaluate("(one) => one.decode().then(() => [one.naturalWidth, one.width > 0])") == [
        300,
        True,
    ]
    expect(page.get_by_text("not fetched")).to_contain_text("https://example.org/never.png")
    page.locator("a[data-image]").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="A chart")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("a[data-image]")).to_be_focused()
    image.click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_an_image_that_comes_in_a_later_piece_enlarges_too(tmp_path: Path, page: Page) -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    last = {"text": "It rises.", "images": [{"data": a_data_uri(a_png(300, 200)), "alt": "A chart"}]}
    steps = [*(f"Thought {number}." for number in range(LONG_TRACE + 5)), last]
    row = {"id": "t", "problem": {"text": "Read the chart."}, "steps": steps}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    ingest_file(project, tmp_path / "rows.jsonl", format="jsonl")
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".step")).to_have_count(len(steps), timeout=20_000)
    page.get_by_role("img", name="A chart").click()
    dialog = page.get_by_role("dialog", name="A chart")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
