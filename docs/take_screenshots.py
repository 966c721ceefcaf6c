"""Take the pictures of the README from a running demo: ``.venv/bin/python docs/take_screenshots.py [ADDRESS]``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("GRADUS_HOME") or ROOT / ".gradus")
IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("GRADUS_TEST_CHROMIUM") or "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")


def signed_in(browser: Browser, address: str, name: str, password: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light").new_page()
    page.goto(f"{address}/sign-in/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def take_labelling(page: Page, address: str) -> None:
    page.goto(f"{address}/projects/arithmetic/queue/")
    page.click("main button")
    page.wait_for_url("**/assignments/**")
    for key in ("1", "1", "3"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    page.get_by_text("Saved").first.wait_for()
    page.screenshot(path=IMAGES / "label.png")


def take_trace(page: Page, address: str) -> None:
    page.goto(f"{address}/projects/arithmetic/traces/")
    page.get_by_role("link", name="arith-0008", exact=True).click()
    page.wait_for_url("**/traces/*/")
    # The first error is what the page is for.
    page.get_by_text("so 78 + 42 = 120").first.evaluate("step => step.scrollIntoView({block: 'center'})")
    page.screenshot(path=IMAGES / "trace.png")


def main() -> None:
    address = (sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000").rstrip("/")
    passwords = json.loads((HOME / "demo-sign-ins.json").read_text())
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        take_labelling(signed_in(browser, address, "ann", passwords["ann"]), address)
        take_trace(signed_in(browser, address, "manager", passwords["manager"]), address)
        browser.close()


if __name__ == "__main__":
    main()
