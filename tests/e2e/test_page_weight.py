"""What a cold labelling page costs over the wire."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from annotate.assign.actions import fill_queue
from annotate.enums import Role
from tests.e2e.people import sign_in
from tests.factories import a_project, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

STEP = "The sum of the first seven odd numbers is 49, which is the square of 7, as it should be here. " * 2


def test_a_cold_page_is_light(page: Page, context: BrowserContext) -> None:
    """Here scripts and styles come uncompressed; bench_page reads what a real server sends, formulas included."""
    project = a_project(slug="words", bob=Role.ANNOTATOR)
    a_trace(project, texts=[f"{STEP}\n\n"] * 8)
    fill_queue(project)
    sign_in(page, "bob")
    page.goto("/projects/words/queue/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".bar")).to_be_visible()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.clearBrowserCache")
    asked: list[str] = []
    received: list[float] = []
    wire.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.reload(wait_until="networkidle")
    outside = [url for url in asked if not url.startswith("data:")]
    assert 0 < len(outside) <= 12
    assert 10 < sum(received) / 1000 <= 150
