"""A trace of more steps than a page begins with: the others come while somebody reads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from annotate.label.recutting import Cut, recut
from annotate.models import Label, Project, Trace
from tests.e2e.conftest import Watch
from tests.e2e.people import sign_in
from tests.factories import a_person, a_project, a_trace
from webapp.forms.label import FIRST_STEPS, LATER_STEPS

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

N = FIRST_STEPS + 2 * LATER_STEPS + 5


@pytest.fixture
def project() -> Project:
    project = a_project(slug="long", bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    texts = [f"Thought {number} of $x^{{{number}}}$.\n" for number in range(1, N + 1)]
    a_trace(project, texts=texts, external_id="long")
    fill_queue(project)
    return project


def expect_all(page: Page) -> None:
    expect(page.locator(".step")).to_have_count(N, timeout=20_000)


def open_it(page: Page) -> None:
    sign_in(page, "bob")
    page.goto("/projects/long/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".bar")).to_be_visible()


def test_the_rest_comes_by_itself_and_all_of_it_can_be_labelled(project: Project, page: Page) -> None:
    open_it(page)
    expect_all(page)
    expect(page.locator(".bar-next")).to_have_text(f"Step 1 of {N}, {N} to answer")
    expect(page.locator(f"#step-{N - 1} .katex").first).to_be_attached()
    page.locator(f".minimap a >> nth={FIRST_STEPS + 10}").click()
    page.keyboard.press("3")
    expect(page.locator(f"#step-{FIRST_STEPS + 11}")).to_have_class("step is-focused")
    page.keyboard.press("u")
    page.keyboard.press("u")
    page.locator(f".minimap a >> nth={N - 1}").click()
    # The first error is the last step: all before it are good, in one go.
    page.keyboard.press("f")
    expect(page.locator(".bar-next")).to_contain_text("Enter submits")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue/")
    counted = Label.objects.counted().order_by("step__position")
    assert list(counted.values_list("value", flat=True)) == ["good"] * (N - 1) + ["bad"]


def test_work_begins_before_the_rest_is_there_and_waits_for_it_where_it_must(
    project: Project, page: Page, watch: Watch
) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.abort()

    page.route("**/steps/*", lose)
    open_it(page)
    expect(page.locator(".step")).to_have_count(FIRST_STEPS)
    # How many are open nobody can say yet.
    expect(page.locator(".bar-next")).to_have_text(f"Step 1 of {N}")
    page.keyboard.press("2")
    expect(page.locator(".save-state")).to_have_text("Saved")
    page.keyboard.press("Enter")
    expect(page.locator("#spoken")).to_have_text("The last steps are still on their way")
    page.locator(f".minimap a >> nth={FIRST_STEPS + 3}").click()
    expect(page.locator("#spoken")).to_have_text(f"Step {FIRST_STEPS + 4} is still on its way")
    page.unroute("**/steps/*")
    # Whoever asks again need not wait for the next try.
    page.locator(f".minimap a >> nth={FIRST_STEPS + 3}").click()
    expect(page.locator(f"#step-{FIRST_STEPS + 3}")).to_have_class("step is-focused", timeout=20_000)
    assert lost
    expect_all(page)
    watch.complaints[:] = [text for text in watch.complaints if "ERR_FAILED" not in text]


def test_an_answer_far_behind_is_there_again(project: Project, page: Page) -> None:
    open_it(page)
    expect_all(page)
    page.locator(f".minimap a >> nth={N - 2}").click()
    with page.expect_response("**/answers/"):
        page.keyboard.press("3")
    expect(page.locator(".save-state")).to_have_text("Saved")
    page.reload()
    expect(page.locator(f"#step-{N - 2} input:checked")).to_have_value("bad", timeout=20_000)
    expect(page.locator(".bar-next")).to_have_text(f"Step 1 of {N}, {N - 1} to answer")


def test_a_piece_of_steps_cut_anew_is_not_added_and_the_page_loads_itself_again(
    project: Project, page: Page, watch: Watch
) -> None:
    page.route("**/steps/*", lambda route: route.abort())
    open_it(page)
    expect(page.locator(".step")).to_have_count(FIRST_STEPS)
    recut(Trace.objects.get(project=project), a_person("carol"), Cut(0, 1))
    page.unroute("**/steps/*")
    expect(page.get_by_role("status").filter(has_text="split or merged steps")).to_be_visible(timeout=20_000)
    expect(page.locator(".step")).to_have_count(N - 1, timeout=20_000)
    # Every thought once and in its order: none came from the version before.
    shown = page.locator(".step .step-text").all_text_contents()
    assert [text.count("Thought") for text in shown] == [2] + [1] * (N - 2)
    page.locator(f".minimap a >> nth={N - 2}").click()
    with page.expect_response("**/answers/"):
        page.keyboard.press("1")
    assert list(Label.objects.live().values_list("step__position", flat=True)) == [N - 2]
    watch.complaints[:] = [text for text in watch.complaints if "ERR_FAILED" not in text]


def test_a_lost_trace_is_not_asked_for_again_and_again(project: Project, page: Page, watch: Watch) -> None:
    asked: list[str] = []

    def lose(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.fulfill(status=409)

    page.route("**/steps/*", lose)
    open_it(page)
    expect(page.locator(".step")).to_have_count(FIRST_STEPS)
    # Each of these would be a try at once, had the answer left hope for another.
    for number in range(4):
        page.locator(f".minimap a >> nth={FIRST_STEPS + number}").click()
        page.wait_for_timeout(500)
    assert len(asked) == 2
    watch.complaints[:] = [
        text for text in watch.complaints if "ERR_FAILED" not in text and "409" not in text
    ]


def test_without_a_script_all_steps_are_one_link_away(
    project: Project, browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "bob")
    page.goto("/projects/long/queue/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".step")).to_have_count(FIRST_STEPS)
    page.get_by_role("link", name="Show all of them").click()
    expect(page.locator(".step")).to_have_count(N)
    context.close()
