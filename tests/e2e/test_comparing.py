"""Comparing in a real browser: by keyboard, without a script, in two windows, and with texts that attack."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotate.assign.compare.filling import fill_comparisons, make_pairs
from annotate.enums import CriterionKind, Role, Scope
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.models import Comparison, Label, Problem, Project
from tests.e2e.people import sign_in
from tests.factories import a_comparing_project, a_lineup, a_pair, some_attempts

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

HOSTILE = (
    "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'> $\\href{javascript:window.pwned=1}{x}$",
    "</form><form action=https://far.example><style>*{display:none}</style> ![far](https://far.example/a.png) \u202e",
    "</fieldset></textarea> [click](javascript:window.pwned=1) <https://far.example>",
)


def a_project_of_pairs(n: int) -> Project:
    project = a_comparing_project(slug="fruit", bob=Role.ANNOTATOR)
    for i in range(n):
        some_attempts(project, f"apples {i}", f"pears {i}")
    make_pairs(project, "traces")
    return project


def start(page: Page) -> None:
    sign_in(page, "bob")
    page.goto("/projects/fruit/")
    page.get_by_role("button", name="Compare", exact=True).press("Enter")
    expect(page.locator("html.has-script")).to_be_attached()


def said() -> list[str]:
    return list(Label.objects.order_by("pk").values_list("value", flat=True))


def test_three_pairs_take_six_keys(page: Page) -> None:
    a_project_of_pairs(3)
    start(page)
    for done, key in enumerate(("1", "2", "ArrowRight")):
        expect(page.locator(".top-end")).to_contain_text(f"{done} compared")
        expect(page.locator(".verdict-state")).to_have_text("1 still to answer")
        page.keyboard.press(key)
        expect(page.locator(".verdict-state")).to_have_text("Enter submits")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    assert said() == ["left", "tie", "right"]
    assert all(seconds is not None for seconds in Label.objects.values_list("seconds", flat=True))


def test_nothing_is_sent_before_there_is_an_answer_and_a_choice_can_change(page: Page) -> None:
    a_project_of_pairs(1)
    start(page)
    page.keyboard.press("Enter")
    expect(page.locator("#question-preference input").first).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator("#side-a")).to_have_class("side is-chosen")
    page.keyboard.press("4")
    expect(page.locator(".is-chosen")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    assert said() == ["unsure"]


def test_a_lineup_is_put_in_order_by_keyboard_with_a_tie(page: Page) -> None:
    project = a_comparing_project(preset="ranking", slug="fruit", bob=Role.ANNOTATOR)
    a_lineup(*some_attempts(project, "one", "two", "three", "four"))
    fill_comparisons(project)
    start(page)
    page.keyboard.press("2")
    expect(page.locator("#side-b")).to_be_focused()
    page.keyboard.press("1")
    page.keyboard.press("d")
    page.keyboard.press("4")
    expect(page.locator("#side-c")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#side-c")).to_be_focused()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    assert said() == ["b>a=c>d"]


def test_several_questions_one_that_depends_and_a_reason_that_is_needed(page: Page) -> None:
    project = a_comparing_project(slug="fruit", bob=Role.ANNOTATOR)
    criteria = (
        CriterionPreset(
            "better",
            "Better",
            "Which?",
            (
                LevelPreset("left", "Left", hotkey="1", score=1.0),
                LevelPreset("right", "Right", hotkey="2", score=-1.0, needs_text=True),
            ),
            scope=Scope.PAIR,
            kind=CriterionKind.ORDINAL,
        ),
        CriterionPreset(
            "why",
            "By what",
            "",
            (LevelPreset("rigour", "Rigour", hotkey="1"), LevelPreset("style", "Style", hotkey="2")),
            scope=Scope.PAIR,
            kind=CriterionKind.TAGS,
            condition="better",
            condition_levels=("right",),
        ),
    )
    use_rubric(project, create_rubric(project, name="own", criteria=criteria))
    a_pair(*some_attempts(project, "one", "two"))
    fill_comparisons(project)
    start(page)
    expect(page.locator("#question-why")).to_be_hidden()
    page.keyboard.press("2")
    reason = page.get_by_label("Better: reason in words")
    expect(reason).to_be_focused()
    page.keyboard.type("1 + 1 is 2, s and 2.")
    page.keyboard.press("Escape")
    expect(page.locator("#question-why")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    assert set(Label.objects.values_list("criterion__key", "value", "text")) == {
        ("better", "right", "1 + 1 is 2, s and 2."),
        ("why", "style", ""),
    }


def test_skipping_by_key_asks_why(page: Page) -> None:
    a_project_of_pairs(1)
    start(page)
    page.keyboard.press("s")
    expect(page.locator("#skip-note")).to_be_focused()
    page.keyboard.type("I wrote one of them.")
    page.get_by_role("button", name="Skip and take the next").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing to compare yet")
    assert Comparison.objects.get(state="skipped").note == "I wrote one of them."
    assert not Label.objects.exists()


def test_a_second_window_answers_nothing_else(page: Page) -> None:
    a_project_of_pairs(2)
    start(page)
    other = page.context.new_page()
    other.goto(page.url)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".top-end")).to_contain_text("1 compared")
    other.bring_to_front()
    other.keyboard.press("3")
    other.keyboard.press("Enter")
    expect(other.locator(".top-end")).to_contain_text("1 compared")
    assert other.url == page.url
    assert said() == ["left"]


def test_without_a_script_the_plain_form_does_it_all(browser: Browser, live_server: LiveServer) -> None:
    project = a_comparing_project(preset="ranking", slug="fruit", bob=Role.ANNOTATOR)
    a_lineup(*some_attempts(project, "one", "two", "three"))
    fill_comparisons(project)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "bob")
    page.goto("/projects/fruit/")
    page.get_by_role("button", name="Compare", exact=True).press("Enter")
    for letter, rank in (("A", "3"), ("B", "1")):
        page.get_by_role("group", name=f"Rank of Solution {letter}").get_by_label(rank, exact=True).check()
    page.get_by_role("button", name="Submit and take the next").click()
    expect(page.get_by_role("alert")).to_contain_text("No rank yet: Solution C.")
    page.get_by_role("group", name="Rank of Solution C").get_by_label("1", exact=True).check()
    page.get_by_label("Why", exact=True).fill("A is wrong.")
    page.get_by_role("button", name="Submit and take the next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    context.close()
    assert set(Label.objects.values_list("value", "text")) == {("b=c>a", ""), ("", "A is wrong.")}


def test_hostile_texts_are_only_read(page: Page) -> None:
    project = a_comparing_project(preset="ranking", slug="fruit", bob=Role.ANNOTATOR)
    a_lineup(*some_attempts(project, *HOSTILE))
    Problem.objects.update(
        text="<script>window.pwned = 1</script> $\\includegraphics{https://far.example/b.png}$"
    )
    fill_comparisons(project)
    start(page)
    expect(page.locator(".math.is-broken")).to_have_count(2)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main style, main img, main iframe, a[href^='javascript']").count() == 0
    expect(page.locator("#side-b")).to_contain_text("‹U+202E›")
    for key in ("1", "2", "3", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1)).to_have_text("All compared")
    assert said() == ["a>b>c"]


def test_narrow_screens_stack_the_sides(page: Page) -> None:
    a_project_of_pairs(1)
    start(page)
    for width, is_stacked in ((1200, False), (790, True), (320, True)):
        page.set_viewport_size({"width": width, "height": 700})
        left, right = (page.locator(side).bounding_box() for side in ("#side-a", "#side-b"))
        assert left is not None
        assert right is not None
        assert (right["y"] > left["y"]) is is_stacked
        assert page.evaluate("document.documentElement.scrollWidth") <= width
