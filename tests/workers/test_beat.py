"""The process that sends the sweeps, started as the compose file starts it, while its broker is away."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import kombu
import pytest

from tests.paths import REPOSITORY

# What has to be over before Docker or systemd would kill it.
SOON = 10.0
PATIENCE = 90.0
LOG = "beat.log"


@contextmanager
def beating(home: Path, broker_url: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    settings = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "GRADUS_HOME": str(home),
        "GRADUS_BROKER_URL": broker_url,
        "GRADUS_NO_BOOTSTRAP": "1",
    }
    with (
        (home / LOG).open("wb") as log,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "workers.celery", "beat"),
                *("--scheduler", "celery.beat:Scheduler", "--pidfile=", "--loglevel=INFO"),
            ],
            cwd=REPOSITORY,
            env=kept | settings | more,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_for_words(process: subprocess.Popen[bytes], home: Path, words: str) -> None:
    wait_until(process, home, lambda said: words in said)


def wait_until(process: subprocess.Popen[bytes], home: Path, is_so: Callable[[str], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so(said := (home / LOG).read_text()):
        assert process.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.1)


class Relay:
    """A way to a server, which stays open when nothing passes along it any more."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open = ExitStack()
        self._server = self._open.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._ways: dict[socket.socket, socket.socket] = {}
        self._is_silent = self._is_over = False
        self.port: int = self._server.getsockname()[1]

    def falls_silent(self) -> None:
        self._is_silent = True

    def end(self) -> None:
        self._is_over = True

    def run(self) -> None:
        with self._open:
            while not self._is_over:
                ready, _, _ = select.select([self._server, *self._ways], [], [], 0.05)
                for one in ready:
                    if self._is_silent:
                        time.sleep(0.05)
                    elif one is self._server:
                        self._connect()
                    elif said := one.recv(65536):
                        self._ways[one].sendall(said)
                    else:
                        self._ways.pop(one)

    def _connect(self) -> None:
        near, _ = self._server.accept()
        far = socket.create_connection(self._to)
        self._ways |= {self._open.enter_context(near): self._open.enter_context(far), far: near}


@contextmanager
def relaying(host: str, port: int) -> Iterator[Relay]:
    relay = Relay(host, port)
    thread = threading.Thread(target=relay.run, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.end()
        thread.join()


def seconds_to_end(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.terminate()
    process.wait(PATIENCE)
    return time.monotonic() - began


def test_it_ends_soon_where_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with beating(tmp_path, f"amqp://127.0.0.1:{held.getsockname()[1]}") as process:
            wait_for_words(process, tmp_path, "refused")
            assert seconds_to_end(process) < SOON
            assert process.returncode == 0


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_it_ends_soon_where_somebody_listens_and_never_answers(tmp_path: Path, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        with beating(tmp_path, f"{scheme}://127.0.0.1:{server.getsockname()[1]}") as process:
            taken, _ = server.accept()
            with taken:
                # It has said its first words and waits for an answer.
                taken.settimeout(PATIENCE)
                assert taken.recv(1)
                assert seconds_to_end(process) < SOON
                assert process.returncode == 0


@pytest.mark.needs_rabbitmq
def test_it_ends_soon_where_the_broker_falls_silent_while_it_sends(tmp_path: Path, amqp_url: str) -> None:
    """It would close its channel and its connection, and wait five seconds for the broker's word on each."""
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    broker = urlsplit(amqp_url)
    with relaying(broker.hostname or "", broker.port or 5672) as relay:
        login = broker.netloc.rpartition("@")[0]
        here = broker._replace(netloc=f"{login}@127.0.0.1:{relay.port}")
        with beating(tmp_path, here.geturl(), GRADUS_BROKER_PREFIX=prefix) as process:
            wait_until(process, tmp_path, lambda said: said.count("Sending") > 3)
            relay.falls_silent()
            n_sent = (tmp_path / LOG).read_text().count("Sending")
            wait_until(process, tmp_path, lambda said: said.count("Sending") > n_sent)
            assert seconds_to_end(process) < SOON
    with kombu.Connection(amqp_url) as connection:
        channel = connection.default_channel
        channel.queue_delete(f"{prefix}.cpu")
        channel.exchange_delete(prefix)
