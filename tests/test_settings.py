"""What is said to the tests in the environment reaches them, and what is said to the product does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.paths import REPOSITORY

READ = re.compile(r'\.environ(?:\.get\(|\[)"(GRADUS_[A-Z_]+)"\)?')
# Set by the run itself.
OWN = {"GRADUS_HOME"}


def names_that_tests_read() -> set[str]:
    named = [path for path in (REPOSITORY / "tests").rglob("*.py") if "benchmarks" not in path.parts]
    return {name for path in named for name in READ.findall(path.read_text(encoding="utf-8"))} - OWN


def left_of(names: set[str]) -> set[str]:
    """Those of ``names`` that a process still has in its environment once it has the tests' settings."""
    done = subprocess.run(
        [sys.executable, "-c", "import os, tests.settings; print(*os.environ)"],
        cwd=REPOSITORY,
        env={**os.environ, **dict.fromkeys(names, "1"), "GRADUS_TEST_DATABASE": "sqlite"},
        capture_output=True,
        text=True,
        check=True,
    )
    return names & set(done.stdout.split())


def test_every_name_that_a_test_reads_reaches_it_and_a_developers_settings_do_not() -> None:
    read = names_that_tests_read()
    assert {"GRADUS_FUZZ", "GRADUS_FAULTS", "GRADUS_REQUIRE_SERVICES", "GRADUS_DATA_DIR"} <= read
    assert left_of(read | {"GRADUS_BROKER", "OTEL_SERVICE_NAME"}) == read
