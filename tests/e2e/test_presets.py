"""The gallery's richer rubrics in a real browser, by keyboard; the page counts what is open as the server does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from annotate.assign.actions import fill_queue
from annotate.enums import CandidateKind, Role
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.queries import sheet_of
from annotate.models import Assignment, Label, Project, Step
from tests.e2e.people import sign_in
from tests.factories import a_candidate, a_project, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def opened(page: Page, preset: str, *, n_steps: int = 4, kinds: tuple[str, ...] = ()) -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    use_rubric(project, create_from_preset(project, preset))
    trace = a_trace(project, n_steps=len(kinds) or n_steps, external_id="first")
    for position, kind in enumerate(kinds):
        Step.objects.filter(trace=trace, position=position).update(kind=kind)
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".bar")).to_be_visible()
    return project


def press(page: Page, *keys: str) -> None:
    """Press keys one by one; after each the page and the server must agree about how much is open."""
    for key in keys:
        page.keyboard.press(key)
        expect(page.locator(".save-state")).to_have_text("Saved")
        n = sheet_of(Assignment.objects.get(holder__name="bob")).n_missing
        said = re.compile(rf", {n} to answer$") if n else re.compile("Enter submits$")
        expect(page.locator(".bar-next")).to_have_text(said)


def live() -> set[tuple[str, int | None, str]]:
    found = Label.objects.live().select_related("criterion", "step")
    return {(one.criterion.key, one.step and one.step.position, one.value or one.text) for one in found}


def test_the_prm800k_loop_takes_nothing_but_the_keyboard(page: Page) -> None:
    opened(page, "prm800k")
    press(page, "1", "2")
    expect(page.locator("#step-2")).to_have_class(re.compile("is-focused"))
    press(page, "3")
    critique = page.locator("#step-2").get_by_label("Step 3: Critique")
    expect(critique).to_be_focused()
    page.keyboard.type("Seven times six is not 41.")
    page.keyboard.press("Tab")
    correction = page.locator("#step-2").get_by_label("Step 3: Correction")
    expect(correction).to_be_focused()
    expect(correction).to_have_value("Step 3: one more.")
    page.keyboard.press("End")
    page.keyboard.type(" Not two.")
    page.keyboard.press("Escape")
    press(page, "m")
    expect(page.locator("#whole")).to_be_focused()
    press(page, "1", "3")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("words"))
    expect(page.locator("main")).to_contain_text("All labelled")
    assert live() == {
        ("verdict", 0, "good"),
        ("verdict", 1, "neutral"),
        ("verdict", 2, "bad"),
        ("critique", 2, "Seven times six is not 41."),
        ("correction", 2, "Step 3: one more. Not two."),
        ("exit", None, "found-error"),
        ("progress", None, "half"),
    }
    assert Label.objects.counted().count() == 7


def test_giving_up_asks_for_the_reason_and_hides_what_is_not_asked(page: Page) -> None:
    opened(page, "prm800k")
    press(page, "1", "j", "j", "j")
    expect(page.locator("#whole")).to_be_focused()
    progress = page.locator("#whole .question", has_text="Progress")
    expect(progress).to_be_hidden()
    press(page, "2")
    expect(progress).to_be_visible()
    # Back at the exit question, by the pointer as it were; giving up needs its reason.
    page.locator("#whole").get_by_text("Give up").click()
    expect(progress).to_be_hidden()
    press(page)
    press(page, "m")
    page.keyboard.type("No figure.")
    page.keyboard.press("Escape")
    press(page, "k")
    expect(page.locator(".bar-next")).to_have_text("All answered: Enter submits")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("All labelled")
    assert live() == {("verdict", 0, "good"), ("exit", None, "give-up")}


def test_an_error_fills_the_open_steps_before_it_and_undo_takes_them_back(page: Page) -> None:
    opened(page, "first-error")
    press(page, "j", "j", "2")
    assert live() == {("verdict", 0, "good"), ("verdict", 1, "good"), ("verdict", 2, "bad")}
    assert Label.objects.live().filter(evidence__is_filled=True).count() == 2
    press(page, "u")
    assert live() == set()
    press(page, "2")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("All labelled")


def test_tags_get_worse_with_every_press_and_go_again(page: Page) -> None:
    opened(page, "math-errors", n_steps=2)
    press(page, "3", "1", "2", "2")
    assert live() == {("verdict", 0, "bad"), ("errors", 0, "algebra:major arithmetic:minor")}
    press(page, "1", "1", "1", "j", "1")
    assert live() == {("verdict", 0, "bad"), ("errors", 0, "algebra:major"), ("verdict", 1, "good")}
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("All labelled")


def test_what_a_tool_said_is_read_in_passing(page: Page) -> None:
    opened(page, "agent-process", kinds=("thought", "action", "observation", "action", "observation"))
    press(page, "-")
    expect(page.locator("#step-3")).to_have_class(re.compile("is-focused"))
    press(page, "1", "1")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("All labelled")
    assert live() == {("verdict", 1, "bad"), ("verdict", 3, "good"), ("result", None, "success")}


def test_the_sum_follows_the_answers_as_the_server_counts_it(page: Page) -> None:
    opened(page, "checklist", n_steps=1)
    press(page, "j", "1", "2", "3", "1")
    quality = page.locator(".total").first
    expect(quality.locator(".total-known")).to_contain_text("3 of 7 known; left out: Nothing is made up")
    total = sheet_of(Assignment.objects.get(holder__name="bob")).totals[0]
    assert total.score is not None
    expect(quality.locator(".total-score")).to_have_text(f"{total.score:.2f}")
    page.locator("#whole .question", has_text="Nothing is made up").get_by_text("No", exact=True).click()
    expect(quality.locator(".total-known")).to_contain_text("fatal: Nothing is made up")
    expect(quality.locator(".total-score")).to_have_text("0.00")


def test_alternatives_are_rated_by_key_and_one_is_written(page: Page) -> None:
    project = opened(page, "prm800k-walk", n_steps=2)
    first = Step.objects.get(trace__project=project, position=0)
    a_candidate(first, "One way.")
    a_candidate(first, "Another way.")
    page.reload()
    expect(page.locator(".bar")).to_be_visible()
    expect(page.locator("#step-0 .candidate")).to_have_count(2)
    press(page, "3", "2", "1")
    pick = page.locator("#step-0 .question[data-pick]")
    expect(pick).to_be_visible()
    pick.get_by_text("None of these").click()
    expect(pick.locator("textarea")).to_be_focused()
    page.keyboard.type("A third way.")
    page.keyboard.press("Escape")
    press(page, "m", "1")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("All labelled")
    assert live() == {
        ("verdict", 0, "bad"),
        ("alternative-verdict", None, "neutral"),
        ("alternative-verdict", None, "good"),
        ("pick", 0, "A third way."),
        ("verdict", 1, "good"),
    }


def test_critiques_show_where_the_step_is_bad(page: Page) -> None:
    project = opened(page, "prm800k", n_steps=2)
    a_candidate(Step.objects.get(trace__project=project, position=0), "A slip.", kind=CandidateKind.CRITIQUE)
    page.reload()
    expect(page.locator(".bar")).to_be_visible()
    expect(page.locator("#step-0 .candidates")).to_be_hidden()
    press(page, "3")
    expect(page.locator("#step-0 .candidates")).to_be_visible()
    press(page, "1")
    assert ("critique-rating", None, "right") in live()
