"""A whole installation in a folder: PostgreSQL, Redis, web server and worker, each a process that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.paths import REPOSITORY
from webapp.management.supervisor import free_port, wait_for, web_command

LEASE_SECONDS = 5
START_SECONDS = 240.0


def postgres_programs() -> Path | None:
    """Where initdb and postgres lie; None where they do not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(4))
    return found[-1].parent if found else None


def absence() -> str:
    """Why no installation can be set up here; empty when one can."""
    if postgres_programs() is None:
        return "the programs of a PostgreSQL server are not installed"
    if shutil.which("redis-server") is None:
        return "redis-server is not installed"
    return ""


@dataclass
class Part:
    """``is_up`` says whether it answers. A kill takes its children along, whatever session they are in."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    is_up: Callable[[], bool]
    kills: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        if self.process is None:
            return
        for pid in reversed([self.process.pid, *_under(self.process.pid)]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_up():
            assert self.process is not None
            if self.process.poll() is not None:
                # As a supervisor would; a database may have to wait for what the kill left behind.
                time.sleep(0.5)
                self.start()
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not come up; its log ends:\n{self.tail()}")
            time.sleep(0.1)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def _under(pid: int) -> list[int]:
    """Children and theirs, parents first."""
    with suppress(OSError):
        found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [pid for child in found for pid in (child, *_under(child))]
    return []


@dataclass
class Installation:
    home: Path
    database_url: str
    address: str
    environment: dict[str, str]
    parts: dict[str, Part] = field(default_factory=dict)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/ready/", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def an_installation(home: Path, port: int) -> Iterator[Installation]:
    """Database and broker run; web and worker are started by whoever has filled the database."""
    programs = postgres_programs()
    assert programs is not None
    database_port = free_port("127.0.0.1", port)
    broker_port = free_port("127.0.0.1", database_port + 1)
    web_port = free_port("127.0.0.1", broker_port + 1)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    url = f"postgres://postgres@127.0.0.1:{database_port}/postgres"
    environment = kept | {
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "DATABASE_URL": url,
        "GRADUS_HOME": str(home / "gradus"),
        "GRADUS_BROKER_URL": f"redis://127.0.0.1:{broker_port}/0",
        "GRADUS_WORKER_LEASE_SECONDS": str(LEASE_SECONDS),
        "GRADUS_NO_BOOTSTRAP": "1",
        "OMP_NUM_THREADS": "1",
    }
    site = Installation(home, url, f"http://127.0.0.1:{web_port}", environment)
    data, as_server = home / "postgres", _as_postgres(home)
    (home / "redis").mkdir(parents=True)
    subprocess.run(
        [*as_server, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    # What a process wrote outlives it without fsync; that is for power cuts, which are not tried here.
    facts = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]

    def part(name: str, command: list[str], is_up: Callable[[], bool]) -> None:
        site.parts[name] = Part(name, command, environment, home / f"{name}.log", is_up)

    server = [*as_server, str(programs / "postgres"), "-D", str(data), "-p", str(database_port), *facts]
    part("database", server, lambda: _answers(url))
    keeps = ["--dir", str(home / "redis"), "--appendonly", "yes", "--save", ""]
    broker = ["redis-server", "--port", str(broker_port), "--bind", "127.0.0.1", *keeps]
    part("broker", broker, lambda: wait_for("127.0.0.1", broker_port, 1))
    part("web", [*web_command("127.0.0.1", web_port), "--workers", "2"], site.is_ready)
    # That it runs; whether it works is what the counts at the end are for.
    part("worker", [sys.executable, "manage.py", "worker", "--with-beat"], lambda: True)
    try:
        for name in ("database", "broker"):
            site.parts[name].start()
            site.parts[name].wait()
        yield site
    finally:
        for one in reversed(site.parts.values()):
            one.kill()


def _as_postgres(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    home.chmod(0o777)
    return ["runuser", "-u", "postgres", "--"]


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True
