"""A file system of a few megabytes in memory, to be filled and emptied at will."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmallDisk:
    path: Path

    def fill(self) -> None:
        """Until there is no room for a byte more."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"


def absence() -> str:
    """Why there can be none here; empty when there can."""
    if os.geteuid() != 0:
        return "a small file system can be mounted by root alone"
    with tempfile.TemporaryDirectory() as folder:
        done = _mount(Path(folder), 1)
        if done.returncode:
            return f"no file system can be mounted: {done.stderr.strip()}"
        _unmount(Path(folder))
    return ""


@contextmanager
def a_small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    path.mkdir(parents=True, exist_ok=True)
    done = _mount(path, megabytes)
    assert not done.returncode, done.stderr
    try:
        yield SmallDisk(path)
    finally:
        _unmount(path)


def _mount(path: Path, megabytes: int) -> subprocess.CompletedProcess[str]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _unmount(path: Path) -> None:
    # Lazily: somebody who was killed a moment ago may not be gone yet.
    subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=False)
