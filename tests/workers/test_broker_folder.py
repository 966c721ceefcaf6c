from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Queue

from workers.broker_folder import tidy, transport_options


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    options = transport_options(tmp_path)
    with Connection(
        "filesystem://localhost", transport="workers.broker_folder:Transport", transport_options=options
    ) as made:
        yield made


# kombu remembers per process what has been declared, whatever the folder: each test needs names of its own.
_sites = itertools.count(1)


@pytest.fixture
def site() -> str:
    return f"site{next(_sites)}"


def a_queue(site: str, name: str) -> Queue:
    return Queue(f"{site}.{name}", Exchange(site), routing_key=name)


def send(connection: Connection, queue: Queue, body: object) -> None:
    connection.Producer().publish(
        body, exchange=queue.exchange, routing_key=queue.routing_key, declare=[queue]
    )


def taken(connection: Connection, queue: Queue) -> list[object]:
    bound = queue(connection.default_channel)
    bound.declare()
    found = []
    while (message := bound.get(no_ack=True)) is not None:
        found.append(message.payload)
    return found


def test_messages_come_in_order_once_and_leave_nothing_behind(
    connection: Connection, tmp_path: Path, site: str
) -> None:
    gpu, cpu = a_queue(site, "gpu"), a_queue(site, "cpu")
    for number in range(5):
        send(connection, gpu, {"run_id": number})
    send(connection, cpu, {"run_id": 99})
    assert taken(connection, gpu) == [{"run_id": number} for number in range(5)]
    assert taken(connection, gpu) == []
    assert taken(connection, cpu) == [{"run_id": 99}]
    assert list((tmp_path / "messages").iterdir()) == []


def test_a_message_half_written_by_a_dying_sender_is_not_seen(
    connection: Connection, tmp_path: Path, site: str
) -> None:
    queue = a_queue(site, "gpu")
    send(connection, queue, {"run_id": 1})
    (whole,) = (tmp_path / "messages").iterdir()
    whole.rename(whole.with_name(f".{whole.name}"))
    assert taken(connection, queue) == []


def test_tidying_drops_old_messages_and_broken_tables_only(
    connection: Connection, tmp_path: Path, site: str
) -> None:
    queue = a_queue(site, "gpu")
    send(connection, queue, {"run_id": 1})
    (old,) = (tmp_path / "messages").iterdir()
    os.utime(old, (time.time() - 7200,) * 2)
    send(connection, queue, {"run_id": 2})
    broken = tmp_path / "control" / "other.exchange"
    broken.write_text('[["gpu", "", "site')
    tidy(tmp_path)
    assert taken(connection, queue) == [{"run_id": 2}]
    assert [path.name for path in (tmp_path / "control").iterdir()] == [f"{site}.exchange"]
