"""From an invitation to a reading that the manager sees: two people, two browsers, and no reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotate.assign.rules import rules_of
from annotate.models import Membership, Person
from tests.annotate.assign.queues import a_gold_trace, a_queue
from tests.e2e.people import sign_in

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

PASSWORD = "a lake in the hills"


def test_a_newcomer_joins_by_a_link_and_the_overview_follows_them(
    page: Page, browser: Browser, live_server: LiveServer
) -> None:
    project = a_queue(n_traces=3)
    a_gold_trace(project, "work", external_id="known")
    sign_in(page, "alice")

    page.goto(f"/projects/{project.slug}/queue/rules/")
    page.get_by_label("Order", exact=True).select_option(label="Fewest labels first")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    project.refresh_from_db()
    assert rules_of(project).policy == "fewest"

    page.goto(f"/projects/{project.slug}/traces/")
    page.get_by_label("Gold labels").select_option("yes")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="known")).to_be_visible()
    page.get_by_label("With all of them").select_option(label="Use in the exam")
    page.get_by_role("button", name="Count them first").click()
    page.get_by_role("button", name="Do it for 1 trace").click()
    expect(page.get_by_role("status")).to_contain_text("Done for 1 trace.")

    page.goto(f"/projects/{project.slug}/invitations/")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("code").inner_text()
    page.goto(f"/projects/{project.slug}/overview/")
    expect(page.get_by_text("Nobody holds anything")).to_be_visible()

    with browser.new_context(base_url=live_server.url) as theirs:
        eve = theirs.new_page()
        eve.goto(link)
        eve.get_by_label("User name").fill("eve")
        eve.get_by_label("Password", exact=True).fill(PASSWORD)
        eve.get_by_label("The password again").fill(PASSWORD)
        eve.get_by_role("button", name="Make an account and join").click()
        eve.get_by_role("button", name="Start labelling").click()
        expect(eve.get_by_role("button", name="Submit")).to_be_visible()
        # No reload: the page asks by itself.
        expect(page.locator("#live").get_by_text("eve")).to_be_visible(timeout=15_000)

    assert Membership.objects.get(person=Person.objects.get(username="eve")).role == "annotator"
