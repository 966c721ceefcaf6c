"""A run's page follows the run and stops asking once it is over."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotate.prelabel.actions import cancel_run, claim_units, close_run_if_over, open_run
from tests.e2e.people import sign_in
from tests.factories import a_project, a_trace

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def test_the_page_follows_the_run_and_stops_when_it_is_over(page: Page) -> None:
    project = a_project(slug="words")
    a_trace(project)
    run = open_run(project, strategy="verifier/arithmetic")
    sign_in(page, "alice")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "hx-request" in request.headers else None)
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_role("status")).to_contain_text("Queued")
    claim_units(run, "a worker", 1)
    expect(page.get_by_role("status")).to_contain_text("Running")
    cancel_run(run)
    run.units.update(state="cancelled", lease_until=None)
    run.refresh_from_db()
    close_run_if_over(run)
    expect(page.get_by_role("button", name="Go on with the 1 unfinished")).to_be_visible()
    before = len(asked)
    assert before >= 2
    page.wait_for_timeout(3000)
    assert len(asked) == before
