"""Child processes that belong together: started, watched, restarted when they die, and stopped as one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
GRACE_SECONDS = 10.0
# A child that dies at once again and again has a cause a restart will not cure.
MOST_RESTARTS = 5
WEB_START_SECONDS = 60.0


@dataclass
class Child:
    name: str
    command: list[str]
    log: Path
    restarts: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Supervisor:
    """Keeps children alive until :meth:`stop`. Each writes to its own log file."""

    log_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, command: list[str]) -> Child:
        child = Child(name, command, self.log_dir / f"{name}.log")
        self.children.append(child)
        self._spawn(child)
        return child

    def _spawn(self, child: Child) -> None:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with child.log.open("ab") as log:
            # Own process group: Ctrl-C in the terminal reaches only us, and we stop the children in order.
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def mend(self, say: Callable[[str], None]) -> None:
        """Restart whatever has died; raise RuntimeError when a child cannot be kept alive."""
        for child in self.children:
            if child.is_alive:
                continue
            if child.restarts >= MOST_RESTARTS:
                raise RuntimeError(f"{child.name} died {child.restarts + 1} times; its log is {child.log}")
            child.restarts += 1
            say(f"{child.name} stopped unexpectedly; starting it again (log: {child.log})")
            self._spawn(child)

    def stop(self) -> None:
        """Ask every child to end, wait, then kill whole groups: nothing we started stays behind."""
        for child in self.children:
            self._signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            if child.process is None:
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            self._signal(child, signal.SIGKILL)
            child.process.wait()

    @staticmethod
    def _signal(child: Child, number: signal.Signals) -> None:
        if child.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def start_web(supervisor: Supervisor, host: str, port: int) -> str:
    """Start the web server on the first free port from ``port`` on; its address, once it answers."""
    port = free_port(host, port)
    child = supervisor.start("web", web_command(host, port))
    if not wait_for(host, port, WEB_START_SECONDS):
        raise RuntimeError(f"the web server did not start; its log is {child.log}")
    return f"http://{host}:{port}/"


def web_command(host: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "webapp.wsgi:application"),
        *("--bind", f"{host}:{port}", "--worker-class", "gthread", "--threads", "8"),
        # Longer than between two labels: a connection closed while a request is on its way looks like an error.
        *("--keep-alive", "30", "--graceful-timeout", "3", "--log-level", "warning"),
    ]


def worker_command() -> list[str]:
    return [sys.executable, str(MANAGE), "worker", "--with-beat"]


def free_port(host: str, wanted: int) -> int:
    """``wanted``, or the next port that nobody listens on."""
    for port in range(wanted, wanted + 50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port between {wanted} and {wanted + 49}")


def wait_for(host: str, port: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False
