"""What a data set on the Hub holds, against what a release holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.export.croissant import NAME as CROISSANT
from annotate.export.package import CARD, MANIFEST, files_in

# Written last, so that no card names what is not there yet.
_LAST = (CROISSANT, MANIFEST, CARD)
# A commit of the Hub should have no more files, and carries small ones in its own body.
MOST_FILES = 50
MOST_BYTES = 20 * 1024 * 1024
SMALL = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalFile:
    name: str
    path: Path
    size: int
    sha256: str

    def is_at(self, remote: Any) -> bool:
        """Whether the Hub lists the same bytes: large files by their SHA-256, small ones as git names them."""
        if remote is None or remote.size != self.size:
            return False
        if remote.lfs is not None:
            return bool(remote.lfs.sha256 == self.sha256)
        content = self.path.read_bytes()
        named = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        return bool(remote.blob_id == named)


def files_of(folder: Path) -> list[LocalFile]:
    """In the order in which they are sent."""
    found = [
        LocalFile(one["path"], folder / one["path"], one["bytes"], one["sha256"]) for one in files_in(folder)
    ]
    return sorted(found, key=lambda one: (_LAST.index(one.name) if one.name in _LAST else -1, one.name))


def in_commits(files: Iterable[LocalFile]) -> list[list[LocalFile]]:
    """The files by commit; there is always one."""
    commits: list[list[LocalFile]] = [[]]
    carried = 0
    for one in files:
        weight = one.size if one.size < SMALL else 0
        if len(commits[-1]) == MOST_FILES or (commits[-1] and carried + weight > MOST_BYTES):
            commits.append([])
            carried = 0
        commits[-1].append(one)
        carried += weight
    return commits
