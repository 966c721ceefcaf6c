"""The way to an issuer and back in a real browser, under the content policy that lets forms lead nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import a_person
from tests.webapp.stand_in import CLIENT, SECRET, an_issuer

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def test_one_click_signs_in(browser: Browser, live_server: LiveServer, settings: Any) -> None:
    a_person("bob", email="bob@example.org")
    with an_issuer() as issuer, browser.new_context(base_url=live_server.url) as context:
        issuer.knows()
        settings.OIDC_ISSUER, settings.OIDC_LABEL = issuer.url, "Example"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        page = context.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto("/me/progress/")
        page.get_by_role("link", name="Sign in with Example").click()
        page.wait_for_url("**/me/progress/")
        expect(page.get_by_text("bob", exact=True)).to_be_visible()
        assert complaints == []
