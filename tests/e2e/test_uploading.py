"""A file chosen in the browser: in pieces over a network that goes away, looked at, tried and brought in."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from annotate.enums import Role, UploadState
from annotate.ingest.uploads import work_upload
from annotate.models import Project, Trace, Upload
from tests.e2e.people import sign_in
from tests.e2e.test_accessibility import AXE, violations
from tests.factories import a_project
from workers.tasks import ingest as task
from workers.tasks.ingest import store

pytestmark = [pytest.mark.needs_chromium, pytest.mark.django_db(transaction=True)]

HOSTILE = "<script>alert(1)</script> **bold** \u202e"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    # What is sent to a worker is done by the test, when it says so.
    monkeypatch.setattr(task, "_send", lambda pk: None)
    return a_project(slug="sums", carol=Role.MANAGER)


def a_file(folder: Path, n: int = 40, name: str = "traces.jsonl") -> Path:
    path = folder / name
    lines = [
        {
            "id": f"t{i}",
            "problem": {"text": f"What is {i} + {i}? {HOSTILE if i == 0 else ''}"},
            "steps": [f"Twice {i}.", f"It is {2 * i}."],
            "gold": {"first_error": None},
        }
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"id": "bad"}\n')
    return path


def test_a_file_is_looked_at_tried_and_brought_in(project: Project, page: Page, tmp_path: Path) -> None:
    sign_in(page, "carol")
    page.goto("/projects/sums/")
    page.get_by_role("link", name="Bring traces in").click()
    page.get_by_label("Choose a file, or drop one here").set_input_files(a_file(tmp_path))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="traces.jsonl")).to_be_visible()
    # The first rows as they will look, and nothing of them is run.
    expect(page.get_by_role("heading", name=re.compile("The first rows, read as"))).to_be_visible()
    expect(page.locator(".previewed")).to_have_count(5)
    expect(page.locator(".previewed-problem").first).to_contain_text("<script>alert(1)</script> **bold**")
    expect(page.locator(".said").first).to_have_text("gold: verdict = good")
    page.evaluate(AXE.read_text())
    assert violations(page) == []

    page.get_by_role("button", name="Try it first, without writing").click()
    expect(page.get_by_text("Tried without writing: 0% is read.")).to_be_visible()
    assert violations_of(page) == []
    work_upload(Upload.objects.get(), store())
    # The page looks by itself.
    expect(page.get_by_role("heading", name="Tried; nothing was written")).to_be_visible()
    expect(page.locator(".counts")).to_contain_text("40")
    expect(page.get_by_role("cell", name="give either steps or text")).to_be_visible()
    assert not Trace.objects.exists()

    page.get_by_role("link", name="Go on").click()
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_text("Being brought in: 0% is read.")).to_be_visible()
    work_upload(Upload.objects.get(), store())
    expect(page.get_by_role("heading", name="Brought in")).to_be_visible()
    page.get_by_role("link", name="See the traces").click()
    expect(page.get_by_text("40 traces, 40 problems, 80 steps.")).to_be_visible()


def violations_of(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    return violations(page)


def test_a_network_that_goes_away_loses_nothing(
    project: Project, context: BrowserContext, page: Page, watch, tmp_path: Path
) -> None:
    """The connection breaks after the first piece and comes back; then the page is closed half-way."""
    path = a_file(tmp_path, n=60_000)
    assert path.stat().st_size > 4 * 1024 * 1024
    sign_in(page, "carol")
    page.goto("/projects/sums/uploads/")
    n_pieces = 0

    def cut(route) -> None:
        nonlocal n_pieces
        n_pieces += 1
        if n_pieces == 2:
            context.set_offline(True)
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/api/uploads/*/content/*", cut)
    page.get_by_label("Choose a file, or drop one here").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("The connection is away. It goes on by itself.")).to_be_visible()
    upload = Upload.objects.get()
    assert (upload.state, upload.received) == (UploadState.COMING, 4 * 1024 * 1024)
    assert upload.sha256 == sha256(path.read_bytes()).hexdigest()
    # Whoever comes back later and chooses the same file goes on there.
    page.goto("about:blank")
    page.unroute("**/api/uploads/*/content/*")
    context.set_offline(False)
    page.goto("/projects/sums/uploads/")
    page.get_by_label("Choose a file, or drop one here").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".previewed")).to_have_count(5)
    assert store().content(Upload.objects.get()).read_bytes() == path.read_bytes()
    watch.complaints[:] = [one for one in watch.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_corrected_file_of_the_same_name_and_size_begins_anew(
    project: Project, page: Page, tmp_path: Path
) -> None:
    path = a_file(tmp_path, n=60_000)
    sign_in(page, "carol")
    page.goto("/projects/sums/uploads/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        """All but the first piece."""
        held.append(route)
        if len(held) == 1:
            route.continue_()

    page.route("**/api/uploads/*/content/*", hold)
    page.get_by_label("Choose a file, or drop one here").set_input_files(path)
    # The bar shows the same 4 MiB while the file is looked through.
    is_content = re.compile(r"/api/uploads/\d+/content/\?offset=[1-9]")
    with page.expect_request(is_content):
        page.get_by_role("button", name="Upload").click()
    page.goto("about:blank")
    page.unroute("**/api/uploads/*/content/*")
    page.goto("/projects/sums/uploads/")
    path.write_bytes(path.read_bytes().replace(b"Twice 1.", b"Trice 1."))

    page.get_by_label("Choose a file, or drop one here").set_input_files(path)
    page.get_by_role("button", name="Upload").click()

    expect(page.locator(".previewed")).to_have_count(5)
    halted, whole = Upload.objects.order_by("pk")
    assert (halted.state, whole.state) == (UploadState.COMING, UploadState.HERE)
    assert store().content(whole).read_bytes() == path.read_bytes()


def test_the_form_works_without_a_script(project: Project, browser, live_server, tmp_path: Path) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "carol")
    page.goto("/projects/sums/uploads/")
    page.get_by_label("Choose a file, or drop one here").set_input_files(a_file(tmp_path))
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".previewed")).to_have_count(5)
    page.get_by_label("Format").select_option("prm800k")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".previewed")).to_have_count(0)
    expect(page.locator(".message-warning").first).to_contain_text("Line 1")
    context.close()
