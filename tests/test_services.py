"""The suite's own conduct towards absent services, run as a suite inside the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.paths import REPOSITORY

SUITE = """
import pytest

@pytest.mark.needs_redis
def test_marked(): ...

def test_by_fixture(redis_url): ...

@pytest.mark.needs_vllm
def test_vllm(): ...
"""


def run_suite(tmp_path: Path, *options: str) -> str:
    """Run SUITE where no Redis answers and no vLLM is named; its output."""
    test_file = tmp_path / "test_inner.py"
    test_file.write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "pyproject.toml", *options]
    environment = {**os.environ, "GRADUS_TEST_REDIS_URL": "redis://127.0.0.1:1/0", "GRADUS_TEST_VLLM": ""}
    environment.pop("GRADUS_REQUIRE_SERVICES", None)
    result = subprocess.run(
        [*command, f"--rootdir={tmp_path}", str(test_file)],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_absent_service_skips_and_is_named_in_the_summary(tmp_path: Path) -> None:
    output = run_suite(tmp_path, "-k", "not vllm")
    assert "2 skipped" in output
    assert "Redis not available: redis://127.0.0.1:1/0" in output
    assert "2 test(s) skipped" in output


def test_absent_service_fails_where_services_are_required_except_vllm(tmp_path: Path) -> None:
    output = run_suite(tmp_path, "--require-services")
    assert "1 skipped, 2 errors" in output
    assert "Redis not available: redis://127.0.0.1:1/0" in output
