"""Every page held against axe-core (WCAG 2.2 A and AA, best practices), in light and dark, wide and at 320 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.people import sign_in
from tests.webapp.test_doors import path_of, routes
from tests.webapp.world import World, a_world

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
    page.goto("/sign-in/")
    page.evaluate(AXE.read_text())
    troubles = [f"/sign-in/: {trouble}" for trouble in violations(page)]
    sign_in(page, name)
    seen = pages(world, own=own)
    assert len(seen) > 5
    for path in seen:
        troubles += troubles_at(page, path)
    assert not troubles, "\n".join(troubles)
