from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from annotate.models import Run
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import an_entry
from workers.celery import (
    CLOCKS_APART,
    DRY_SWEEP,
    FILLING_SWEEP,
    NOTICE_SWEEP,
    PUSH_SWEEP,
    QUEUES,
    RULER_SWEEP,
    SWEEP,
    SWEEP_SECONDS,
    UPLOAD_SWEEP,
    WORTH_SWEEP,
    Sweep,
    _broker,
    _queues,
    app,
    keep_threads_free,
    most_shifts,
    steady_now,
)
from workers.tasks.prelabel import queue_of


def test_every_task_file_is_loaded_and_the_sweeps_are_scheduled() -> None:
    app.loader.import_default_modules()
    assert {"prelabel.work_run", "assign.work_queue", "ingest.work_file", SWEEP, FILLING_SWEEP} <= set(
        app.tasks
    )
    assert [entry["task"] for entry in app.conf.beat_schedule.values()] == [
        SWEEP,
        FILLING_SWEEP,
        RULER_SWEEP,
        UPLOAD_SWEEP,
        PUSH_SWEEP,
        WORTH_SWEEP,
        NOTICE_SWEEP,
        DRY_SWEEP,
    ]


def test_queues_carry_the_sites_prefix_and_answer_to_their_short_names() -> None:
    for name in QUEUES:
        assert app.amqp.queues[name].name == f"{settings.BROKER_PREFIX}.{name}"


@pytest.mark.parametrize(
    ("backend", "queue"),
    [
        ("", "cpu"),
        ("openai:http://gpu1/v1?model=m", "io"),
        ("transformers:models/policy", "gpu"),
        ("scripted:x", "gpu"),
    ],
)
def test_a_run_goes_to_workers_that_have_what_it_needs(backend: str, queue: str) -> None:
    assert queue_of(Run(name="rollout/scan", backend=backend)) == queue


@pytest.mark.parametrize(
    ("url", "key", "value"),
    [
        (
            "redis://127.0.0.1/0",
            "broker_transport_options",
            {
                "visibility_timeout": 900,
                "unacked_restore_throttle": 1,
                "socket_timeout": 5.0,
                "socket_connect_timeout": 5.0,
                "max_retries": 1,
                "interval_start": 0.1,
                "interval_max": 0.5,
            },
        ),
        ("amqp://127.0.0.1//", "task_default_queue_type", "quorum"),
        ("filesystem://", "worker_enable_remote_control", False),
    ],
)
def test_each_broker_gets_what_it_needs(url: str, key: str, value: Any) -> None:
    assert _broker(url)[key] == value


def test_rabbitmq_keeps_messages_in_quorum_queues() -> None:
    assert {queue.queue_arguments["x-queue-type"] for queue in _queues("amqp://127.0.0.1//")} == {"quorum"}
    # A week in milliseconds: a file of many gigabytes is read for hours, and its message held.
    assert {queue.consumer_arguments["x-consumer-timeout"] for queue in _queues("amqp://127.0.0.1//")} == {
        604_800_000
    }
    assert all(queue.queue_arguments is None for queue in _queues("redis://127.0.0.1/0"))


@pytest.mark.parametrize(
    ("backend", "player", "queue"),
    [
        ("", "sandbox:", "cpu"),
        ("openai:http://a/v1?model=m", "sandbox:", "io"),
        ("openai:http://a/v1?model=m", "transformers:models/judge", "gpu"),
        ("openai:http://a/v1?model=m", "openai:http://b/v1?model=m", "io"),
        ("transformers:models/policy", "sandbox:", "gpu"),
    ],
)
def test_a_run_waits_where_all_of_its_players_can_be_had(
    backend: str, player: str, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "judge/table", an_entry())  # type: ignore[misc]
    assert queue_of(Run(name="judge/table", backend=backend, settings={"helper": player})) == queue


def test_no_sweep_expires_because_a_clock_is_wrong() -> None:
    assert all(entry["options"]["expires"] > CLOCKS_APART for entry in app.conf.beat_schedule.values())


def test_sweeps_go_on_when_the_clock_is_put_back() -> None:
    entry = app.conf.beat_schedule[SWEEP]["schedule"]
    earlier = entry.now()
    assert entry.run_every.total_seconds() == SWEEP_SECONDS
    assert not entry.is_due(earlier).is_due
    assert entry.is_due(earlier - entry.run_every).is_due
    assert entry.nowfun is steady_now


@pytest.mark.parametrize(
    ("queues", "threads", "most"),
    [
        (QUEUES, 6, 4),
        (QUEUES, 4, 2),
        (("cpu", "io"), 3, 2),
        (("io",), 2, 1),
        (QUEUES, 1, 1),
        (("gpu",), 6, None),
    ],
)
def test_runs_leave_some_threads_to_whatever_else_comes_to_a_worker(
    queues: tuple[str, ...], threads: int, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.celery._limits", {})
    keep_threads_free(queues, threads)
    assert most_shifts() == most


def test_a_sweep_that_was_just_made_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app.loader.import_default_modules()
    made: list[str] = []
    monkeypatch.setattr(Sweep, "_made", {})
    for name in (SWEEP, WORTH_SWEEP):
        task = app.tasks[name]
        monkeypatch.setattr(task, "run", lambda name=name: made.append(name))
        for _ in range(3):
            task.apply(throw=True)
    assert made == [SWEEP, WORTH_SWEEP]
    # Whoever calls it by hand means it.
    app.tasks[SWEEP]()
    assert made == [SWEEP, WORTH_SWEEP, SWEEP]
