"""The files that a page of the handbook shows, and its commands, so that tests can run what people will."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.paths import REPOSITORY

_FILE = re.compile(r"^`([\w.-]+)`\n\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SHELL = re.compile(r"^ *```bash\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def text_of(page: str) -> str:
    return (REPOSITORY / "docs" / page).read_text(encoding="utf-8")


def write_files(page: str, folder: Path) -> None:
    """Every fenced block that stands below a file's name, as that file."""
    for name, body in _FILE.findall(text_of(page)):
        (folder / name).write_text(body, encoding="utf-8")


def commands(page: str) -> list[list[str]]:
    """The lines of the page's shell blocks, each as words, as a shell would read them."""
    blocks = "\n".join(_SHELL.findall(text_of(page))).replace("\\\n", " ")
    return [words for line in blocks.splitlines() if (words := shlex.split(line, comments=True))]


def of_manage(page: str) -> list[list[str]]:
    """What follows ``python3 manage.py``, command by command."""
    return [words[2:] for words in commands(page) if words[:2] == ["python3", "manage.py"]]
