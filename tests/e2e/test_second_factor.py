"""A second factor from the account page to the next sign-in, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import AXE, violations
from tests.factories import a_person
from tests.webapp.factors import App

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]


def fill_by_keyboard(page: Page, label: str, text: str, *, key: str = "Tab") -> None:
    page.get_by_label(label).focus()
    page.keyboard.type(text)
    page.keyboard.press(key)


def assert_accessible(page: Page) -> None:
    page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert violations(page) == []


def test_an_app_is_set_up_and_its_code_signs_in(page: Page) -> None:
    a_person("bob")
    sign_in(page, "bob")
    page.goto("/me/")
    page.get_by_role("link", name="Second factor").focus()
    page.keyboard.press("Enter")
    picture = page.get_by_role("img", name="The key below as a QR code")
    expect(picture).to_be_visible()
    assert_accessible(page)
    app = App(page.locator("code.command").inner_text().replace(" ", ""))
    fill_by_keyboard(page, "The six digits that the app shows", app.code())
    fill_by_keyboard(page, "Your password", "bob-bob", key="Enter")

    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert_accessible(page)
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them").focus()
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "gradus-recovery-codes.txt"
    assert download.value.path().read_text().splitlines()[1:] == codes

    page.goto("/me/second-factor/")
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    assert_accessible(page)
    page.get_by_text("bob", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("/sign-in/")
    page.get_by_label("Username").focus()
    page.keyboard.type("bob")
    page.keyboard.press("Tab")
    page.keyboard.type("bob-bob")
    page.keyboard.press("Enter")
    page.wait_for_url("/sign-in/code/")
    assert_accessible(page)
    # The field has the focus.
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")
    page.wait_for_url("/")
    expect(page.get_by_text("bob", exact=True)).to_be_visible()
