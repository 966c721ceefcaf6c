"""A manager takes a rubric from the gallery, changes it, and carries the labels so far over to it, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotate.models import Label, Project
from tests.e2e.conftest import Watch
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import troubles_at
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def test_from_the_gallery_to_labels_carried_over(page: Page, watch: Watch) -> None:
    project = a_project(slug="words")
    rater = a_rater(project)
    for step, value in zip(a_trace(project).steps.all(), ("good", "neutral", "bad"), strict=True):
        a_label(rater, step, value)
    sign_in(page, "alice")
    page.goto("/projects/words/")
    page.get_by_role("link", name="See and change what is asked").click()
    page.get_by_text("Begin a draft from the gallery").click()
    page.locator("[name=preset][value=first-error]").check()
    page.get_by_role("button", name="Make a draft").click()

    draft = page.url
    page.locator("[name=c0-l2-hotkey]").fill("j")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("alert")).to_contain_text(
        "level Unsure: the labelling page uses the key j itself"
    )
    # The browser itself reports the refusal; nothing else may be wrong.
    watch.complaints[:] = [text for text in watch.complaints if "400" not in text]
    page.locator("[name=c0-l2-hotkey]").fill("0")
    page.locator("#c0-title").fill("Where it breaks")
    page.locator("#c0-title").press("Enter")
    expect(page.locator(".messages")).to_contain_text("First error v1 is saved.")

    page.get_by_role("link", name="Use it").click()
    choices = page.url
    expect(page.locator("#carrying")).to_contain_text("2 of 3 labels carried over, 1 set aside")
    page.get_by_label("Verdict, Neutral becomes").select_option(label="Right")
    page.get_by_role("button", name="Count again").click()
    expect(page.locator("#carrying")).to_contain_text("3 of 3 labels carried over, 0 set aside")
    assert [*troubles_at(page, draft), *troubles_at(page, choices)] == []

    page.goto(choices)
    page.get_by_label("Verdict, Neutral becomes").select_option(label="Right")
    page.get_by_role("button", name="and carry the labels over").click()
    expect(page.locator(".messages")).to_contain_text("3 labels were carried over")
    rubric = Project.objects.get().rubric
    carried = Label.objects.filter(criterion__rubric=rubric).order_by("step__position")
    assert [label.value for label in carried] == ["good", "good", "bad"]
