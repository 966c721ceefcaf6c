"""Every command of docker-compose.yml, run as it stands there, since no container engine is at hand to run the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.installation import Installation, absence, an_installation
from tests.paths import REPOSITORY
from webapp.management.supervisor import free_port

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker-cpu", "worker-gpu", "beat")


def test_every_service_is_pinned_confined_and_looked_after() -> None:
    assert set(SERVICES) == {"proxy", *OURS, "postgres", "redis", "vllm"}
    for name, service in SERVICES.items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), f"{name} is not pinned: {service['image']}"
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service.get("healthcheck") or name == "migrate", name
        # vLLM's image writes caches where it likes, and is the one that runs as root.
        if name != "vllm":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["proxy"]
    assert "USER gradus" in (REPOSITORY / "Dockerfile").read_text()
    for name in ("vllm", "worker-gpu"):
        (device,) = SERVICES[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device["capabilities"] == ["gpu"]
        assert SERVICES[name]["profiles"] == ["gpu"]


def test_what_a_service_waits_for_and_keeps_is_there() -> None:
    for name, service in SERVICES.items():
        for other in service.get("depends_on", {}):
            assert other in SERVICES, name
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"], f"{name}: {volume}"


def in_environment(words: Any) -> list[str]:
    """The words of a command, found where this environment has its programs."""
    here = Path(sys.executable).parent
    first, *rest = words
    return [str(here / first) if (here / first).exists() else first, *rest]


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    if absence():
        pytest.skip(absence())
    # Not pytest's own folder, which other users, PostgreSQL's among them, may not enter.
    with tempfile.TemporaryDirectory() as home, an_installation(Path(home), 54500) as site:
        yield site


def wait_for(condition: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args} ended or was not ready:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


@pytest.mark.timeout(900)
def test_every_command_runs_and_every_check_passes(site: Installation) -> None:
    port = str(free_port("127.0.0.1", 54600))
    production = {
        "GRADUS_PROFILE": "production",
        "GRADUS_ALLOWED_HOSTS": "gradus.example",
        "GRADUS_SECRET_KEY": "only-for-this-test-" * 4,
        "GRADUS_STATIC_ROOT": str(site.home / "static"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment = site.environment | production

    def run(words: Any) -> subprocess.CompletedProcess[str]:
        placed = [word.replace("8000", port) for word in words]
        return subprocess.run(
            in_environment(placed),
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def check_of(name: str) -> list[str]:
        kind, *words = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return list(words)

    migrated = run(SERVICES["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    assert run(check_of("worker-cpu")).returncode != 0

    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name in OURS[1:]:
            words = [word.replace("8000", port) for word in SERVICES[name]["command"]]
            log = site.home / f"{name}.compose.log"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    in_environment(words), cwd=REPOSITORY, env=environment, stdout=file, stderr=file
                )
            processes.append(process)
            if name == "beat":
                wait_for(lambda log=log: "Sending due task" in log.read_text(), process, log)
            else:
                health = check_of(name)
                wait_for(lambda health=health: run(health).returncode == 0, process, log)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=120)
