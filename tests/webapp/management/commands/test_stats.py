from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.paths import REPOSITORY


def stats(folder: Path, *arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "GRADUS_HOME": str(folder / "home"),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    command = [sys.executable, "manage.py", "stats", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, input=text, capture_output=True, text=True, check=False
    )


def test_a_fresh_machine_needs_no_database(tmp_path: Path) -> None:
    columns = ["--item", "i", "--rater", "r", "--label", "l"]
    done = stats(tmp_path, "agreement", "-", *columns, "--json", text="i,r,l\n1,a,x\n1,b,x\n2,a,y\n2,b,y\n")
    assert done.stdout.startswith('{"alpha": 1.0,')
    assert done.returncode == 0
    assert not list((tmp_path / "home").glob("*.sqlite3"))
    refused = stats(tmp_path, "agreement", "-", *columns, text="i,r\n1,a\n")
    assert refused.returncode != 0
    assert refused.stderr.splitlines() == ["CommandError: standard input has no column l; it has i, r"]


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("stats", "astrology")
