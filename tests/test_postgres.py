"""The domain's rules and the kill tests once more, on PostgreSQL: the suite itself runs on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.paths import REPOSITORY

# Plans are looked at where a database is made anyway.
PARTS = ("tests/annotate tests/webapp/test_plans.py", "tests/workers/test_kill.py")


@pytest.mark.needs_postgres
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("part", PARTS)
def test_what_holds_on_sqlite_holds_on_postgresql(part: str, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--database") == "postgres":
        pytest.skip("this run is on PostgreSQL already")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *part.split(),
            "--of-database",
            "--database",
            "postgres",
            "-p",
            "no:cacheprovider",
        ],
        cwd=REPOSITORY,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
