"""Two people differ: a reviewer decides by keyboard and sends a reading back, and its reader changes and resubmits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotate.consensus.actions import run_consensus
from annotate.enums import AssignmentState
from annotate.models import Assignment, Comment, Label, Project
from tests.annotate.label.desks import a_shared_project, read
from tests.e2e.people import sign_in
from tests.factories import a_person

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project() -> Project:
    """Two traces of four steps; Bob and Dora differ on two steps of the first and on one of the second."""
    project = a_shared_project(slug="words", n_traces=2, n_steps=4)
    for name, first, second in (("bob", "gbgb", "gggb"), ("dora", "gggg", "gggg")):
        read(project, name, first)
        read(project, name, second)
    return project


def change_person(context: BrowserContext, page: Page, name: str) -> None:
    context.clear_cookies()
    sign_in(page, name)


def decisions() -> list[tuple[str, int, str, str]]:
    rows = Label.objects.decisions().order_by("step__trace", "step__position")
    return list(
        rows.values_list("step__trace__external_id", "step__position", "value", "text")  # type: ignore[arg-type]
    )


def test_from_disagreement_to_decision_and_back_to_a_reader(
    project: Project, page: Page, context: BrowserContext
) -> None:
    sign_in(page, "carol")
    page.goto("/projects/words/review/")
    page.get_by_role("link", name="Start reviewing").press("Enter")
    expect(page).to_have_title("Review trace-1 · words")
    expect(page.locator("#step-1")).to_have_class("step is-disputed is-focused")
    assert "dora" not in page.content()

    # 3 is what a reader said: it decides and goes on. 2 is what nobody said: it asks for the reason.
    page.keyboard.press("3")
    expect(page.locator("#step-3")).to_have_class("step is-disputed is-focused")
    page.keyboard.press("k")
    expect(page.locator("#step-1")).to_have_class("step is-disputed is-focused")
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(page.locator("#step-3 [name^=reason-]")).to_be_focused()
    page.keyboard.type("1 remark, no claim")
    page.keyboard.press("Enter")
    expect(page.locator(".review-state")).to_have_text("All 2 decided: Enter saves")
    page.keyboard.press("Enter")

    expect(page).to_have_title("Review trace-2 · words")
    assert decisions() == [("trace-1", 1, "bad", ""), ("trace-1", 3, "neutral", "1 remark, no claim")]

    # The second trace goes back to whoever said bad.
    bad = page.locator("#step-3 .voice[data-value=bad] .voice-name").inner_text().split(" ")[1]
    page.locator("#step-3").get_by_role("link", name="Comment").click()
    expect(page.locator("#comment-text")).to_be_focused()
    page.keyboard.type("Is the last step really wrong?")
    page.get_by_label("To", exact=True).select_option(label=f"Reader {bad} (submitted)")
    page.get_by_role("button", name="Send the reading back").click()
    expect(page.get_by_role("status")).to_contain_text("Sent back")
    assert Comment.objects.get().addressee.username == "bob"  # type: ignore[union-attr]

    change_person(context, page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Go on").press("Enter")
    expect(page).to_have_title("trace-2 · words")
    expect(page.locator("#step-3 .remark")).to_contain_text("Is the last step really wrong?")
    expect(page.locator("#step-3 .remark")).to_contain_text("A reviewer")
    expect(page.locator(".bar-next")).to_contain_text("Enter submits")
    for key in ("j", "j", "j", "1"):
        page.keyboard.press(key)
    expect(page.locator(".save-state")).to_have_text("Saved")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Queue · words")
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.SUBMITTED}

    change_person(context, page, "carol")
    page.goto("/projects/words/review/")
    expect(page.get_by_text("Nothing to review.")).to_be_visible()
    expect(page.get_by_text("came back")).to_be_visible()
    page.get_by_role("link", name="trace-2").click()
    expect(page.locator(".changes")).to_have_text("Step 4, verdict: bad → good")

    run = run_consensus(project, policy="majority")
    told = run.consensus.get(step__trace__external_id="trace-1", step__position=1)
    assert (told.value, told.reason) == ("bad", "reviewer_decided")
    assert run.consensus.get(step__trace__external_id="trace-2", step__position=3).value == "good"


def test_without_javascript_the_forms_do_all_of_it(
    project: Project, browser: Browser, live_server: LiveServer
) -> None:
    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    plain.set_default_timeout(30_000)
    try:
        bare = plain.new_page()
        sign_in(bare, "carol")
        bare.goto("/projects/words/review/")
        bare.get_by_role("link", name="trace-1").click()
        for position in (1, 3):
            bare.locator(f"#step-{position} label.choice", has_text="Bad").click()
        bare.get_by_role("button", name="Save and take the next").click()
        expect(bare).to_have_title("Review trace-2 · words")
        assert [(one[1], one[2]) for one in decisions()] == [(1, "bad"), (3, "bad")]
        bare.get_by_label("Comment", exact=True).fill("See the guidelines")
        bare.get_by_role("button", name="Comment", exact=True).click()
        expect(bare.locator(".remark")).to_contain_text("See the guidelines")
    finally:
        plain.close()


def test_single_keys_can_be_switched_off(project: Project, page: Page) -> None:
    sign_in(page, "carol")
    carol = a_person("carol")
    carol.has_shortcuts = False
    carol.save()
    page.goto("/projects/words/review/")
    page.get_by_role("link", name="trace-1").click()
    page.keyboard.press("3")
    expect(page.locator(".review-state")).to_have_text("2 of 2 to decide")
