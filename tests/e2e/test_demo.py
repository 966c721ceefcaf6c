"""The README's first command, run as a stranger would: real worker, real models, real server, then again."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.embedded import environment, processes_under
from tests.paths import REPOSITORY

pytestmark = pytest.mark.timeout(900)
MOST_SECONDS = 840


def demo(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--port", "8730", *arguments],
        cwd=REPOSITORY,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counts(home: Path) -> dict[str, int]:
    with sqlite3.connect(home / "gradus.sqlite3") as database:
        return {
            table: database.execute(f"SELECT COUNT(*) FROM annotate_{table}").fetchone()[0]
            for table in ("trace", "label", "completion", "run", "consensus", "release", "estimate")
        }


def stopped_in_the_middle(home: Path, *arguments: str) -> str:
    """What a demo says that has served a page and was told to stop by Ctrl+C once its first run is through."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", "8760", *arguments],
        cwd=REPOSITORY,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if found := re.search(r"Open (http://\S+)", line):
                address = found.group(1)
            if "Arithmetic verifier" in line:
                break
        with urllib.request.urlopen(address, timeout=20) as page:
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert processes_under(home) == []
    return rest


def test_demo_goes_from_file_to_dataset_stops_at_ctrl_c_resumes_and_begins_anew(tmp_path: Path) -> None:
    from datasets import load_dataset

    # Only one way is gone to its end, the longest: over what a start that was stopped has left.
    assert "go on from here" in stopped_in_the_middle(tmp_path)
    assert counts(tmp_path)["release"] == 0
    said = demo(tmp_path, "--no-serve", "--fresh")
    first = counts(tmp_path)
    assert first["trace"] == 60
    assert first["completion"] > 0
    assert first["release"] == 1
    assert min(first.values()) > 0
    passwords = re.findall(r"^\[.*s\]\s+(manager|ann|ben)\s+(\S+)", said, flags=re.M)
    assert [name for name, _ in passwords] == ["manager", "ann", "ben"]
    assert len({password for _, password in passwords}) == 3
    assert processes_under(tmp_path) == []

    (manifest,) = (tmp_path / "releases").rglob("manifest.json")
    assert json.loads(manifest.read_text())["files"]
    rows = load_dataset(str(manifest.parent), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) > 0
    assert all(len(row["completions"]) == len(row["labels"]) for row in rows)

    again = demo(tmp_path, "--no-serve")
    assert counts(tmp_path) == first, "a second start must do nothing twice"
    assert [password in again for _, password in passwords] == [True] * 3

    stopped_in_the_middle(tmp_path, "--fresh")
    fresh = counts(tmp_path)
    assert (fresh["trace"], fresh["consensus"], fresh["release"]) == (60, 0, 0)
