"""A zip or tar archive of data files with their images, unpacked into a folder of its own for as long as it is read.

An archive is hostile: it would like to write elsewhere, to fill the disk, or to show a file of this machine through a
link. So every name is looked at before anything is written, only plain files are taken, into a folder that was empty,
and what comes out is counted. Nothing is held in memory but a few pages of one file.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from annotate.errors import Rejected
from annotate.ingest.archive import MOST_MEMBERS, Archive
from annotate.ingest.folders import ALL, chosen, is_data
from annotate.ingest.image_drafts import MOST_BYTES
from annotate.ingest.options import ReadOptions
from annotate.ingest.source import EXPANSION_FREE_BYTES, GZIP_MAGIC, MAX_EXPANSION, Inflating

LONGEST_NAME = 500
# Archives above this size are not unpacked for a look at their first rows.
MOST_LOOKED_AT = 64 * 1024 * 1024
# Of the disk, so that the database beside it goes on.
KEPT_FREE = 1024**3
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
# The header of a log of Inspect, which is an archive and one file at the same time.
_ONE_FILE = frozenset({"header.json", "_journal/start.json"})
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_AT_ONCE = 1 << 20
# Of a name or a list of attributes, which tarfile holds in memory.
_LONGEST_HEADER = 1 << 20
_BROKEN = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError, IndexError)


class TooLargeToLookAt(Rejected):
    """Only reading the archive will tell what it holds."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """``name`` is how it is called to people. ``pictures``: the folder in which the images lie that its rows name."""

    path: Path
    name: str
    pictures: Path | None = None

    def read_by(self, options: ReadOptions) -> ReadOptions:
        """A folder of images that somebody has named goes before the archive's."""
        if self.pictures is None or options.images_from is not None:
            return options
        return replace(options, images_from=self.pictures)


@contextmanager
def data_files(
    paths: Sequence[Path],
    *,
    room: Path | None = None,
    for_a_look: bool = False,
    still_here: Callable[[], None] = lambda: None,
) -> Iterator[list[DataFile]]:
    """The files to read: each as it is, or an archive's data files, which are gone afterwards.

    ``room``: the folder to unpack in. ``still_here`` is called now and then meanwhile; what it raises ends it.
    """
    with ExitStack() as stack:
        found: list[DataFile] = []
        for path in paths:
            kind = kind_of_archive(path)
            if not kind:
                found.append(DataFile(path, path.name))
                continue
            if for_a_look and path.stat().st_size > MOST_LOOKED_AT:
                raise TooLargeToLookAt(
                    "an archive of this size is unpacked when it is brought in, not for a look"
                )
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="gradus-", dir=room)))
            unpacking = _Unpacking(folder, path.stat().st_size, still_here)
            (unpacking.take_zip if kind == "zip" else unpacking.take_tar)(path)
            names = chosen(sorted(unpacking.names), ALL)
            found += [DataFile(folder / name, name, (folder / name).parent) for name in names]
        yield found


def kind_of_archive(path: Path) -> str:
    """``zip`` or ``tar`` for an archive of data files; empty for anything else, what cannot be opened among it."""
    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(512)
            if head.startswith(GZIP_MAGIC):
                file.seek(0)
                head = _unzipped(file).read(512)
    except (OSError, Rejected):
        # Whoever reads it says what is wrong.
        return ""
    if head.startswith(_ZIP_MAGIC):
        try:
            archive = Archive(path)
        except Rejected:
            return ""
        archive.close()
        return "" if _ONE_FILE & set(archive.names) else "zip"
    return "tar" if head[257:262] == b"ustar" else ""


class _Unpacking:
    def __init__(self, folder: Path, packed: int, still_here: Callable[[], None]) -> None:
        self.names: list[str] = []
        self._folder = folder
        self._packed = packed
        self._still_here = still_here
        self._n_out = 0

    def take_zip(self, path: Path) -> None:
        archive = Archive(path)
        try:
            for member in archive.members:
                name = _checked(member.filename)
                if member.is_dir():
                    continue
                if archive.is_link(member):
                    raise Rejected(f"the archive holds a link, {name}; nothing of it was read")
                if _is_wanted(name):
                    with archive.stream(member.filename) as stream:
                        self._write(name, stream)
        finally:
            archive.close()

    def take_tar(self, path: Path) -> None:
        try:
            with path.open("rb", buffering=0) as file:
                is_packed = file.read(2) == GZIP_MAGIC
                file.seek(0)
                stream = _unzipped(file) if is_packed else file
                with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as tar:
                    self._take_members(tar)
        except _BROKEN as error:
            raise Rejected(f"this archive cannot be read: {error}") from None

    def _take_members(self, tar: tarfile.TarFile) -> None:
        n = 0
        while (member := tar.next()) is not None:
            # tarfile keeps what it has passed.
            tar.members = []  # type: ignore[attr-defined]  # public and said so in its documentation
            n += 1
            if n > MOST_MEMBERS:
                raise Rejected(f"the archive holds more than {MOST_MEMBERS:,} files")
            name = _checked(member.name)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                what = f"a link or something else that is no file, {name}"
                raise Rejected(f"the archive holds {what}; nothing of it was read")
            if _is_wanted(name) and (stream := tar.extractfile(member)) is not None:
                self._write(name, stream)

    def _write(self, name: str, stream: IO[bytes]) -> None:
        """A data file to its end; of an image no more than tells that it is too large."""
        most = MOST_BYTES + 1 if name.lower().endswith(_PICTURES) else None
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
        except (FileExistsError, NotADirectoryError):
            raise Rejected(f"the archive holds {name} twice, or as a file and a folder") from None
        with file:
            while some := stream.read(_AT_ONCE if most is None else min(_AT_ONCE, most)):
                self._count(len(some))
                file.write(some)
                if most is not None and (most := most - len(some)) <= 0:
                    break
        self.names.append(name)
        self._still_here()

    def _count(self, size: int) -> None:
        self._n_out += size
        if self._n_out > EXPANSION_FREE_BYTES and self._n_out > MAX_EXPANSION * self._packed:
            raise Rejected(f"the archive expands more than {MAX_EXPANSION} times")
        if shutil.disk_usage(self._folder).free < KEPT_FREE:
            raise Rejected("the disk has no room for what this archive holds")


def _unzipped(file: io.FileIO) -> io.BufferedReader:
    # The file outlives the wrappers, which would close it when they are collected.
    return io.BufferedReader(Inflating(io.FileIO(file.fileno(), "rb", closefd=False)))


def _is_wanted(name: str) -> bool:
    return is_data(name) or name.lower().endswith(_PICTURES)


def _checked(name: str) -> str:
    """A member's name below the archive's root. Raises Rejected for a way out of it, and for what is no name."""
    shown = ascii(name[:60])
    if len(name) > LONGEST_NAME or not name.isprintable() or "\\" in name:
        raise Rejected(f"the archive holds a file by a name that is none, {shown}; nothing of it was read")
    parts = [part for part in name.removesuffix("/").split("/") if part != "."]
    if any(part in ("", "..") or len(part.encode()) > 255 for part in parts):
        raise Rejected(f"the archive holds a file outside itself, {shown}; nothing of it was read")
    return "/".join(parts)


class _Member(tarfile.TarInfo):
    """An entry whose own names and attributes fit into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        found = super().frombuf(buf, encoding, errors)
        is_file = found.type in tarfile.REGULAR_TYPES
        if found.size < 0 or (not is_file and found.size > _LONGEST_HEADER):
            raise Rejected("this archive cannot be read: it holds a header without end")
        return found
