"""A file as text, plain or gzip, read once from front to back."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from annotate.errors import Rejected

# Text shrinks about 3 to 30 times; what expands a hundredfold past this size was made to fill a disk.
MAX_EXPANSION = 100
EXPANSION_FREE_BYTES = 64 * 1024 * 1024
HEAD = 16 * 1024
GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_MAGIC = 8


class Container(StrEnum):
    """What holds a file's records together. ``TEXT``: nothing that is known; CSV among it."""

    JSON = "json"
    PARQUET = "parquet"
    ARROW = "arrow"
    ZIP = "zip"
    TEXT = "text"


# An Arrow stream begins with a continuation mark and the length of its schema.
_MAGIC = {
    b"PAR1": Container.PARQUET,
    b"ARROW1": Container.ARROW,
    b"\xff\xff\xff\xff": Container.ARROW,
    b"PK\x03\x04": Container.ZIP,
    b"PK\x05\x06": Container.ZIP,
}


class Source:
    """An open input file: its ``size`` in bytes, its ``container``, its first characters (``head``) and its ``text``.

    Bytes that are no UTF-8 become lone surrogates, which the field checks refuse with the row and field they stand
    in; so one bad byte costs one row and not the file.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``. Raises Rejected when it cannot be read."""
        self.path = path
        try:
            self._raw = io.FileIO(path, "rb")
            self.size = os.fstat(self._raw.fileno()).st_size
            magic = self._raw.read(_LONGEST_MAGIC)
            self._is_gzip = magic.startswith(GZIP_MAGIC)
            self.head = self._rewound().read(HEAD)
            self.text = self._rewound()
            self.container = _container_of(magic, self.head)
        except OSError as error:
            raise Rejected(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
        except Rejected:
            # Broken already where the gzip data begins.
            self._raw.close()
            raise

    def rewind(self) -> None:
        """Let ``text`` begin again."""
        self.text = self._rewound()

    def _rewound(self) -> io.TextIOWrapper:
        self._raw.seek(0)
        # The raw file outlives the wrappers, which would close it when they are collected.
        unclosed = io.FileIO(self._raw.fileno(), "rb", closefd=False)
        stream = Inflating(unclosed) if self._is_gzip else unclosed
        return io.TextIOWrapper(
            io.BufferedReader(stream, 1 << 18), encoding="utf-8-sig", errors="surrogateescape", newline=""
        )

    @property
    def n_read(self) -> int:
        """Bytes of the file consumed so far (compressed bytes, when it is compressed)."""
        return self._raw.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.text.close()
        self._raw.close()


def _container_of(magic: bytes, head: str) -> Container:
    for beginning, container in _MAGIC.items():
        if magic.startswith(beginning):
            return container
    return Container.JSON if head.lstrip().startswith(("{", "[")) else Container.TEXT


class Inflating(io.RawIOBase):
    """The unpacked bytes of a gzip file, refused when they grow out of proportion."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(raw, 1 << 16), mode="rb")
        self._n_out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self._gzip.read1(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Rejected(f"the gzip data is broken: {error}") from None
        self._n_out += len(data)
        if self._n_out > EXPANSION_FREE_BYTES and self._n_out > MAX_EXPANSION * self._raw.tell():
            raise Rejected(f"the gzip data expands more than {MAX_EXPANSION} times")
        view[: len(data)] = data
        return len(data)
