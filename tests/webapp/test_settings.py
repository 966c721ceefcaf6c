from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from webapp.bundles import BUNDLES

PRODUCTION = {
    "GRADUS_PROFILE": "production",
    "GRADUS_SECRET_KEY": "a-long-random-value-" * 4,
    "GRADUS_ALLOWED_HOSTS": "gradus.example",
    "DATABASE_URL": "postgres://gradus:secret@db.example/gradus",
}


def manage(tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    ours = ("GRADUS_", "DJANGO_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"GRADUS_HOME": str(tmp_path), "GRADUS_NO_BOOTSTRAP": "1"} | variables
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=REPOSITORY,
        env=kept,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_production_profile_passes_the_deployment_check(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_production_collects_the_bundles_under_names_of_their_content(tmp_path: Path) -> None:
    static = tmp_path / "static"
    done = manage(tmp_path, "collectstatic", "--noinput", GRADUS_STATIC_ROOT=str(static), **PRODUCTION)
    assert done.returncode == 0, done.stderr
    named = json.loads((static / "staticfiles.json").read_text())["paths"]
    for bundle in BUNDLES:
        assert named[bundle] != bundle
        assert "\nimport " not in (static / named[bundle]).read_text()
        assert (static / f"{named[bundle]}.gz").exists()


@pytest.mark.parametrize("missing", ["GRADUS_SECRET_KEY", "GRADUS_ALLOWED_HOSTS"])
def test_production_without_a_secret_or_hosts_says_which(tmp_path: Path, missing: str) -> None:
    done = manage(tmp_path, "check", **{name: v for name, v in PRODUCTION.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr
    assert "Traceback" not in done.stderr


def test_database_url_nobody_understands_is_named(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", DATABASE_URL="sqlserverish://x")
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_optional_secret_may_be_passed_on_empty(tmp_path: Path) -> None:
    """As a compose file does with a variable that nobody has set."""
    done = manage(tmp_path, "check", GRADUS_METRICS_TOKEN="", GRADUS_METRICS_TOKEN_FILE="", **PRODUCTION)
    assert done.returncode == 0, done.stderr
