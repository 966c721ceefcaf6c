"""Terminals in the folder of a fresh clone, in which a page's commands run as they do for whoever reads the page.

Importing the product takes longer than most commands do, so each is a fork of one process that has imported it
(``fork_server``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs import fork_server
from tests.paths import REPOSITORY

CLONED = ("annotate", "docs", "fixtures", "locale", "manage.py", "static", "templates", "webapp", "workers")
PYTHONS = ("python3", ".venv/bin/python")


def a_clone(folder: Path) -> Path:
    """What commands need of the repository, in a folder where they may leave files of their own."""
    folder.mkdir()
    for name in CLONED:
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


def left_in(clone: Path) -> set[str]:
    """What commands have left there."""
    return {path.name for path in clone.iterdir()} - set(CLONED)


@dataclass(frozen=True)
class Running:
    """A command that has not ended."""

    number: int
    out: Path

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def line_with(self, part: str, *, seconds: float = 90) -> str:
        """The line it says that holds ``part``, once it has."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for line in self.said().splitlines():
                if part in line:
                    return line
            time.sleep(0.1)
        raise AssertionError(f"nothing about {part!r}: {self.said()}")


@dataclass
class Terminal:
    """``run`` waits for a command's end; ``start`` does not, as if another terminal were opened for the next one."""

    clone: Path
    server: subprocess.Popen[str]
    n_started: int = 0

    def run(self, words: Sequence[str]) -> str:
        """What the command says; it must succeed."""
        running = self.start(words)
        code, said = self._ask(wait=running.number), running.said()
        assert code == 0, f"{' '.join(words)} ended with {code}: {said}"
        return said

    def start(self, words: Sequence[str]) -> Running:
        assert words[0] in PYTHONS
        self.n_started += 1
        out = self.clone.parent / f"said-{self.n_started}"
        out.touch()
        return Running(self._ask(start=list(words[1:]), out=str(out)), out)

    def interrupt(self, running: Running) -> int:
        """Ctrl-C; the exit code."""
        os.kill(running.number, signal.SIGINT)
        return self._ask(wait=running.number)

    def _ask(self, **what: Any) -> int:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(what) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())


@contextmanager
def a_terminal(clone: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """What still runs in it at the end is interrupted."""
    with subprocess.Popen(
        [sys.executable, fork_server.__file__],
        cwd=clone,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield Terminal(clone, server)
