"""Tasks that go on for too long, in loops, in statements of the database, and in a real worker."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from annotate.enums import ReleaseState, UploadState
from annotate.errors import GradusError
from annotate.ingest.uploads import add_piece, ask_ingest, begin_upload
from annotate.models import Release, Step, Trace
from tests.annotate.export.decided import a_decided_project
from tests.factories import a_project
from tests.workers.site import Site, a_site
from workers import time_limit
from workers.celery import SWEEPS, app
from workers.tasks import export
from workers.tasks.ingest import store
from workers.time_limit import Limited, TookTooLong, limited

FOR_EVER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}


def loop_for_ever() -> None:
    number = 0
    while True:
        number += 1


def test_a_loop_is_broken_off() -> None:
    began = time.monotonic()
    with pytest.raises(TookTooLong, match=r"broken off after 0\.2 seconds"):
        limited(loop_for_ever, 0.2, of="a loop")
    assert time.monotonic() - began < 30


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_broken_off_and_the_connection_goes_on() -> None:
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(FOR_EVER[connection.vendor])

    with pytest.raises(TookTooLong) as caught:
        limited(ask, 0.2, of="a statement")
    assert isinstance(caught.value, GradusError)
    # Whoever notes the failure writes by the same connection.
    assert not Trace.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_who_goes_on_after_any_error_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "AGAIN_SECONDS", 0.1)
    swallowed = []

    def stubborn() -> None:
        while len(swallowed) < 2:
            try:
                loop_for_ever()
            except GradusError as error:
                swallowed.append(error)
        loop_for_ever()

    with pytest.raises(TookTooLong):
        limited(stubborn, 0.1, of="a stubborn one")
    assert len(swallowed) == 2


def test_what_ends_in_time_is_never_disturbed_afterwards() -> None:
    """The limit comes at any moment of the work's last ones, and never behind them."""

    def work() -> str:
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
        return "done"

    found: Counter[str] = Counter()
    for _ in range(300):
        try:
            found[limited(work, 0.002, of="one of many")] += 1
        except TookTooLong:
            found["broken off"] += 1
        for _ in range(100):
            sys.intern("nothing comes here")
    assert found.total() == 300
    for watch in threading.enumerate():
        if isinstance(watch, threading.Timer):
            watch.join(timeout=30)
            assert not watch.is_alive()


def test_another_thread_is_left_alone() -> None:
    found: list[str] = []

    def work() -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass
        found.append("done")

    beside = threading.Thread(target=work)
    beside.start()
    with pytest.raises(TookTooLong):
        limited(loop_for_ever, 0.1, of="a loop")
    beside.join()
    assert found == ["done"]


def test_every_task_has_a_limit_and_sweeps_a_short_one() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) > 12
    assert all(isinstance(task, Limited) for task in ours.values())
    assert {ours[name].longest_seconds for name in SWEEPS} == {600.0}


@pytest.mark.django_db(transaction=True)
def test_a_release_is_marked_as_failed_and_says_why(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RELEASES_DIR, settings.LONGEST_TASK_SECONDS = tmp_path / "releases", 1
    monkeypatch.setattr("annotate.export.actions._write", lambda *_: loop_for_ever())
    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"))
    message = {"project_id": decided.project.pk, "format": "trl_stepwise", "settings": {}, "person_id": None}
    with pytest.raises(TookTooLong):
        export.work_release(**message)
    release = Release.objects.get()
    assert release.state == ReleaseState.FAILED
    assert release.error.startswith("It was broken off after 1 seconds, ")
    assert not list((tmp_path / "releases").rglob("*.jsonl"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_a_real_worker_breaks_a_file_off_and_goes_on_with_the_next(site: Site, settings: Any) -> None:
    settings.UPLOADS_DIR = site.home / "uploads"
    site.settings |= {"GRADUS_LONGEST_TASK_SECONDS": "2"}
    project = a_project()
    long = "".join(
        json.dumps({"id": f"t{i}", "problem": f"{i}?", "steps": ["One.", "Two."]}) + "\n"
        for i in range(400_000)
    )
    short = json.dumps({"id": "short", "problem": "1?", "steps": ["One."]}) + "\n"
    uploads = []
    for name, text in (("long.jsonl", long), ("short.jsonl", short)):
        body = text.encode()
        upload = begin_upload(project, None, store(), name=name, size=len(body))
        (site.home / name).write_bytes(body)
        with (site.home / name).open("rb") as held:
            upload = add_piece(upload, store(), offset=0, body=held)
        uploads.append(ask_ingest(upload, store()))
    site.start_worker()

    def states() -> set[str]:
        for one in uploads:
            one.refresh_from_db()
        return {one.state for one in uploads}

    site.wait_until(lambda: states() == {UploadState.FAILED, UploadState.DONE}, seconds=200)
    failed, done = uploads
    assert (failed.state, done.state) == (UploadState.FAILED, UploadState.DONE)
    assert failed.error.startswith("It was broken off after 2 seconds, ")
    # Whole batches alone: no trace without its steps.
    traces = Trace.objects.filter(external_id__startswith="t")
    assert Step.objects.filter(trace__in=traces).count() == 2 * traces.count() < 800_000
    assert Trace.objects.filter(external_id="short").exists()
