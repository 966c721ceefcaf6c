"""The tour shows what there is: every picture it names is in the repository, and every picture kept is shown."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.paths import REPOSITORY

IMAGES = REPOSITORY / "docs" / "images"
MOST_BYTES = 65_000


def shown() -> set[str]:
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    return {name for page in pages for name in re.findall(r"images/([\w-]+\.\w+)", page.read_text())}


def test_every_picture_shown_is_there_and_every_one_there_is_shown() -> None:
    assert shown() == {path.name for path in IMAGES.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", sorted(path.name for path in IMAGES.glob("*.webp")))
def test_a_picture_is_light(name: str) -> None:
    assert (IMAGES / name).stat().st_size <= MOST_BYTES


def test_the_pictures_that_are_only_looked_at_are_ignored() -> None:
    asked = ["git", "check-ignore", "-q", "docs/images/all/label.light-1440.png"]
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    assert subprocess.run(asked, cwd=REPOSITORY, check=False).returncode == 0
