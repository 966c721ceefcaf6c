"""A real worker process on the test's own database, with a broker and a home to itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from tests.paths import REPOSITORY

LEASE_SECONDS = 2


def database_url() -> str:
    """How another process reaches the database this test runs on."""
    held = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{held['NAME']}"
    login = f"{held['USER']}:{held['PASSWORD']}@" if held["PASSWORD"] else f"{held['USER']}@"
    return f"postgres://{login}{held['HOST']}:{held['PORT'] or 5432}/{held['NAME']}"


@dataclass
class Site:
    """``home`` is the process's own; ``broker_url`` as in GRADUS_BROKER_URL."""

    home: Path
    broker_url: str
    prefix: str
    process: subprocess.Popen[bytes] | None = None
    # Settings of this site besides.
    settings: dict[str, str] = field(default_factory=dict)

    def start_worker(self, *options: str) -> None:
        assert self.process is None or self.process.poll() is not None
        with (self.home / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker", "--with-beat", *options],
                cwd=REPOSITORY,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "DATABASE_URL": database_url(),
            "GRADUS_HOME": str(self.home),
            "GRADUS_BROKER_URL": self.broker_url,
            "GRADUS_BROKER_PREFIX": self.prefix,
            "GRADUS_WORKER_LEASE_SECONDS": str(LEASE_SECONDS),
            "GRADUS_NO_BOOTSTRAP": "1",
            "OMP_NUM_THREADS": "1",
            **self.settings,
        }

    def kill(self) -> None:
        """SIGKILL to the worker and everything it started."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=30)

    def log(self) -> str:
        return (self.home / "worker.log").read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], *, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is not None
            died = self.process.poll()
            if died is not None or time.monotonic() > deadline:
                what = f"the worker ended with {died}" if died is not None else f"not within {seconds:.0f} s"
                raise AssertionError(f"{what}; its log ends:\n{self.log()[-3000:]}")
            time.sleep(0.02)


@contextlib.contextmanager
def a_site(home: Path, broker_url: str = "filesystem://") -> Iterator[Site]:
    home.mkdir(parents=True, exist_ok=True)
    site = Site(home, broker_url, f"test-{uuid.uuid4().hex[:8]}")
    try:
        yield site
    finally:
        if site.process is not None:
            site.kill()


def a_script(
    path: Path, *, success: float = 0.5, sleeps: int = 0, seconds: float = 0.0, until: Path | None = None
) -> str:
    """The address of a scripted model whose first ``sleeps`` calls take ``seconds`` each; the answers are the same.

    They take less once there is a file ``until``.
    """
    sleep = {"do": "sleep", "seconds": seconds, "until": str(until or "")}
    faults = [sleep | {"on_call": call + 1} for call in range(sleeps)]
    script = {
        "name": "scripted",
        "success": success,
        "default_answer": "42",
        "reply": "Answer: {answer}",
        "faults": faults,
    }
    path.write_text(json.dumps(script))
    return f"scripted:{path}"
