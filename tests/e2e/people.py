from __future__ import annotations

from playwright.sync_api import Page


def sign_in(page: Page, name: str) -> None:
    """Through the form, with the keyboard; the factories' password is the name, said twice."""
    page.goto("/sign-in/")
    page.get_by_label("Username").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(f"{name}-{name}")
    page.keyboard.press("Enter")
    page.wait_for_url("/")
