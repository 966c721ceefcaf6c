"""What the machine room says, of rows, a real broker's folder and real disks."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from annotate.enums import NoticeEvent, NoticeState, UnitState
from annotate.models import Notice, Project, Pulse, Run, Unit, Worker
from annotate.notices.announcing import announce
from annotate.prelabel.runs.attendance import beat, sign
from tests.annotate.notices.listeners import a_webhook
from tests.factories import a_criterion, a_project, a_trace
from webapp.machine_room import ground, queues
from webapp.machine_room.ground import Disk
from webapp.machine_room.report import report
from workers.celery import NOTICE_SWEEP, app
from workers.process_name import worker_name

pytestmark = pytest.mark.django_db


def a_crew(settings: Any) -> None:
    sign(worker_name(), "cpu,gpu,io", settings.VERSION)
    beat(NOTICE_SWEEP)


def test_a_site_that_is_well_says_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "LEAST_SHARE", 0.0)
    monkeypatch.setattr(ground, "LEAST_BYTES", 0)
    a_crew(settings)
    found = report()
    assert found.warnings == []
    assert found.versions["Gradus"] == settings.VERSION
    assert found.database.name == {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    assert found.database.size
    [hand] = found.crew
    assert (hand.is_alive, hand.queues, hand.process.isdecimal()) == (True, "cpu,gpu,io", True)


def test_what_is_wrong_is_said_in_a_sentence_each(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "LEAST_SHARE", 1.1)
    sign("gpu-1.1a2b3c4d.4026531836@10.0.0.7-4711-abcdef12", "cpu", "0.0.9")
    sign("lost.example.org.1a2b3c4d.4026531836-18-abcdef12", "io", settings.VERSION)
    Worker.objects.filter(name__startswith="lost").update(seen_at=timezone.now() - timedelta(minutes=5))
    beat(NOTICE_SWEEP)
    Pulse.objects.update(beat_at=timezone.now() - timedelta(minutes=2))
    project = a_project()
    a_run_at("transformers:models/policy", project)
    a_webhook(project)
    announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    Notice.objects.update(state=NoticeState.FAILED)
    found = report()
    said = "\n".join(found.warnings)
    for words in (
        "takes from gpu, io",
        "No sweep has come round",
        "is nearly full",
        "another version of Gradus than this page",
        "Notices given up: 1",
    ):
        assert words in said, words
    assert {(hand.host, hand.process, hand.is_alive) for hand in found.crew} == {
        ("gpu-1 (10.0.0.7)", "4711", True),
        ("lost.example.org", "18", False),
    }


def a_run_at(backend: str, project: Project) -> Run:
    a_criterion(project)
    return Run.objects.create(
        project=project,
        kind="prelabel",
        name="rollout/scan",
        backend=backend,
        criterion=project.rubric.criteria.first(),
    )


def test_a_site_that_wants_no_model_of_its_own_misses_no_worker_for_one(settings: Any) -> None:
    sign(worker_name(), "cpu,io", settings.VERSION)
    beat(NOTICE_SWEEP)
    project = a_project()
    a_run_at("openai:http://models/v1?model=m", project)
    assert not any("No worker is alive" in one for one in report().warnings)
    a_run_at("transformers:models/policy", project)
    assert any("takes from gpu." in one for one in report().warnings)


def test_a_missing_sweep_is_laid_to_what_keeps_it(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        return "\n".join(report().warnings)

    lengths: dict[str, int | None] = {"cpu": 0, "gpu": 0, "io": 0}
    monkeypatch.setattr(queues, "messages", lambda: queues.Messages(lengths))
    assert "takes from cpu, io." in said()
    assert "sweep" not in said()
    sign(worker_name(), "cpu,io", settings.VERSION)
    assert "--with-beat" in said()
    lengths["cpu"] = 40
    assert "40 messages wait in queue cpu" in said()
    assert "--with-beat" not in said()


def test_units_are_told_by_run_and_state() -> None:
    project = a_project()
    run = Run.objects.create(
        project=project, kind="prelabel", name="judge/critique", criterion=a_criterion(project)
    )
    for state in (UnitState.PENDING, UnitState.PENDING, UnitState.RUNNING, UnitState.FAILED, UnitState.DONE):
        Unit.objects.create(run=run, trace=a_trace(project), state=state)
    [one] = queues.rows().runs
    assert (one.run, one.waiting.n, one.leased.n, one.failed.n) == (run, 2, 1, 1)
    Run.objects.update(state="done")
    assert queues.rows().runs == []


@pytest.mark.parametrize("broker", ["folder", "redis", "amqp"])
def test_messages_are_counted_at_every_broker(
    broker: str,
    settings: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from celery import Celery

    from workers import celery as ours

    url = "filesystem://" if broker == "folder" else request.getfixturevalue(f"{broker}_url")
    settings.BROKER_PREFIX = f"machine-room-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(ours, "BROKER_FOLDER", tmp_path)
    site = Celery("there")
    site.conf.update(**ours._broker(url), task_queues=ours._queues(url), task_default_queue="cpu")
    monkeypatch.setattr(queues, "app", site)
    cache.clear()
    assert queues.messages().lengths == {"cpu": 0, "gpu": 0, "io": 0}
    for _ in range(3):
        site.send_task("nobody.takes.it", queue="io")
    cache.clear()
    try:
        found = queues.messages()
        assert (found.lengths, found.trouble) == ({"cpu": 0, "gpu": 0, "io": 3}, "")
    finally:
        with site.connection_for_write() as held, held.channel() as channel:
            # Redis deletes no queue that this connection has not bound.
            channel.queue_purge(f"{settings.BROKER_PREFIX}.io")
            channel.queue_delete(f"{settings.BROKER_PREFIX}.io")
        site.close()


def test_a_broker_that_is_away_is_said_and_waited_for_no_longer_than_moments(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import Celery

    monkeypatch.setattr(queues, "app", Celery("away", broker="redis://127.0.0.1:1/0"))
    found = queues.messages()
    assert found.lengths == {"cpu": None, "gpu": None, "io": None}
    assert "does not answer" in found.trouble
    assert app.conf.broker_url


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [(50, 100, False), (9, 100, True), (10, 100, False), (1.5, 10, True), (2, 10, False)],
)
def test_a_disk_is_nearly_full_below_a_tenth_or_two_gigabytes(free: float, total: float, full: bool) -> None:
    assert Disk("/srv", int(free * 1024**3), int(total * 1024**3)).is_nearly_full is full


def test_a_migration_that_waits_is_named() -> None:
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    ((app, last),) = MigrationLoader(connection).graph.leaf_nodes("annotate")
    MigrationRecorder(connection).record_unapplied(app, last)
    found = ground.database()
    assert f"{app}.{last}" in found.waiting


def test_statements_are_read_where_an_account_is_kept() -> None:
    from webapp.machine_room.slowness import slowest_statements

    found = slowest_statements()
    assert found is None or all(one.calls > 0 for one in found)
    # And the transaction it was asked in goes on.
    assert Worker.objects.count() == 0
