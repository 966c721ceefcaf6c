"""A backup: one tar file with the database (as an SQLite file, whatever it was), the site's files, and a list of both.

The list stands at the end with a checksum of everything before it, so that an archive that broke off is known by its
lack. Files are read after the database: what its rows name is there, and grows only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from annotate.errors import Rejected

LIST = "contents.json"
DATABASE = "database.sqlite3"
KEY = "secret_key"
FORMAT = 1
_AT_ONCE = 1 << 20


def folders() -> dict[str, Path]:
    """What is kept besides the database. Bundles, static files and logs are made again."""
    return {
        "uploads": Path(settings.UPLOADS_DIR),
        "releases": Path(settings.RELEASES_DIR),
        "benchmarks": Path(settings.BENCHMARKS_DIR),
    }


class _Measured(io.RawIOBase):
    """A stream that counts what is read from it, and ends where it was said to, though the file may have grown."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left, self.digest = file, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        some = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(some)
        self.digest.update(some)
        return some


def write_archive(
    path: Path, database: Path, counts: dict[str, int], facts: dict[str, Any]
) -> dict[str, Any]:
    """Write all of it beside ``path`` and put it there when it is whole; the list of contents.

    Only its owner may read it: it holds everything, passwords' digests and the site's secret among it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            contents = _written(file, database, counts, facts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return contents


def _written(
    file: IO[bytes], database: Path, counts: dict[str, int], facts: dict[str, Any]
) -> dict[str, Any]:
    digests: dict[str, str] = {}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, source in [(DATABASE, database), *_files()]:
            # A file that was thrown away since it was listed is no longer part of the site.
            with suppress(FileNotFoundError), source.open("rb") as content:
                info = tar.gettarinfo(arcname=name, fileobj=content)
                measured = _Measured(content, info.size)
                tar.addfile(info, measured)
                digests[name] = measured.digest.hexdigest()
        contents = {"format": FORMAT, **facts, "rows": counts, "files": digests}
        text = json.dumps(contents, indent=1).encode()
        info = tarfile.TarInfo(LIST)
        info.size, info.mode = len(text), 0o600
        tar.addfile(info, io.BytesIO(text))
    return contents


def _files() -> Iterator[tuple[str, Path]]:
    for name, folder in folders().items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"{name}/{path.relative_to(folder).as_posix()}", path
    key = Path(settings.HOME) / KEY
    if key.is_file():
        yield KEY, key


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that was found whole: every file in it has the checksum its list gives."""

    path: Path
    contents: dict[str, Any]

    @classmethod
    def opened(cls, path: Path) -> Archive:
        """Raises Rejected for what is no backup, a part of one, or one whose bytes are not what they were."""
        try:
            with tarfile.open(path, "r:") as tar:
                contents = _list_in(tar)
                found = {member.name: _digest(tar, member) for member in tar if member.name != LIST}
        except OSError as error:
            raise Rejected(f"cannot be read: {error.strerror or error}", field="file") from None
        except tarfile.TarError as error:
            raise Rejected(f"is no backup, or only a part of one: {error}", field="file") from None
        if contents.get("format") != FORMAT:
            raise Rejected(
                f"has the format {contents.get('format')}; this version reads {FORMAT}", field="file"
            )
        wanted = contents["files"]
        if wrong := sorted(
            name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
        ):
            raise Rejected(f"is damaged: {wrong[0]} is not what was written", field="file")
        return cls(path, contents)

    def unpack_database(self, folder: Path) -> Path:
        with tarfile.open(self.path, "r:") as tar:
            tar.extract(DATABASE, folder, filter="data")
        return folder / DATABASE

    @contextmanager
    def unpacked_files(self) -> Iterator[int]:
        """Put files back where this site keeps them, and take them away again where what follows fails; how many.

        Raises Rejected before any where some are there.
        """
        places = folders()
        for name, folder in places.items():
            if folder.is_dir() and any(folder.iterdir()):
                raise Rejected(f"{folder} holds something already; move it away first", field=name)
        try:
            yield self._unpack(places)
        except BaseException:
            for folder in places.values():
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _unpack(self, places: dict[str, Path]) -> int:
        n = 0
        with tarfile.open(self.path, "r:") as tar:
            for member in tar:
                kind, _, rest = member.name.partition("/")
                if kind in places and rest:
                    n += 1
                    places[kind].mkdir(mode=0o700, parents=True, exist_ok=True)
                    tar.extract(member.replace(name=rest), places[kind], filter="data")
        return n

    def key(self) -> str:
        """The secret of the site it was made of; empty where that kept it elsewhere."""
        with tarfile.open(self.path, "r:") as tar:
            file = tar.extractfile(KEY) if KEY in self.contents["files"] else None
            return file.read().decode().strip() if file is not None else ""


def _list_in(tar: tarfile.TarFile) -> dict[str, Any]:
    try:
        file = tar.extractfile(LIST)
    except KeyError:
        raise tarfile.TarError("its list of contents is missing") from None
    assert file is not None
    contents: dict[str, Any] = json.load(file)
    return contents


def _digest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member)
    digest = hashlib.sha256()
    while file is not None and (some := file.read(_AT_ONCE)):
        digest.update(some)
    return digest.hexdigest()
