"""Take every page's picture: ``.venv/bin/python docs/take_screenshots.py [NAME ...]``.

It needs a demo whose main job is done (``python3 manage.py demo --no-serve``) in GRADUS_HOME, and works on a copy
of it: the demo stays as it is, and the next time starts from the same. All pictures, light and dark, wide and narrow,
go to ``docs/images/all``, which git ignores; those that the documents show go to ``docs/images`` as WebP. With names,
only the pages of those names are taken.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("GRADUS_HOME") or ROOT / ".gradus")
IMAGES = ROOT / "docs" / "images"
ALL = IMAGES / "all"
CHROMIUM = os.environ.get("GRADUS_TEST_CHROMIUM") or "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
SLUG = "arithmetic"
WIDE, NARROW = (1440, 900), (390, 844)
# The two that differ most come first, for whoever looks while the rest is taken.
VARIANTS = (("light", WIDE), ("dark", NARROW), ("light", NARROW), ("dark", WIDE))
# A page may be long; what is behind this is not looked at.
TALLEST = 3600
# Text stays sharp; thirty pictures come to a megabyte.
QUALITY = 0.72
TO_WEBP = """async ([png, quality]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass(frozen=True)
class Shot:
    """A page as ``who`` sees it (None: nobody signed in), after ``do``; ``shown``: the documents show it."""

    name: str
    path: str
    who: str | None = "manager"
    do: Callable[[Page], None] | None = None
    shown: str = "light-1440"


def shots(at: dict[str, str]) -> list[Shot]:
    project = f"/projects/{SLUG}"
    return [
        Shot("sign-in", "/sign-in/", None),
        Shot("list", "/"),
        Shot("new-project", "/new/", shown=""),
        Shot("project", f"{project}/"),
        Shot("project-empty", "/projects/empty/", shown=""),
        Shot("traces", f"{project}/traces/"),
        Shot("traces-empty", "/projects/empty/traces/", shown=""),
        Shot("trace", at["trace"], do=_first_error),
        Shot("rubrics", f"{project}/rubrics/"),
        Shot("rubric", at["rubric"], shown=""),
        Shot("builder", f"{project}/rubrics/", do=_new_version),
        Shot("queue-rules", f"{project}/queue/rules/"),
        Shot("overview", f"{project}/overview/"),
        Shot("overview-stopped", "/projects/long-queue/overview/", shown=""),
        Shot("labelling-settings", f"{project}/labelling/", shown=""),
        Shot("invitations", f"{project}/invitations/"),
        Shot("label", f"{project}/queue/", "ann", _label_some),
        Shot("label-phone", f"{project}/queue/", "ann", _label_some, shown="dark-390"),
        Shot("label-keys", f"{project}/queue/", "ann", _keys),
        Shot("label-compact", f"{project}/queue/", "ann", _compact, shown=""),
        Shot("label-contrast", f"{project}/queue/", "ann", _contrast, shown=""),
        Shot("conflict", f"{project}/queue/", "ann", _conflict),
        Shot("queue-empty", "/projects/empty/queue/", shown=""),
        Shot("own-work", "/me/progress/", "ann"),
        Shot("own-history", f"{project}/history/", "ann", shown=""),
        Shot("preferences", "/me/", "ann"),
        Shot("review-queue", f"{project}/review/"),
        Shot("review", at["review"]),
        Shot("history", at["history"]),
        Shot("discussion", f"{project}/questions/"),
        Shot("runs", f"{project}/runs/"),
        Shot("new-run", f"{project}/runs/new/"),
        Shot("run", at["run"]),
        Shot("answers", at["answers"]),
        Shot("measure", f"{project}/measure/"),
        Shot("measure-empty", "/projects/empty/measure/", shown=""),
        Shot("judges", f"{project}/judges/"),
        Shot("audit", at["audit"]),
        Shot("consensus", f"{project}/consensus/", shown=""),
        Shot("consensus-run", at["consensus-run"]),
        Shot("explorer", at["explorer"]),
        Shot("beside", at["beside"], shown=""),
        Shot("decision", at["decision"], shown=""),
        Shot("new-consensus", f"{project}/consensus/new/", shown=""),
        Shot("releases", f"{project}/releases/", shown=""),
        Shot("release", at["release"]),
        Shot("new-release", f"{project}/releases/new/", shown=""),
        Shot("api", "/api/", shown=""),
        Shot("error-404", "/projects/no-such-project/"),
        Shot("error-403", f"{project}/overview/", "ann", shown=""),
    ]


def _first_error(page: Page) -> None:
    page.get_by_text("so 78 + 42 = 120").first.evaluate("step => step.scrollIntoView({block: 'center'})")


def _new_version(page: Page) -> None:
    page.get_by_role("button", name="version").or_(page.get_by_role("link", name="version")).first.click()
    page.wait_for_load_state()


def _open_a_trace(page: Page) -> None:
    page.locator("main form button").first.click()
    page.wait_for_url("**/assignments/**")
    page.locator(".bar").wait_for()


def _label_some(page: Page) -> None:
    _open_a_trace(page)
    for key in ("1", "1", "3"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    page.get_by_text("Saved").first.wait_for()


def _keys(page: Page) -> None:
    _label_some(page)
    page.keyboard.press("?")
    page.locator("#keys[open]").wait_for()


def _with(page: Page, **looks: str) -> None:
    page.locator("html").evaluate("(root, looks) => Object.assign(root.dataset, looks)", looks)


def _compact(page: Page) -> None:
    _label_some(page)
    _with(page, density="compact")


def _contrast(page: Page) -> None:
    _label_some(page)
    _with(page, contrast="more")


def _conflict(page: Page) -> None:
    """A second window answers the first step otherwise, then this one does."""
    _label_some(page)
    page.keyboard.press("k")
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".bar").wait_for()
    for window, key in ((other, "2"), (page, "4")):
        window.locator("#step-0").evaluate("step => step.focus()")
        window.keyboard.press(key)
        window.wait_for_timeout(600)
    other.close()
    page.locator("dialog[open]").wait_for()


def _hold_still(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(150)


class Studio:
    def __init__(self, browser: Browser, address: str, passwords: dict[str, str]) -> None:
        self.browser, self.address, self.passwords = browser, address, passwords
        self.darkroom = browser.new_page()
        self._cookies: dict[str, Any] = {}

    def take(self, shot: Shot, scheme: str, size: tuple[int, int]) -> None:
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            storage_state=self._cookies.get(shot.who or ""),
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        try:
            page.goto(f"{self.address}{shot.path}")
            if shot.do is not None:
                shot.do(page)
            _hold_still(page)
            kind = f"{scheme}-{width}"
            if shot.shown == kind:
                self._keep(shot.name, page.screenshot(animations="disabled"))
            tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            if shot.do is None and tall > height:
                page.set_viewport_size({"width": width, "height": tall})
            page.screenshot(path=ALL / f"{shot.name}.{kind}.png", animations="disabled")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                print(f"  {shot.name} {kind}: {wide} pixels wide")
        except PlaywrightError as error:
            print(f"  {shot.name} {scheme} {width}: {str(error).splitlines()[0]}")
        finally:
            context.close()

    def _keep(self, name: str, png: bytes) -> None:
        webp = self.darkroom.evaluate(TO_WEBP, [base64.b64encode(png).decode(), QUALITY])
        (IMAGES / f"{name}.webp").write_bytes(base64.b64decode(webp))

    def sign_in(self, name: str) -> None:
        context = self.browser.new_context()
        page = context.new_page()
        page.goto(f"{self.address}/sign-in/")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", self.passwords[name])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        self._cookies[name] = context.storage_state()
        context.close()


def copy_database(source: Path, target: Path) -> None:
    """All of it, also over one that a server has open."""
    with (
        contextlib.closing(sqlite3.connect(source)) as kept,
        contextlib.closing(sqlite3.connect(target, timeout=30)) as copy,
    ):
        kept.backup(copy)


@contextlib.contextmanager
def a_copy_of_the_demo() -> Iterator[Path]:
    """The demo's home, copied: database, passwords, secret and releases."""
    if not (HOME / "demo-sign-ins.json").exists():
        sys.exit(f"There is no demo in {HOME}. Make one first: python3 manage.py demo --no-serve")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        # The backup takes along what still stands in the write-ahead log.
        copy_database(HOME / "gradus.sqlite3", home / "gradus.sqlite3")
        for name in ("demo-sign-ins.json", "secret_key"):
            shutil.copy(HOME / name, home / name)
        if (HOME / "releases").exists():
            shutil.copytree(HOME / "releases", home / "releases")
        yield home


@contextlib.contextmanager
def a_server() -> Iterator[str]:
    """The app on the copy, at an address of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "runserver", str(port), "--noreload", "--insecure"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    # Told to end, it still ends its server.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ALL.mkdir(parents=True, exist_ok=True)
    with a_copy_of_the_demo() as home:
        os.environ |= {
            "GRADUS_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "GRADUS_NO_BOOTSTRAP": "1",
        }
        sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
        import django

        django.setup()
        from django.core.management import call_command
        from tour_scene import set_the_scene

        call_command("migrate", verbosity=0)
        at = set_the_scene(SLUG).at
        passwords = json.loads((home / "demo-sign-ins.json").read_text())
        wanted = [shot for shot in shots(at) if not sys.argv[1:] or shot.name in sys.argv[1:]]
        with a_server() as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            studio = Studio(browser, address, passwords)
            for name in ("manager", "ann"):
                studio.sign_in(name)
            # Every picture starts from the same, whatever the last one has done to it.
            live, before = home / "gradus.sqlite3", home / "before.sqlite3"
            copy_database(live, before)
            for scheme, size in VARIANTS:
                print(f"{scheme}, {size[0]} pixels wide")
                for shot in wanted:
                    studio.take(shot, scheme, size)
                    if shot.do is not None:
                        copy_database(before, live)
            browser.close()


if __name__ == "__main__":
    main()
