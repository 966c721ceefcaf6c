"""A real worker that is killed in the middle of a push, and another that goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.enums import RunState
from annotate.export.actions import build_release
from annotate.export.pushes import open_push
from annotate.export.queries import release_folder
from annotate.models import Push
from tests.annotate.export.decided import a_decided_project
from tests.workers.hub.kept import Fault
from tests.workers.hub.stand_in import TOKEN, StandIn, a_hub
from tests.workers.site import Site, a_site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

NAME = "alice/sums"
LFS = r"^/store/lfs/"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[StandIn]:
    with a_hub(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def site(tmp_path: Path, hub: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    with a_site(tmp_path / "site") as site:
        yield site


def test_a_killed_push_goes_on_and_sends_nothing_twice(site: Site, hub: StandIn) -> None:
    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"))
    releases = site.home / "releases"
    release = build_release(decided.project, folder=releases, format="parquet")
    push = open_push(release, repository=NAME)
    # All large files are in the store, and the commit that names them never gets its answer.
    reached, over = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        over.wait(240)

    hub.faults = [Fault("POST", r"/commit/main$", status=503, act=hold)]
    site.start_worker()
    site.wait_until(reached.is_set, seconds=120)
    assert Push.objects.get(pk=push.pk).state == RunState.RUNNING
    site.kill()
    over.set()
    n_puts, sent = hub.n_asked("PUT", LFS), hub.sent(LFS)
    assert sent > 0

    site.start_worker()
    site.wait_until(lambda: Push.objects.get(pk=push.pk).state == RunState.DONE, seconds=180)
    assert (hub.n_asked("PUT", LFS), hub.sent(LFS)) == (n_puts, sent)
    assert Push.objects.get(pk=push.pk).attempt == 2
    root = release_folder(release, releases)
    local = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    there = hub.content(NAME)
    assert there.pop(".gitattributes")
    assert there == local
    assert [one.title for one in hub.repositories[NAME].commits] == ["initial commit", "Release 1"]
    assert TOKEN not in site.log()
