"""A short round of what bench_faults does for minutes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults.bench_faults import MUST_BE_NONE
from tests.faults.installation import absence
from tests.paths import REPOSITORY


@pytest.mark.timeout(1500)
def test_nothing_that_was_acknowledged_is_lost_when_everything_is_killed_now_and_then() -> None:
    if absence():
        pytest.skip(absence())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    options = ("--minutes", "0.15", "--pause", "2", "--port", "54700", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.bench_faults", *options],
        cwd=REPOSITORY,
        env=kept | {"DJANGO_SETTINGS_MODULE": "webapp.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    counts = json.loads(done.stdout)
    assert {name: counts[name] for name in MUST_BE_NONE} == dict.fromkeys(MUST_BE_NONE, 0)
    assert counts["completions"]
    assert sum(n for name, n in counts.items() if name.startswith("kills of")) >= 1
