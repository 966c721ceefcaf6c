from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from annotate.models import Run
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import an_entry
from workers.celery import (
    DRY_SWEEP,
    FILLING_SWEEP,
    NOTICE_SWEEP,
    PUSH_SWEEP,
    QUEUES,
    RULER_SWEEP,
    SWEEP,
    UPLOAD_SWEEP,
    WORTH_SWEEP,
    _broker,
    _queues,
    app,
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
            {"visibility_timeout": 900, "unacked_restore_throttle": 1},
        ),
        ("amqp://127.0.0.1//", "task_default_queue_type", "quorum"),
        ("filesystem://", "worker_enable_remote_control", False),
    ],
)
def test_each_broker_gets_what_it_needs(url: str, key: str, value: Any) -> None:
    assert _broker(url)[key] == value


def test_rabbitmq_keeps_messages_in_quorum_queues() -> None:
    assert {queue.queue_arguments["x-queue-type"] for queue in _queues("amqp://127.0.0.1//")} == {"quorum"}
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
