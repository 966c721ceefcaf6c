"""The explorer in a browser: a slider by keyboard, two runs beside each other, a step's ledger, files."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotate.consensus.actions import run_consensus
from annotate.models import Exploration, Run
from tests.annotate.consensus.explore.scene import a_decided_project
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import troubles_at

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def runs() -> tuple[Run, Run]:
    project = a_decided_project(n_traces=45, n_steps=5)
    other = run_consensus(project, policy="majority", settings={"with_machines": True})
    return run_consensus(project, policy="posterior"), other


def test_the_slider_is_moved_by_keyboard_and_says_where_it_is(runs: tuple[Run, Run], page: Page) -> None:
    run, _ = runs
    curve = Exploration.objects.get(run=run).detail["curve"]
    sign_in(page, "vera")
    page.goto(f"/consensus/{run.pk}/explorer/?risk=0.05")
    slider = page.get_by_role("slider", name="Keep steps of a risk up to")
    expect(page.get_by_role("button", name="Show", exact=True)).to_be_hidden()
    place = int(slider.input_value())
    marker = page.locator("svg.risks.wide .risks-rule")
    before = marker.get_attribute("d")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    there = curve[place + 8]
    shown = f"{100 * there['risk']:.3g}\xa0%"
    expect(page.locator(".risk-value")).to_have_text(shown)
    expect(page.locator("figcaption").first).to_contain_text(f"Up to a risk of {shown}")
    expect(page.locator('[data-tile="kept"] .tile-note')).to_contain_text(f"{there['kept']:,} of")
    announced = slider.get_attribute("aria-valuetext") or ""
    assert announced.startswith(f"{shown}. Up to a risk of")
    assert marker.get_attribute("d") != before
    # The address says the same, to whoever it is passed on to.
    assert page.url.endswith(f"?risk={there['risk']:g}")
    page.reload()
    expect(page.locator(".risk-value")).to_have_text(shown)
    page.keyboard.press("Tab")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".risk-value")).to_have_text("0\xa0%")


def test_without_scripts_the_form_asks_the_server(runs: tuple[Run, Run], page: Page) -> None:
    run, _ = runs
    sign_in(page, "vera")
    page.route("**/explorer*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"/consensus/{run.pk}/explorer/?risk=0.05")
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/explorer/?risk=0#risk")
    expect(page.locator(".risk-value")).to_have_text("0\xa0%")


def test_figures_and_tables_come_down(runs: tuple[Run, Run], page: Page) -> None:
    run, _ = runs
    sign_in(page, "vera")
    page.goto(f"/consensus/{run.pk}/explorer/")
    # Chromium lets a page have ten downloads.
    for figure in ("risk-coverage", "position"):
        offer = page.locator(f'[data-figure="{figure}"]')
        for kind, begins in (("CSV", b'"'), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
            with page.expect_download() as download:
                offer.get_by_role("button", name=kind).click()
            assert download.value.suggested_filename == f"{figure}.{kind.lower()}"
            assert download.value.path().read_bytes().startswith(begins)
    files = (
        ("Every decision as CSV", "decisions", "trace,step,"),
        ("Every risk as CSV", "risks", "risk,steps,"),
    )
    for link, name, head in files:
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        assert download.value.suggested_filename == f"decided-{name}-{run.pk}.csv"
        assert download.value.path().read_text().startswith(head)


def test_from_a_cell_of_two_runs_to_the_ledger_of_a_step(runs: tuple[Run, Run], page: Page) -> None:
    run, other = runs
    sign_in(page, "vera")
    page.goto(f"/consensus/{run.pk}/explorer/")
    page.get_by_role("link", name="Beside another run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"posterior #{run.pk} beside majority #{other.pk}"
    )
    page.locator(".beside-table td.is-same a").first.click()
    expect(page.get_by_role("heading", name="The steps of one cell")).to_be_visible()
    page.get_by_role("link", name="Keep as").first.click()
    expect(page.get_by_role("heading", name="The ledger")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="judge/careful@v1").first).to_contain_text("%")


def test_no_page_of_it_has_a_violation(runs: tuple[Run, Run], page: Page) -> None:
    run, other = runs
    sign_in(page, "alice")
    decision = next(one for one in run.consensus.order_by("pk") if len(one.spoke) > 2)
    paths = [
        f"/consensus/{run.pk}/explorer/",
        f"/consensus/{other.pk}/explorer/",
        f"/consensus/{run.pk}/beside/?with={other.pk}",
        f"/decisions/{decision.pk}/",
    ]
    troubles = [trouble for path in paths for trouble in troubles_at(page, path)]
    assert not troubles, "\n".join(troubles)
