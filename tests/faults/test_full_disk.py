"""A disk without room: one clear error, nothing half written, nothing acknowledged and lost; and then it goes on.

PostgreSQL's is a trial of bench_faults (``disk``).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from kombu import Connection, Exchange, Queue

from annotate.enums import Role
from annotate.export.actions import build_release
from annotate.models import Release, Upload
from tests.annotate.export.decided import a_decided_project
from tests.factories import a_project
from tests.faults.full_disk import FULL
from tests.faults.installation import Part, is_ready
from tests.faults.scene import a_scene, people_at_work, until
from tests.faults.small_disk import SmallDisk, a_small_disk, absence
from tests.webapp.api.clients import signed_in
from webapp.management.supervisor import free_port, web_command
from workers.broker_folder import transport_options
from workers.celery import UNSENT
from workers.tasks.ingest import store


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if absence():
        pytest.skip(absence())
    with a_small_disk(tmp_path / "small", 24) as disk:
        yield disk


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "ballast")


@pytest.mark.django_db
def test_an_upload_goes_on_where_it_was_once_there_is_room(
    disk: SmallDisk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_project(slug="sums", carol=Role.MANAGER)
    settings.UPLOADS_DIR = disk.path / "uploads"
    monkeypatch.setattr("annotate.ingest.uploads.KEPT_FREE", 0)
    client = signed_in("carol")
    client.raise_request_exception = False
    content = (
        json.dumps({"id": "t1", "problem": {"text": "1 + 1?"}, "steps": ["Two." * 50_000]}).encode() + b"\n"
    )
    new = {"name": "t.jsonl", "size": len(content), "sha256": sha256(content).hexdigest()}
    upload = client.post("/api/projects/sums/uploads/", new, format="json").data
    address = f"/api/uploads/{upload['id']}/content/?offset="

    def piece(offset: int, some: bytes) -> Any:
        return client.post(f"{address}{offset}", some, content_type="application/octet-stream")

    assert piece(0, content[:1000]).status_code == 200
    disk.fill()
    refused = piece(1000, content[1000:])
    assert (refused.status_code, FULL in refused.json()["detail"]) == (503, True)
    assert Upload.objects.get().received == 1000
    begun = client.post("/api/projects/sums/uploads/", {**new, "name": "other.jsonl"}, format="json")
    assert begun.status_code in (400, 503)
    assert Upload.objects.count() == 1
    disk.make_room()
    assert piece(1000, content[1000:]).data["state"] == "here"
    assert store().content(Upload.objects.get()).read_bytes() == content
    assert files_below(disk.path) == ["content"]


@pytest.mark.django_db
def test_a_release_says_why_it_failed_and_leaves_no_file(disk: SmallDisk) -> None:
    project = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-")).project
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        build_release(project, folder=disk.path, format="jsonl")
    failed = Release.objects.get()
    assert (failed.state, "No space left" in failed.error, files_below(disk.path)) == ("failed", True, [])
    disk.make_room()
    assert build_release(project, folder=disk.path, format="jsonl").state == "published"
    assert "manifest.json" in files_below(disk.path)


def test_the_brokers_folder_holds_no_half_a_message(disk: SmallDisk) -> None:
    options = transport_options(disk.path)
    queues = [Queue(f"full.{name}", Exchange(f"full-{name}"), routing_key=name) for name in ("early", "late")]

    def send(queue: Queue, body: str) -> None:
        made.Producer().publish(
            body, exchange=queue.exchange, routing_key=queue.routing_key, declare=[queue], retry=False
        )

    transport = "workers.broker_folder:Transport"
    with Connection("filesystem://localhost", transport=transport, transport_options=options) as made:
        send(queues[0], "before")
        disk.fill()
        for queue in queues:
            with pytest.raises(UNSENT):
                send(queue, "lost")
        assert len(files_below(disk.path / "messages")) == 1
        disk.make_room()
        for queue in queues:
            send(queue, "after")
        assert len(files_below(disk.path / "messages")) == 3
        for table in (disk.path / "control").glob("*.exchange"):
            assert json.loads(table.read_text())


@pytest.mark.django_db(transaction=True)
def test_people_who_label_in_sqlite_lose_nothing(disk: SmallDisk, tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("its own trial fills PostgreSQL's disk")
    scene = a_scene("small", n_problems=60, n_each=1, n_people=2)
    database = disk.path / "gradus.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM INTO '{database}'")
    port = free_port("127.0.0.1", 54990)
    address = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    facts = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "DATABASE_URL": f"sqlite:///{database}",
        "GRADUS_HOME": str(disk.path / "home"),
    }
    web = Part(
        "web", web_command("127.0.0.1", port), kept | facts, tmp_path / "web.log", lambda: is_ready(address)
    )
    web.start()
    try:
        web.wait()
        with people_at_work(scene, address) as readers:

            def n_labels() -> int:
                return sum(len(one.said.labels) for one in readers)

            def is_told() -> bool:
                return any(FULL in why for one in readers for why in one.said.reasons)

            assert until(lambda: n_labels() > 0, 60), web.tail()
            disk.fill()
            assert until(is_told, 60), [one.said.reasons for one in readers]
            before = n_labels()
            disk.make_room()
            assert until(lambda: n_labels() > before + 5, 60), web.tail()
    finally:
        web.kill()
    assert not sum(one.said.reasons[""] for one in readers), web.tail()
    # Not on the disk that is about to go: a killed server leaves its log beside the database.
    for file in disk.path.glob("gradus.sqlite3*"):
        shutil.copy(file, tmp_path)
    with sqlite3.connect(tmp_path / "gradus.sqlite3") as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = dict(found.execute("SELECT id, value FROM annotate_label"))
        submitted = {
            pk for (pk,) in found.execute("SELECT id FROM annotate_assignment WHERE state = 'submitted'")
        }
    for reader in readers:
        assert {pk: stored.get(pk) for pk in reader.said.labels} == {
            pk: value for pk, (_, value) in reader.said.labels.items()
        }
        assert reader.said.readings <= submitted
