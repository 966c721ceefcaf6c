"""The list of what is held against known vulnerabilities, and what is said where that cannot be done."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest
import yaml

from tests.paths import REPOSITORY


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_audit", REPOSITORY / ".ci/audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_everything_that_an_image_installs_is_audited(audit: ModuleType) -> None:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"].values()
    extras = {
        one["build"]["args"]["EXTRA"] for one in services if "EXTRA" in one.get("build", {}).get("args", {})
    }
    installed = {
        name.replace("${EXTRA}", extra)
        for extra in {"base", *extras}
        for name in re.findall(r"--requirement (requirements/[\w${}.]+)", dockerfile)
    }
    asked = " ".join(option for options in audit.ASKED for option in options)
    assert "requirements/otel.lock" in installed
    assert [name for name in sorted(installed) if f"{REPOSITORY / name}" not in asked] == []


def test_what_the_index_does_not_know_is_said_and_what_is_vulnerable_fails(audit: ModuleType) -> None:
    hole = {"id": "PYSEC-1", "fix_versions": []}
    vulnerable, unchecked, checked = audit.report(
        [
            [
                {"name": "django", "version": "6.0", "vulns": [hole]},
                {"name": "celery", "version": "5.6", "vulns": []},
                {"name": "kombu", "skip_reason": "Dependency not found on PyPI"},
            ],
            "ConnectionError: no way there",
        ]
    )
    assert vulnerable == ["VULNERABLE: django 6.0: PYSEC-1"]
    assert checked == 2
    assert ["1 of 3 packages" in unchecked[1], "kombu" in unchecked[1]] == [True, True]
    assert "no way there" in unchecked[0]
