"""Raters on one ruler, in a browser: from labels to a map, to one rater, to what is done about it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotate.enums import Role
from annotate.ingest.founding import add_member
from annotate.measure.actions import measure_project
from annotate.measure.ruler.actions import place_sessions
from annotate.models import Label, Project, Rater
from tests.annotate.measure.ruler.scene import a_read_project, submit
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import troubles_at
from tests.factories import a_person

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

RATERS = "/projects/measured/raters/"


@pytest.fixture
def raters() -> list[Rater]:
    project, raters = a_read_project(
        (-1.0, 0.0, 1.0, 0.2), machines={"judge/strict@1": 0.8}, slug="measured", n_traces=6
    )
    add_member(project, a_person("vera"), Role.VIEWER)
    Rater.objects.filter(pk=raters[0].pk).update(person=a_person("bob"))
    add_member(project, a_person("bob"), Role.ANNOTATOR)
    measure_project(project, resamples=50)
    return raters


def test_a_manager_finds_a_strict_rater_and_leaves_it_out(raters: list[Rater], page: Page) -> None:
    sign_in(page, "alice")
    page.goto(RATERS)
    expect(page.locator("svg.wright.wide")).to_be_visible()
    expect(page.locator("svg.wright.narrow")).to_be_hidden()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="judge/strict@1"))
    expect(row).to_contain_text("Stricter than most")
    row.get_by_role("link", name="judge/strict@1").click()
    page.get_by_label("Leave out of consensus, because").fill("It reads no Greek letters.")
    page.get_by_role("button", name="Leave out of consensus").click()
    expect(page.get_by_text("It reads no Greek letters.")).to_be_visible()
    expect(page.get_by_text("are left out of consensus.", exact=False).first).to_be_visible()
    page.goto(RATERS)
    expect(row).to_contain_text("Left out of consensus")


def test_a_manager_writes_to_somebody_who_reads_it(raters: list[Rater], page: Page) -> None:
    path = f"/raters/{raters[0].pk}/"
    sign_in(page, "alice")
    page.goto(path)
    page.get_by_label("Write to them").fill("Look at the units once more.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Look at the units once more. (not read yet)", exact=False)).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "bob")
    letter = page.get_by_label("A message to you")
    expect(letter).to_contain_text("alice writes to you about your work in")
    troubles = list(troubles_at(page, "/me/progress/"))
    assert not troubles, "\n".join(troubles)
    letter.get_by_role("button", name="I have read it").click()
    expect(letter).to_have_count(0)
    expect(page.get_by_text("Look at the units once more.")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "alice")
    page.goto(path)
    expect(page.get_by_text("(read ", exact=False)).to_be_visible()


def test_what_a_number_means_stands_where_it_is(raters: list[Rater], page: Page) -> None:
    sign_in(page, "vera")
    page.goto(RATERS)
    meaning = page.get_by_text("How scattered the answers are", exact=False)
    expect(meaning).to_be_hidden()
    page.locator("th", has_text="Infit").locator("summary").click()
    expect(meaning).to_be_visible()


def test_a_submitted_session_moves_its_rater(raters: list[Rater], page: Page) -> None:
    sign_in(page, "vera")
    page.goto(RATERS)
    expect(page.get_by_text("Ruler 1.0", exact=False)).to_be_visible()
    trace = Label.objects.order_by("pk")[0].step.trace  # type: ignore[union-attr]
    Label.objects.filter(rater=raters[1], step__trace=trace).delete()
    submit(raters[1], ["bad"] * 10, trace=trace)
    place_sessions(Project.objects.get(slug="measured"))
    page.reload()
    expect(page.get_by_text("Ruler 1.1", exact=False)).to_be_visible()
    expect(page.get_by_text("1 session was placed on it since", exact=False)).to_be_visible()


def test_files_come_down(raters: list[Rater], page: Page) -> None:
    sign_in(page, "vera")
    page.goto(RATERS)
    for role, name, ending in (
        ("link", "Map as SVG", ".svg"),
        ("button", "Map as PNG", ".png"),
        ("link", "Map as CSV", ".csv"),
        ("link", "Table as CSV", ".csv"),
    ):
        with page.expect_download() as download:
            page.get_by_role(role, name=name).click()  # type: ignore[arg-type]
        assert download.value.suggested_filename.endswith(ending)


def test_no_page_of_it_has_a_violation(raters: list[Rater], page: Page) -> None:
    sign_in(page, "alice")
    paths = [RATERS, f"/raters/{raters[2].pk}/", f"/raters/{raters[-1].pk}/", "/projects/measured/scale/"]
    troubles = [trouble for path in paths for trouble in troubles_at(page, path)]
    assert not troubles, "\n".join(troubles)


def test_a_person_sees_themselves_and_no_violation_either(raters: list[Rater], page: Page) -> None:
    Project.objects.update(shows_own_measures=True)
    sign_in(page, "bob")
    path = f"/raters/{raters[0].pk}/"
    page.goto(path)
    expect(page.get_by_text("Milder than most", exact=False)).to_be_visible()
    troubles = list(troubles_at(page, path))
    assert not troubles, "\n".join(troubles)


def test_figures_come_down_as_they_are_drawn(raters: list[Rater], page: Page) -> None:
    sign_in(page, "vera")
    page.goto("/projects/measured/measure/")
    offer = page.locator('[data-figure="depth"]').first
    for kind, begins in (("CSV", b'"Step","Alpha"'), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            offer.get_by_role("button", name=kind).click()
        assert download.value.suggested_filename == f"depth.{kind.lower()}"
        assert download.value.path().read_bytes().startswith(begins)


def test_the_agreement_page_says_who_agrees_with_whom(raters: list[Rater], page: Page) -> None:
    sign_in(page, "vera")
    path = "/projects/measured/measure/"
    page.goto(path)
    expect(page.get_by_text("Who agrees with whom", exact=False).first).to_be_visible()
    expect(page.get_by_text("What would more overlap buy?")).to_be_visible()
    troubles = list(troubles_at(page, path))
    assert not troubles, "\n".join(troubles)
