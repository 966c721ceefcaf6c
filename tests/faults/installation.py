"""A whole installation in a folder: PostgreSQL, broker, web servers and workers, each a process that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.network import Machine
from tests.paths import REPOSITORY
from webapp.management.supervisor import free_port, wait_for, web_command

LEASE_SECONDS = 5
START_SECONDS = 240.0
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def postgres_programs() -> Path | None:
    """Where initdb and postgres lie; None where they do not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3].zfill(4))
    return found[-1].parent if found else None


def absence(broker: str = "redis") -> str:
    """Why no installation can be set up here; empty when one can."""
    if postgres_programs() is None:
        return "the programs of a PostgreSQL server are not installed"
    if broker == "redis" and shutil.which("redis-server") is None:
        return "redis-server is not installed"
    if broker == "rabbitmq" and not RABBITMQ.exists():
        return "rabbitmq-server is not installed"
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
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def freeze(self) -> None:
        """It is there, takes connections and says nothing: what a network that swallows everything looks like."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self, seconds: float = 120) -> int:
        """Ask it to end and wait; its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=seconds)

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

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        for pid in reversed([self.process.pid, *_under(self.process.pid)]):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _under(pid: int) -> list[int]:
    """Children and theirs, parents first."""
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        found = [int(one) for task in tasks for one in task.read_text().split()]
        return [pid for child in found for pid in (child, *_under(child))]
    return []


@dataclass
class Installation:
    home: Path
    database_url: str
    broker_url: str
    address: str
    environment: dict[str, str]
    machines: Sequence[Machine] = ()
    parts: dict[str, Part] = field(default_factory=dict)

    def is_ready(self) -> bool:
        return is_ready(self.address)

    def part(self, name: str, command: list[str], is_up: Callable[[], bool], **more: str) -> Part:
        self.parts[name] = Part(name, command, self.environment | more, self.home / f"{name}.log", is_up)
        return self.parts[name]

    def worker(self, name: str, *, at: Machine | None = None, more: Mapping[str, str] | None = None) -> Part:
        """A further worker, not started; every one has a beat, as when somebody forgot that one is enough."""
        command = [sys.executable, "manage.py", "worker", "--with-beat"]
        # That it runs; whether it works is what the counts at the end are for.
        if at is None:
            return self.part(name, command, lambda: True, **(more or {}))
        places = {
            name: self.environment[name].replace("127.0.0.1", at.server)
            for name in ("DATABASE_URL", "GRADUS_BROKER_URL")
        }
        return self.part(name, [*at.prefix, *command], lambda: True, **places, **(more or {}))

    def web(self, name: str, *, more: Mapping[str, str] | None = None) -> tuple[Part, str]:
        """A further web server, not started, and its address."""
        port = free_port("127.0.0.1", int(self.address.rpartition(":")[2]) + 1)
        address = f"http://127.0.0.1:{port}"
        command = [*web_command("127.0.0.1", port), "--workers", "1"]
        return self.part(name, command, lambda: is_ready(address), **(more or {})), address


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready/", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def an_installation(
    home: Path, port: int, *, broker: str = "redis", machines: Sequence[Machine] = ()
) -> Iterator[Installation]:
    """Database and broker run; web and worker are started by whoever has filled the database.

    ``machines`` reach both by the address of the server they name.
    """
    database_port = free_port("127.0.0.1", port)
    broker_port = free_port("127.0.0.1", database_port + 1)
    web_port = free_port("127.0.0.1", broker_port + 1)
    listens = ["127.0.0.1", *{machine.server for machine in machines}]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    url = f"postgres://postgres@127.0.0.1:{database_port}/postgres"
    broker_url = {
        "redis": f"redis://127.0.0.1:{broker_port}/0",
        "rabbitmq": f"amqp://guest:guest@127.0.0.1:{broker_port}//",
    }[broker]
    environment = kept | {
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "DATABASE_URL": url,
        "GRADUS_HOME": str(home / "gradus"),
        "GRADUS_BROKER_URL": broker_url,
        "GRADUS_WORKER_LEASE_SECONDS": str(LEASE_SECONDS),
        "GRADUS_NO_BOOTSTRAP": "1",
        "OMP_NUM_THREADS": "1",
    }
    site = Installation(home, url, broker_url, f"http://127.0.0.1:{web_port}", environment, machines)
    _add_database(site, database_port, listens)
    (_add_redis if broker == "redis" else _add_rabbitmq)(site, broker_port, listens)
    site.part("web", [*web_command("127.0.0.1", web_port), "--workers", "2"], site.is_ready)
    site.worker("worker")
    try:
        for name in ("database", "broker"):
            site.parts[name].start()
            site.parts[name].wait()
        yield site
    finally:
        for one in reversed(site.parts.values()):
            one.kill()


def _add_database(site: Installation, port: int, listens: Sequence[str]) -> None:
    programs = postgres_programs()
    assert programs is not None
    data, as_server = site.home / "postgres", as_postgres(site.home)
    subprocess.run(
        [*as_server, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    with (data / "pg_hba.conf").open("a") as rules:
        rules.writelines(f"host all all {machine.address}/32 trust\n" for machine in site.machines)
    # What a process wrote outlives it without fsync; that is for power cuts, which are not tried here.
    facts = {
        "fsync": "off",
        "listen_addresses": ",".join(listens),
        "unix_socket_directories": str(data),
    }
    server = [*as_server, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in facts.items():
        server += ["-c", f"{name}={value}"]
    site.part("database", server, lambda: _answers(site.database_url))


def _add_redis(site: Installation, port: int, listens: Sequence[str]) -> None:
    (site.home / "redis").mkdir(parents=True)
    keeps = ["--dir", str(site.home / "redis"), "--appendonly", "yes", "--save", "", "--protected-mode", "no"]
    broker = ["redis-server", "--port", str(port), "--bind", *listens, *keeps]
    site.part("broker", broker, lambda: wait_for("127.0.0.1", port, 1))


def _add_rabbitmq(site: Installation, port: int, listens: Sequence[str]) -> None:
    home = site.home / "rabbitmq"
    home.mkdir(parents=True)
    (home / "plugins").write_text("[].\n")
    (home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = {listens[0]}:{port}\n")
    own = {
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"faults{port}@localhost",
        # Not what the machine's own broker is set to.
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(port + 20000 if port < 40000 else port - 20000),
        "RABBITMQ_MNESIA_BASE": str(home),
        "RABBITMQ_LOG_BASE": str(home),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
    }
    site.part("broker", [str(RABBITMQ)], lambda: _carries(site.broker_url), **own)


def as_postgres(home: Path) -> list[str]:
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


def _carries(url: str) -> bool:
    import kombu

    try:
        with kombu.Connection(url, connect_timeout=3) as connection:
            connection.connect()
    except (OSError, kombu.exceptions.KombuError):
        return False
    return True
