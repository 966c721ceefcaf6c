"""Tests of this suite in a process of their own, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.paths import REPOSITORY


def passes_on_postgres(config: pytest.Config, *paths: str) -> None:
    if config.getoption("--database") == "postgres":
        pytest.skip("this run is on PostgreSQL already")
    how = ["-q", "--of-database", "--database", "postgres", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *paths, *how],
        cwd=REPOSITORY,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
