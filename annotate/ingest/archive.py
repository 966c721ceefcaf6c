"""Files inside a zip archive as texts, refused when they unfold out of proportion. Nothing is written to disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from annotate.errors import Rejected
from annotate.ingest.source import EXPANSION_FREE_BYTES, MAX_EXPANSION

MOST_MEMBERS = 200_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)


class Archive:
    """Raises Rejected for what is no archive that can be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise Rejected(f"this archive cannot be read: {error}") from None
        self._size = path.stat().st_size
        self._n_out = 0
        if len(self._zip.infolist()) > MOST_MEMBERS:
            raise Rejected(
                f"the archive holds {len(self._zip.infolist()):,} files; {MOST_MEMBERS:,} are allowed"
            )
        self.members = self._zip.infolist()
        self.names = [one.filename for one in self.members if not one.is_dir()]

    @contextmanager
    def stream(self, name: str) -> Iterator[io.BufferedReader]:
        """A member's bytes."""
        try:
            member = self._zip.getinfo(name)
            with self._zip.open(member) as stream:
                yield io.BufferedReader(_Guarded(stream, self, member.compress_size), 1 << 16)
        except _BROKEN as error:
            raise Rejected(f"{name} cannot be read: {error}") from None

    @contextmanager
    def text(self, name: str) -> Iterator[TextIO]:
        """A member as text; bytes that are no UTF-8 are left to the field checks."""
        with self.stream(name) as stream:
            yield io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")

    def is_link(self, member: zipfile.ZipInfo) -> bool:
        return stat.S_ISLNK(member.external_attr >> 16)

    def count(self, size: int) -> None:
        """Take note of unpacked bytes; many members that point to the same bytes are a bomb as well."""
        self._n_out += size
        if self._n_out > EXPANSION_FREE_BYTES and self._n_out > MAX_EXPANSION * self._size:
            raise Rejected(f"the archive expands more than {MAX_EXPANSION} times")

    def close(self) -> None:
        self._zip.close()


class _Guarded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], archive: Archive, packed: int) -> None:
        self._stream = stream
        self._archive = archive
        self._packed = packed
        self._n_out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        self._n_out += len(data)
        self._archive.count(len(data))
        if self._n_out > EXPANSION_FREE_BYTES and self._n_out > MAX_EXPANSION * self._packed:
            raise Rejected(f"the archive expands more than {MAX_EXPANSION} times")
        view[: len(data)] = data
        return len(data)
