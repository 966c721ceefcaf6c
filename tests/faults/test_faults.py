"""A short round of what bench_faults does for minutes: what must not happen does not, under every trial."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.faults.bench_faults import TRIALS
from tests.faults.installation import absence
from tests.faults.scene import MUST_BE_NONE
from tests.paths import REPOSITORY

pytestmark = pytest.mark.timeout(1500)

# These take minutes where the machine is slow: by `GRADUS_FAULTS=all`, or by bench_faults itself.
LONG = ("away", "clocks", "machines")
ROUND = [
    name
    for name in TRIALS
    if name != "kills" and (name not in LONG or os.environ.get("GRADUS_FAULTS") == "all")
]

# What shows that a trial has done what it is for.
SHOWS = {
    "kills": ("completions", "kills of"),
    "away": ("labels meanwhile", "units done"),
    "clocks": ("labels acknowledged", "units done"),
    "doubled": ("messages doubled", "traces from files", "consensus runs", "units done"),
    "sweepers": ("units claimed at once", "units done"),
    "deploy": ("migrations there and back", "labels acknowledged"),
    "disk": ("times people were told", "labels acknowledged", "units done"),
    "machines": ("samples before the cut", "units done"),
}


@pytest.fixture(scope="module")
def round_of_trials() -> dict[str, Any]:
    """All but the kills in one installation, of a few seconds each."""
    return trials(*ROUND, "--minutes", "0.07", "--port", "54800")


def trials(*words: str) -> dict[str, Any]:
    if absence():
        pytest.skip(absence())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADUS_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.bench_faults", *words, "--json"],
        cwd=REPOSITORY,
        env=kept | {"DJANGO_SETTINGS_MODULE": "webapp.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    return {**json.loads(done.stdout.splitlines()[-1]), "said": done.stderr}


def assert_holds(name: str, result: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = result["counts"][name]
    wrong = {what: counts[what] for what in MUST_BE_NONE if counts.get(what)}
    assert not wrong, f"{counts}\n{result['said'][-6000:]}"
    for what in SHOWS[name]:
        assert any(n for one, n in counts.items() if one.startswith(what)), (what, counts)
    return counts


def test_nothing_that_was_acknowledged_is_lost_when_everything_is_killed_now_and_then() -> None:
    result = trials("kills", "--minutes", "0.15", "--pause", "2", "--port", "54700")
    assert_holds("kills", result)


@pytest.mark.parametrize("name", ROUND)
def test_nothing_is_lost_taken_or_paid_twice(name: str, round_of_trials: dict[str, Any]) -> None:
    if reason := round_of_trials["left out"].get(name):
        pytest.skip(reason)
    counts = assert_holds(name, round_of_trials)
    if name == "machines":
        assert counts["machines at work together"] == counts["machines named on the page"] == 2
    if name == "clocks":
        assert counts["workers that took part"] >= 2
