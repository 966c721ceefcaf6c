"""docker-compose.yml: what can be said of it by reading, and every command in it run.

No container engine is at hand. So each command runs as it stands there, with the environment and the secrets that its
service is given and nothing else of Gradus; ``Stage.placed`` has all that differs: addresses, ports and folders.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.compose import compose_file
from tests.docs.test_reference import asked_of_the_environment
from tests.faults.installation import absence, as_postgres, postgres_programs
from tests.paths import REPOSITORY
from webapp.management.supervisor import free_port

COMPOSE = compose_file({"GRADUS_ALLOWED_HOSTS": "gradus.example"})
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = {"worker-cpu": "cpu", "worker-io": "io", "worker-gpu": "gpu"}
OURS = {"migrate", "web", *WORKERS, "beat"}
# Nothing to ask: it ends by itself, or it ends where it cannot go on.
WITHOUT_CHECK = {"migrate", "beat"}
# Its image and a GPU are wanted.
NEVER_RUN = {"vllm"}
# Settled by the images and by how the services are put together.
FIXED = {
    *("GRADUS_PROFILE", "GRADUS_HOME", "GRADUS_STATIC_ROOT", "GRADUS_DEBUG"),
    *("GRADUS_UPLOADS", "GRADUS_RELEASES", "GRADUS_BENCHMARKS", "GRADUS_SSL_REDIRECT"),
    *("GRADUS_BROKER_PREFIX", "GRADUS_PREPARED_STATEMENTS"),
}
SECRET = {
    *("GRADUS_SECRET_KEY", "GRADUS_OIDC_CLIENT_SECRET", "GRADUS_EMAIL_PASSWORD", "GRADUS_METRICS_TOKEN"),
    *("DATABASE_PASSWORD", "GRADUS_BROKER_PASSWORD", "OTEL_EXPORTER_OTLP_HEADERS", "GRADUS_HF_TOKEN"),
}


def test_every_service_is_pinned_confined_and_looked_after() -> None:
    assert set(SERVICES) == {"proxy", *OURS, "postgres", "redis", "vllm"}
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), f"{name} is not pinned: {service['image']}"
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["cap_drop"] == ["ALL"], name
        assert not {"privileged", "ipc", "pid", "network_mode"} & service.keys(), name
        has_check = "test" in service.get("healthcheck", {})
        assert has_check == (name not in WITHOUT_CHECK), name
        # vLLM's image writes caches where it likes.
        assert service.get("read_only", False) is (name != "vllm"), name
        if name not in {*OURS, "proxy"}:
            assert service["user"] not in {"root", "0"}, name
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["proxy"]
    assert "USER gradus" in (REPOSITORY / "Dockerfile").read_text()
    assert "USER 10001" in SERVICES["proxy"]["build"]["dockerfile_inline"]


def test_what_a_service_waits_for_and_keeps_is_there() -> None:
    for name, service in SERVICES.items():
        for other in service.get("depends_on", {}):
            assert other in SERVICES, name
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"], f"{name}: {volume}"
    assert {
        volume.partition(":")[0] for one in SERVICES.values() for volume in one.get("volumes", ())
    } == set(COMPOSE["volumes"])


def test_a_read_only_service_is_given_files_alone() -> None:
    """Compose refuses a config or secret of any other source there, and with it the start of the service."""
    for name, service in SERVICES.items():
        for kind in ("configs", "secrets"):
            for one in service.get(kind, ()):
                source = one if isinstance(one, str) else one["source"]
                assert set(COMPOSE[kind][source]) == {"file"}, f"{name}: {source}"
    for source in COMPOSE["configs"].values():
        assert (REPOSITORY / source["file"]).is_file()


def test_no_secret_stands_in_an_environment_an_image_or_the_repository() -> None:
    named = set()
    for name, service in SERVICES.items():
        held = {f"/run/secrets/{one}" for one in service.get("secrets", ())}
        for variable, value in compose_with_secrets()["services"][name].get("environment", {}).items():
            assert variable not in SECRET | {"POSTGRES_PASSWORD", "REDISCLI_AUTH", "HF_TOKEN"}, name
            if str(value).startswith("/run/secrets/"):
                named.add(variable.removesuffix("_FILE"))
                # The token for the Hub is the workers' alone, and the web process reads no file by that name.
                assert value in held or variable == "GRADUS_HF_TOKEN_FILE" or name in WORKERS, (
                    f"{name}: {value}"
                )
    assert named >= SECRET
    assert "secrets" in (REPOSITORY / ".dockerignore").read_text().split()
    assert "secrets/" in (REPOSITORY / ".gitignore").read_text().split()


def compose_with_secrets() -> dict[str, Any]:
    optional = (
        "GRADUS_OIDC_CLIENT_SECRET",
        "GRADUS_EMAIL_PASSWORD",
        "GRADUS_METRICS_TOKEN",
        "GRADUS_HF_TOKEN",
    )
    named = {f"{name}_FILE": "./somewhere" for name in (*optional, "OTEL_EXPORTER_OTLP_HEADERS")}
    return compose_file(named | {"GRADUS_ALLOWED_HOSTS": "gradus.example"})


def test_every_setting_can_be_passed_on_and_what_is_left_out_is_as_if_not_set() -> None:
    asked = asked_of_the_environment()
    for name in OURS:
        given = SERVICES[name]["environment"]
        missing = [one for one in asked if one not in given and f"{one}_FILE" not in given]
        assert sorted(missing) == sorted(FIXED), name
    # What is empty where nothing is set must mean nothing: a switch that is on by default would be off.
    switches = {name for name, defaults in asked.items() if True in defaults}
    empty = {name for name, value in SERVICES["web"]["environment"].items() if value == ""}
    assert not switches & empty


def test_a_model_server_and_a_worker_with_models_do_not_start_together_on_one_gpu() -> None:
    """Docker gives a GPU to as many as ask for it."""
    assert (SERVICES["vllm"]["profiles"], SERVICES["worker-gpu"]["profiles"]) == (["gpu"], ["local"])
    with_four = compose_file({"GRADUS_ALLOWED_HOSTS": "x", "VLLM_GPUS": "4", "WORKER_GPU": "4"})["services"]
    (its,) = with_four["vllm"]["deploy"]["resources"]["reservations"]["devices"]
    (ours,) = with_four["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (its["count"], ours["device_ids"]) == ("4", ["4"])
    assert its["capabilities"] == ours["capabilities"] == ["gpu"]
    assert "--tensor-parallel-size=4" in with_four["vllm"]["command"]


def test_nobody_is_stopped_before_what_is_under_way_can_end() -> None:
    # gunicorn's --graceful-timeout is not set, hence 30 s; workers take as long (worker_soft_shutdown_timeout).
    assert not [word for word in SERVICES["web"]["command"] if "graceful" in word]
    assert all(seconds_to_end(name) > 30 for name in ("web", *WORKERS, "postgres"))


def seconds_to_end(service: str) -> int:
    return int(SERVICES[service].get("stop_grace_period", "10s").removesuffix("s"))


class NotFollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Stage:
    """A folder and ports in which the commands of the services run beside each other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.programs = postgres_programs()
        self.ports: dict[str, int] = {}
        for name in ("postgres", "redis", "web", "site", "admin"):
            # Below those that the system hands out: by the time a service starts, its port would be somebody's.
            self.ports[name] = free_port("127.0.0.1", max([24600, *self.ports.values()]) + 1)
        (home / "secrets").mkdir()
        for name in ("secret_key", "postgres_password", "redis_password", "metrics_token"):
            (home / "secrets" / name).write_text(f"only-for-this-test-{name}-" * 3 + "\n")
        variables = {
            "GRADUS_ALLOWED_HOSTS": "gradus.example,127.0.0.1",
            "GRADUS_METRICS_TOKEN_FILE": "./secrets/metrics_token",
            # By plain HTTP: Caddy has no name here for which it could get a certificate.
            "GRADUS_SITE": f"http://:{self.ports['site']}",
        }
        self.services: dict[str, dict[str, Any]] = compose_file(variables)["services"]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.has_run: set[tuple[str, str]] = set()

    def placed(self, text: str, service: str) -> str:
        """The same outside of a container."""
        at = self.ports
        places = {
            "/run/secrets/": f"{self._secrets_of(service)}/",
            "/etc/caddy/": f"{self.home}/",
            "/tmp/redis.conf": f"{self.home}/redis.conf",
            "127.0.0.1:8000": f"127.0.0.1:{at['web']}",
            "0.0.0.0:8000": f"127.0.0.1:{at['web']}",
            "web:8000": f"127.0.0.1:{at['web']}",
            "127.0.0.1:2019": f"127.0.0.1:{at['admin']}",
            "@postgres:5432": f"@127.0.0.1:{at['postgres']}",
            "redis://redis:6379": f"redis://127.0.0.1:{at['redis']}",
            "--appendonly": f"--dir {self.home}/redis --port {at['redis']} --appendonly",
            "redis-cli": f"redis-cli -p {at['redis']}",
        }
        for inside, outside in places.items():
            text = text.replace(inside, outside)
        return text

    def _secrets_of(self, service: str) -> Path:
        """A folder that holds what the service is given."""
        folder = self.home / f"secrets-of-{service}"
        folder.mkdir(exist_ok=True)
        for name in self.services[service].get("secrets", ()):
            if (self.home / "secrets" / name).exists() and not (folder / name).exists():
                (folder / name).hardlink_to(self.home / "secrets" / name)
        return folder

    def environment_of(self, service: str) -> dict[str, str]:
        given = self.services[service].get("environment", {})
        kept = ("PATH", "LANG", "HOME", "COVERAGE_PROCESS_START")
        ours = {name: os.environ[name] for name in kept if name in os.environ}
        ours["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        if service in OURS:
            # What the image sets.
            ours |= {"GRADUS_PROFILE": "production", "GRADUS_NO_BOOTSTRAP": "1", "OMP_NUM_THREADS": "1"}
            ours |= {"GRADUS_HOME": str(self.home / "data"), "GRADUS_STATIC_ROOT": str(self.home / "static")}
        if service == "proxy":
            ours |= {"XDG_DATA_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        return ours | {
            name: self.placed(str(value), service) for name, value in given.items() if value is not None
        }

    def command_of(self, service: str) -> list[str]:
        words = [self.placed(word, service) for word in self.services[service]["command"]]
        if service == "postgres":
            assert self.programs
            # As its image does: not as root, and from a folder of its own.
            data, port = str(self.home / "postgres"), str(self.ports["postgres"])
            place = ["-D", data, "-p", port, "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
            words = [*as_postgres(self.home), str(self.programs / words[0]), *place, *words[1:]]
        return words

    def run(self, service: str) -> subprocess.CompletedProcess[str]:
        """A command that ends."""
        self.has_run.add((service, "command"))
        return self._run(self.command_of(service), service)

    def is_healthy(self, service: str) -> bool:
        self.has_run.add((service, "check"))
        kind, *words = self.services[service]["healthcheck"]["test"]
        words = [self.placed(word, service) for word in words]
        if service == "postgres":
            assert words[0] == "pg_isready"
            words += ["--host", "127.0.0.1", "--port", str(self.ports["postgres"])]
        return self._run(words if kind == "CMD" else ["sh", "-c", *words], service).returncode == 0

    def _run(self, words: list[str], service: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=REPOSITORY,
            env=self.environment_of(service),
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self, service: str) -> str:
        return (self.home / f"{service}.log").read_text(errors="replace")

    def start(self, service: str, is_ready: Callable[[], bool] | None = None) -> None:
        """Until its own check says that it is healthy, or ``is_ready`` where it has none."""
        self.has_run.add((service, "command"))
        with (self.home / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command_of(service),
                cwd=REPOSITORY if service != "postgres" else "/",
                env=self.environment_of(service),
                stdout=log,
                stderr=log,
            )
        self.processes[service] = process
        deadline = time.monotonic() + 300
        while not (is_ready() if is_ready else self.is_healthy(service)):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{service} ended or was not ready:\n{self.log(service)[-3000:]}")
            time.sleep(0.2)

    def stop(self, service: str) -> bool:
        """Whether it ended by itself in the time it has, after which Docker kills."""
        process = self.processes.pop(service)
        process.terminate()
        try:
            process.wait(timeout=seconds_to_end(service))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
        return True

    def get(self, port: str, path: str, **headers: str) -> tuple[int, str]:
        """The status with the text, or with where else one is sent."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[port]}{path}", headers=headers)
        try:
            with urllib.request.build_opener(NotFollowed).open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Location", "")

    def workers_by_queue(self) -> dict[str, int]:
        token = (self.home / "secrets/metrics_token").read_text().strip()
        status, figures = self.get("web", "/metrics/", Authorization=f"Bearer {token}")
        assert status == 200
        return {
            queue: int(float(n)) for queue, n in re.findall(r'gradus_workers\{queue="(\w+)"\} (\S+)', figures)
        }


def make_database(stage: Stage) -> None:
    """What the image does before its first start: a user with the password."""
    assert stage.programs
    secret = stage.placed("/run/secrets/postgres_password", "postgres")
    shutil.copy(secret, stage.home / "pwfile")
    (stage.home / "pwfile").chmod(0o644)
    given = stage.environment_of("postgres")
    assert given["POSTGRES_PASSWORD_FILE"] == secret
    subprocess.run(
        [
            *as_postgres(stage.home),
            *(stage.programs / "initdb", "-D", stage.home / "postgres", "-U", given["POSTGRES_USER"]),
            *(f"--pwfile={stage.home / 'pwfile'}", "--auth=scram-sha-256", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd="/",
    )


def fill_database(stage: Stage) -> None:
    """Also before its first start: the database, and in it what lies in initdb.d."""
    given = stage.environment_of("postgres")
    with psycopg.connect(database_of(stage, "postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{given["POSTGRES_DB"]}"'.encode())
    (script,) = stage.services["postgres"]["configs"]
    assert script["target"].startswith("/docker-entrypoint-initdb.d/")
    with psycopg.connect(database_of(stage, given["POSTGRES_DB"])) as database:
        database.execute((REPOSITORY / COMPOSE["configs"][script["source"]]["file"]).read_bytes())


def database_of(stage: Stage, name: str) -> str:
    password = (stage.home / "secrets/postgres_password").read_text().strip()
    return f"postgres://gradus:{password}@127.0.0.1:{stage.ports['postgres']}/{name}"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Database, broker and web run, and the database is migrated: each by its command, healthy by its own check."""
    if absence():
        pytest.skip(absence())
    # Not pytest's own folder, which other users, PostgreSQL's among them, may not enter.
    with tempfile.TemporaryDirectory() as home:
        stage = Stage(Path(home))
        make_database(stage)
        (stage.home / "redis").mkdir()
        try:
            for name in ("postgres", "redis"):
                assert not stage.is_healthy(name)
                stage.start(name)
            fill_database(stage)
            migrated = stage.run("migrate")
            assert migrated.returncode == 0, migrated.stderr
            assert not stage.is_healthy("web")
            collect = [sys.executable, "manage.py", "collectstatic", "--noinput"]
            subprocess.run(
                collect, cwd=REPOSITORY, env=stage.environment_of("web"), check=True, capture_output=True
            )
            stage.start("web")
            yield stage
        finally:
            for name in reversed(list(stage.processes)):
                stage.stop(name)


@pytest.mark.timeout(900)
def test_every_worker_is_healthy_by_its_own_sign_of_life(stage: Stage) -> None:
    for name, queue in WORKERS.items():
        # One after the other: they are on one machine here, and any of them would answer for it.
        assert not stage.is_healthy(name)
        stage.start(name)
        assert stage.workers_by_queue() == {one: int(one == queue) for one in ("cpu", "io", "gpu")}
        assert stage.stop(name)


@pytest.mark.timeout(900)
def test_beat_sends_the_sweeps(stage: Stage) -> None:
    stage.start("beat", lambda: "Sending due task" in stage.log("beat"))
    stage.stop("beat")


def test_the_broker_keeps_its_messages_and_lets_nobody_in_without_the_password(stage: Stage) -> None:
    ask = ["redis-cli", "-p", str(stage.ports["redis"])]
    path = {"PATH": os.environ["PATH"]}
    refused = subprocess.run([*ask, "ping"], env=path, capture_output=True, text=True, check=False)
    assert "NOAUTH" in refused.stdout + refused.stderr
    password = {"REDISCLI_AUTH": (stage.home / "secrets/redis_password").read_text().strip()}
    command = [*ask, "config", "get", "appendonly"]
    kept = subprocess.run(command, env=path | password, capture_output=True, text=True, check=True)
    assert kept.stdout.split() == ["appendonly", "yes"]
    # Everybody on a host reads command lines.
    assert password["REDISCLI_AUTH"].encode() not in command_line(stage.processes["redis"].pid)


def command_line(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_the_database_keeps_an_account_of_its_statements(stage: Stage) -> None:
    with psycopg.connect(database_of(stage, "gradus")) as database:
        (counted,) = database.execute("SELECT count(*) FROM pg_stat_statements").fetchone() or (0,)
    assert counted > 0


def test_every_line_of_the_web_server_is_an_object(stage: Stage) -> None:
    stage.get("web", "/ready/")
    lines = stage.log("web").splitlines()
    said = [json.loads(line)["event"] for line in lines]
    assert any(event.startswith("Listening at") for event in said)


@pytest.mark.needs_caddy
def test_the_proxy_passes_on_people_and_nothing_from_inside(stage: Stage) -> None:
    written = (REPOSITORY / COMPOSE["configs"]["caddyfile"]["file"]).read_text()
    own_admin = f"{{\n\tadmin 127.0.0.1:{stage.ports['admin']}\n}}\n"
    (stage.home / "Caddyfile").write_text(own_admin + stage.placed(written, "proxy"))
    (given,) = stage.services["proxy"]["configs"]
    assert given == {"source": "caddyfile", "target": "/etc/caddy/Caddyfile"}
    stage.start("proxy")
    # By HTTP, so that Gradus sends people to HTTPS: the proxy told it, and it was told for which name.
    status, where = stage.get("site", "/sign-in/", Host="gradus.example")
    assert (status, where) == (301, "https://gradus.example/sign-in/")
    for path in ("/metrics/", "/ready/", "/health/"):
        assert stage.get("site", path)[0] == 404
        assert stage.get("web", path)[0] == (404 if path == "/metrics/" else 200)
    stage.stop("proxy")


def test_no_command_was_left_out(stage: Stage, request: pytest.FixtureRequest) -> None:
    """Looks back on the tests above; alone it has nothing to look back on."""
    if len(request.session.items) < 10:
        pytest.skip("the tests above were not run")
    wanted = {(name, "command") for name in SERVICES} | {
        (name, "check") for name in SERVICES.keys() - WITHOUT_CHECK
    }
    left = {one for one in wanted - stage.has_run if one[0] not in NEVER_RUN}
    assert left <= ({("proxy", "command"), ("proxy", "check")} if shutil.which("caddy") is None else set())
