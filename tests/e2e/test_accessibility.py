"""Every page held against axe-core (WCAG 2.2 A and AA, best practices), in light and dark, wide and at 320 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from annotate.models import Person
from tests.e2e.people import sign_in
from tests.webapp.test_doors import path_of, routes
from tests.webapp.world import World, a_world
from webapp.machine_room.slowness import LEAST_REQUESTS
from webapp.timed_routes import route_counts

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

AXE = files("axe_playwright_python").joinpath("axe.min.js")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = 320

# What is no page to read: the API and what it serves, files, and addresses that only take forms.
OWN_PAGES = (
    "assignments/",
    "comparisons/",
    "projects/<slug:slug>/queue/",
    "projects/<slug:slug>/compare/",
    "projects/<slug:slug>/history/",
)


def pages(world: World, *, own: bool) -> list[str]:
    """The addresses of the pages, those of an annotator's own work or all others."""
    html = [route for route in routes() if not route.startswith("api/") and "<path:" not in route]
    managed = ["projects/<slug:slug>/compare/make/"]
    return [
        path_of(route, world)
        for route in html
        if (route.startswith(OWN_PAGES) and route not in managed) is own
    ]


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.RELEASES_DIR = tmp_path
    # Among the slow ones of the machine room, one in which no browser finds a place to break.
    settings.METRICS_DIR = tmp_path / "metrics"
    counts = route_counts(settings.METRICS_DIR)
    for _ in range(LEAST_REQUESTS):
        counts.count("api/projects/<slug:slug>/assignments/claim/", 9.0)
    return a_world(tmp_path)


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    run = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": STANDARDS}
    found = page.evaluate("(run) => axe.run(document, { runOnly: run, resultTypes: ['violations'] })", run)
    return [
        f"{rule['id']}: {', '.join(node['target'][0] for node in rule['nodes'][:3])} ({rule['help']})"
        for rule in found["violations"]
    ]


def troubles_at(page: Page, path: str) -> Iterator[str]:
    # What a person cannot open, or only by a form, is somebody else's page.
    answer = page.request.get(path)
    if answer.status != 200 or "html" not in answer.headers["content-type"]:
        return
    # The later steps of a trace are a piece that another page takes in; that page is held as a whole elsewhere.
    if "<html" not in answer.text():
        return
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(path)
    page.evaluate(AXE.read_text())
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    yield from (f"{path} light: {trouble}" for trouble in violations(page))
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    yield from (f"{path} dark: {trouble}" for trouble in violations(page, ["color-contrast"]))
    page.set_viewport_size({"width": NARROW, "height": 640})
    yield from (
        f"{path} narrow: {trouble}" for trouble in violations(page, ["target-size", "color-contrast"])
    )
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > NARROW:
        yield f"{path} narrow: {width} pixels wide"


@pytest.mark.parametrize(("name", "own"), [("alice", False), ("bob", True)])
def test_no_page_has_a_violation(world: World, page: Page, name: str, own: bool) -> None:
    # Who runs the site sees the machine room as well.
    Person.objects.filter(username="alice").update(is_superuser=True)
    page.goto("/sign-in/")
    page.evaluate(AXE.read_text())
    troubles = [f"/sign-in/: {trouble}" for trouble in violations(page)]
    sign_in(page, name)
    seen = pages(world, own=own)
    assert len(seen) > 5
    for path in seen:
        troubles += troubles_at(page, path)
    assert not troubles, "\n".join(troubles)


TOKENS = (
    "--paper",
    "--paper-raised",
    "--paper-sunk",
    "--ink",
    "--ink-quiet",
    "--rule",
    "--rule-strong",
    "--accent",
    "--accent-ground",
    "--on-accent",
    "--alarm",
    "--good",
    "--neutral",
    "--bad",
    "--unsure",
    "--none",
    "--outline",
    "--faded",
)
LOOKS = [("more", "comfortable"), ("system", "compact"), ("more", "compact")]


@pytest.mark.parametrize(("contrast", "density"), LOOKS)
def test_the_labelling_page_keeps_to_it_in_every_look(
    world: World, page: Page, contrast: str, density: str
) -> None:
    Person.objects.filter(username="bob").update(contrast=contrast, density=density)
    sign_in(page, "bob")
    paths = [path_of(route, world) for route in ("assignments/<int:pk>/", "me/", "me/progress/")]
    troubles = [trouble for path in paths for trouble in troubles_at(page, path)]
    assert not troubles, "\n".join(troubles)
    root = page.locator("html")
    assert (root.get_attribute("data-contrast"), root.get_attribute("data-density")) == (contrast, density)


def colour_of(page: Page, token: str) -> str:
    asked = "t => getComputedStyle(document.documentElement).getPropertyValue(t)"
    return str(page.evaluate(asked, token)).strip()


def test_more_contrast_is_the_same_whether_the_system_or_the_person_asks(world: World, page: Page) -> None:
    sign_in(page, "bob")
    usual = colour_of(page, "--ink-quiet")
    page.emulate_media(contrast="more")
    by_system = [colour_of(page, token) for token in TOKENS]
    page.emulate_media(contrast="no-preference")
    assert colour_of(page, "--ink-quiet") == usual
    Person.objects.filter(username="bob").update(contrast="more")
    page.reload()
    assert [colour_of(page, token) for token in TOKENS] == by_system
    assert colour_of(page, "--ink-quiet") != usual


def test_compact_brings_more_onto_the_screen_with_targets_big_enough(world: World, page: Page) -> None:
    sign_in(page, "bob")
    path = path_of("assignments/<int:pk>/", world)
    heights = []
    for density in ("comfortable", "compact"):
        Person.objects.filter(username="bob").update(density=density)
        page.goto(path)
        heights.append(page.locator(".steps").bounding_box()["height"])  # type: ignore[index]
    assert heights[1] < 0.9 * heights[0]


def test_forced_colours_keep_marks_focus_and_choice(world: World, page: Page) -> None:
    sign_in(page, "bob")
    page.emulate_media(forced_colors="active")
    page.goto(path_of("assignments/<int:pk>/", world))
    page.keyboard.press("j")
    style = "(el, what) => getComputedStyle(el)[what]"
    focused, other = page.locator(".step.is-focused"), page.locator(".step:not(.is-focused)").first
    line = "borderLeftColor"
    assert focused.evaluate(style, line) != other.evaluate(style, line)
    page.keyboard.press("1")
    chosen = page.locator(".level:has(input:checked)").first
    assert chosen.evaluate(style, "outlineStyle") == "solid"
    page.locator(".bar button").last.focus()
    assert page.locator(".bar button").last.evaluate(style, "outlineStyle") == "solid"
    mark = page.locator(".step .margin .mark").first
    assert mark.evaluate(style, "color") != mark.evaluate(
        "el => getComputedStyle(el.closest('body')).backgroundColor"
    )
