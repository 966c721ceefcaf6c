"""Files inside a zip archive as texts, refused when they unfold out of proportion. Nothing is written to disk.

Inspect packs its logs with Zstandard, which Python's own zip reader knows from 3.14 on: pyarrow unpacks it before.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, TextIO

from annotate.errors import Rejected
from annotate.ingest.source import EXPANSION_FREE_BYTES, MAX_EXPANSION

MOST_MEMBERS = 200_000
ZSTANDARD = 93
# Of a member's local header, before its name; the last four bytes are the lengths of the name and what follows it.
_LOCAL_HEADER = 30
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)


class Archive:
    """Raises Rejected for what is no archive that can be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
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
            with self._opened(member) as stream:
                yield io.BufferedReader(_Guarded(stream, self, member.compress_size), 1 << 16)
        except _BROKEN as error:
            raise Rejected(f"{name} cannot be read: {error}") from None

    def _opened(self, member: zipfile.ZipInfo) -> IO[bytes]:
        if member.compress_type != ZSTANDARD or hasattr(zipfile, "ZIP_ZSTANDARD"):
            return self._zip.open(member)
        return _unpacked(self._path, member)

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


def _unpacked(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    """A member packed with Zstandard, which may be many frames behind each other."""
    try:
        pyarrow = import_module("pyarrow")
    except ImportError:
        raise Rejected(
            "it is packed with Zstandard, which needs pyarrow. Run: python3 manage.py setup export"
        ) from None
    if member.flag_bits & 1:
        raise Rejected("it is encrypted")
    with path.open("rb") as file:
        file.seek(member.header_offset)
        head = file.read(_LOCAL_HEADER)
    lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = io.BufferedReader(
        _Slice(path, member.header_offset + _LOCAL_HEADER + lengths, member.compress_size)
    )
    stream: IO[bytes] = pyarrow.CompressedInputStream(pyarrow.PythonFile(packed, mode="r"), "zstd")
    return stream


class _Slice(io.RawIOBase):
    """Some bytes of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._file.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


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
