"""The handbook as a site: every page has its place, it builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import REPOSITORY

MKDOCS = shutil.which("mkdocs") or shutil.which(str(REPOSITORY / ".venv/bin/mkdocs"))


def pages_in(entries: list[Any]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        (value,) = entry.values()
        found += pages_in(value) if isinstance(value, list) else [value]
    return found


def navigation() -> list[Any]:
    # The rest of the file is for mkdocs; the navigation is plain.
    entries: list[Any] = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())["nav"]
    return entries


def test_every_page_has_one_place_in_the_navigation() -> None:
    named = pages_in(navigation())
    there = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    assert len(named) == len(set(named))
    assert set(named) == there


def test_the_navigation_has_four_parts() -> None:
    assert [next(iter(entry)) for entry in navigation()][1:] == [
        "Tutorial",
        "How-to",
        "Reference",
        "Explanation",
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if MKDOCS is None:
        pytest.skip("mkdocs is not installed: pip install --require-hashes -r requirements/docs.lock")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [MKDOCS, "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_builds_without_a_warning_and_every_page_is_there(site: Path) -> None:
    assert all((site / page.replace(".md", ".html")).is_file() for page in pages_in(navigation()))


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?((?:https?:)?//[^"' >]+)""")
    linked = re.compile(r"""<link[^>]*\shref=["']?((?:https?:)?//[^"' >]+)""")
    imported = re.compile(r"""(?:@import|url\()\s*["']?((?:https?:)?//[^"') ]+)""")
    foreign = {
        (path.name, address)
        for path in site.rglob("*")
        if path.suffix in (".html", ".css")
        for pattern in (loaded, linked, imported)
        for address in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert not foreign
