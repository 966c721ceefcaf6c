"""A file that tells how far it has been read, wherever its reader is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path


class Counted(io.BufferedReader):
    """``show`` is called with the place behind every piece that is read; what it raises breaks the sending off."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.show: Callable[[int], None] | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if self.show is not None:
            self.show(self.tell())
        return found
