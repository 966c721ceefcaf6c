"""Steps that are cut wrongly: reported by key, split and merged in the browser, under somebody's hands."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from annotate.label.recutting import Cut, recut
from annotate.models import CutReport, Label, Project, Recut, Trace
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import AXE, troubles_at, violations
from tests.factories import a_person, a_project, a_trace
from tests.webapp.world import a_world

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project() -> Project:
    project = a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    a_trace(project, texts=["One.\n", "Two. Three.\n", "Four.\n", "Five."], external_id="first")
    fill_queue(project)
    return project


def open_first(page: Page) -> None:
    sign_in(page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").press("Enter")
    expect(page.locator(".bar")).to_be_visible()


def cut(project: Project, position: int, at: int | None = None) -> None:
    trace = Trace.objects.get(project=project)
    recut(trace, a_person("carol"), Cut(position, trace.boundary_version, at))


def said() -> list[tuple[int, str]]:
    live = Label.objects.live().filter(step__retired_in=None).order_by("step__position")
    return list(live.values_list("step__position", "value"))


def test_a_step_is_reported_by_key_without_losing_the_place(project: Project, page: Page) -> None:
    open_first(page)
    page.keyboard.press("1")
    expect(page.locator("#step-1")).to_have_class("step is-focused")
    page.keyboard.press("b")
    expect(page.locator("#report")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#report")).to_be_hidden()
    expect(page.locator("#step-1 .reported")).to_contain_text("too long")
    expect(page.locator("#step-1")).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator("#step-2")).to_have_class("step is-focused")
    report = CutReport.objects.get()
    assert (report.position, report.fault, report.author) == (1, "too_long", a_person("bob"))
    # By the button too, and in words.
    page.get_by_role("button", name="Boundaries").click()
    page.get_by_label("Something else").check()
    page.get_by_label("In words").fill("A heading.")
    page.locator("#report").get_by_role("button", name="Report").click()
    expect(page.locator("#step-2 .reported")).to_contain_text("something else")
    page.reload()
    expect(page.locator(".reported")).to_have_count(2)


def test_a_reviewer_splits_where_it_was_reported_and_merges_again(project: Project, page: Page) -> None:
    trace = Trace.objects.get(project=project)
    CutReport.objects.create(
        trace=trace, step=trace.steps.get(position=1), position=1, version=1, fault="too_long"
    )
    sign_in(page, "carol")
    page.goto("/projects/words/")
    page.get_by_role("link", name="1 report of wrong step boundaries").click()
    page.get_by_role("link", name="Look at the step").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="See what it changes").click()
    expect(page.locator(".part")).to_have_text(["Two. ", "Three.\n"], use_inner_text=False)
    page.get_by_label("Why?").fill("Two claims.")
    page.get_by_role("button", name="Split").click()
    expect(page.locator(".step")).to_have_count(5)
    expect(page.locator(".versions")).to_contain_text("Two claims.")
    assert CutReport.objects.get().answer == "split"
    page.locator("#step-1").get_by_role("button", name="Merge with the next").click()
    expect(page.get_by_text("This takes back an earlier act")).to_be_visible()
    page.get_by_role("button", name="Merge").click()
    expect(page.locator(".step")).to_have_count(4)
    assert [act.kind for act in Recut.objects.all()] == ["split", "merge"]


def test_any_place_in_the_text_can_be_chosen_by_the_cursor(project: Project, page: Page) -> None:
    trace = Trace.objects.get(project=project)
    sign_in(page, "carol")
    page.goto(f"/traces/{trace.pk}/cuts/?split=1")
    page.locator("#chooser").evaluate("(area) => area.setSelectionRange(7, 7)")
    page.locator("#chooser").dispatch_event("click")
    expect(page.locator("#chosen")).to_have_text("The second part begins: ree.")
    page.get_by_role("button", name="See what it changes").click()
    expect(page.locator(".part").first).to_have_text("Two. Th")


def test_the_open_page_loads_itself_again_and_writes_every_answer_where_it_was_meant(
    project: Project, page: Page
) -> None:
    open_first(page)
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Saved")
    cut(project, 1, 5)
    # The page still shows four steps: this is said of "Four.", now the fourth of five.
    page.locator("#step-2").click()
    page.keyboard.press("2")
    expect(page.get_by_text("A reviewer has split or merged steps of this trace")).to_be_visible()
    expect(page.locator(".step")).to_have_count(5)
    assert said() == [(0, "good"), (3, "neutral")]
    page.locator("#step-1").click()
    page.keyboard.press("1")
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert said() == [(0, "good"), (1, "good"), (3, "neutral")]


def test_an_answer_to_the_very_step_is_shown_beside_its_parts(project: Project, page: Page) -> None:
    open_first(page)
    expect(page.locator("#step-0")).to_have_class("step is-focused")
    cut(project, 1, 5)
    page.locator("#step-1").click()
    page.keyboard.press("3")
    expect(page.locator("#step-1 .old-answers")).to_contain_text("Verdict: Bad")
    expect(page.locator("#step-2 .old-answers")).to_contain_text("it was on its way")
    assert said() == []


def test_answers_from_offline_find_their_steps_in_the_version_they_were_made_under(
    project: Project, page: Page, context: BrowserContext, watch
) -> None:
    open_first(page)
    context.set_offline(True)
    for key in "1131":
        page.keyboard.press(key)
    expect(page.locator(".save-state")).to_contain_text("Offline, 4 waiting")
    cut(project, 1, 5)
    cut(project, 0)
    context.set_offline(False)
    expect(page.locator(".step")).to_have_count(4)
    expect(page.locator(".save-state")).to_have_text("Saved")
    # "One." was merged and "Two. Three." split: both are open again; the rest is where it was meant.
    assert said() == [(2, "bad"), (3, "good")]
    watch.complaints[:] = [one for one in watch.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_what_opens_on_these_pages_holds_to_axe_too(page: Page, tmp_path, settings) -> None:
    """The pages as they are stand in the list of all pages; here is what a key or a query opens on them."""
    settings.RELEASES_DIR = tmp_path
    world = a_world(tmp_path)
    cuts = f"/traces/{world.trace.pk}/cuts/"
    sign_in(page, "alice")
    for path in (f"{cuts}?split=0&report={world.ids['cuts']}", "/projects/secret-sums/cuts/?show=done"):
        assert list(troubles_at(page, path)) == []
    page.goto(cuts)
    page.locator("#step-0").get_by_role("button", name="Merge with the next").click()
    # The click ends before the page it leads to is there; axe would be put into the one that is going.
    expect(page.get_by_role("heading", name="What becomes of the answers")).to_be_visible()
    page.evaluate(AXE.read_text())
    assert violations(page) == []
    page.context.clear_cookies()
    sign_in(page, "bob")
    page.goto(f"/assignments/{world.ids['assignments']}/")
    page.keyboard.press("b")
    expect(page.locator("#report")).to_be_visible()
    page.evaluate(AXE.read_text())
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("a[data-image]").first.click()
    expect(page.locator("dialog.enlarged")).to_be_visible()
    assert violations(page) == []
