from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.management.supervisor import MOST_RESTARTS, Child, Supervisor, free_port, wait_for

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
# A child with a child of its own, as a worker pool has.
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(p.pid, flush=True); time.sleep(600)",
]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop()


def wait_until_dead(child: Child) -> None:
    assert child.process is not None
    child.process.wait(timeout=10)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_dead_child_is_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start("sleeper", SLEEPER)
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    wait_until_dead(child)
    said: list[str] = []
    supervisor.mend(said.append)
    assert child.is_alive
    assert child.process.pid != first
    assert len(said) == 1


def test_child_that_cannot_live_is_given_up_with_its_log_named(supervisor: Supervisor) -> None:
    child = supervisor.start("broken", [sys.executable, "-c", "raise SystemExit('no such luck')"])
    with pytest.raises(RuntimeError, match=r"broken\.log"):  # noqa: PT012 - which restart is the last is not what is tested
        for _ in range(MOST_RESTARTS + 1):
            wait_until_dead(child)
            supervisor.mend(lambda _: None)
    assert "no such luck" in child.log.read_text()


def test_stop_takes_grandchildren_along(supervisor: Supervisor) -> None:
    child = supervisor.start("parent", PARENT)
    deadline = time.monotonic() + 20
    while not child.log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(child.log.read_text())
    assert is_running(grandchild)
    supervisor.stop()
    deadline = time.monotonic() + 10
    while is_running(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.is_alive
    assert not is_running(grandchild)


def test_free_port_passes_over_a_taken_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert wait_for("127.0.0.1", port, 1)
        assert free_port("127.0.0.1", port) != port
