"""Images that lie in a folder which whoever brings a file in has named: below it, and nowhere else.

A row is hostile: it names a file and would like any of the machine's. So every part of the path is opened by itself,
from the folder down, and none may be a link; there is no moment between looking and opening.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from annotate.errors import Rejected

LONGEST_PATH = 500
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def is_local(given: str) -> bool:
    """Whether an address names a file rather than a place elsewhere."""
    return _SCHEME.match(given) is None and not given.startswith("//")


def local_bytes(folder: Path, name: str, most: int) -> bytes:
    """The file ``name`` below ``folder``. Raises Rejected, without a field."""
    parts = name.split("/")
    if len(name) > LONGEST_PATH or "\x00" in name or "\\" in name:
        raise Rejected("is no path of an image")
    if any(part in ("", ".", "..") for part in parts):
        raise Rejected("must lie below the folder of images: no way up, and no root")
    try:
        return _read(folder, parts, most)
    except OSError:
        # A link is refused with an error of its own, which would tell what is a link and what is not there.
        raise Rejected("is no file below the folder of images") from None


def _read(folder: Path, parts: list[str], most: int) -> bytes:
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        file = os.open(parts[-1], _FLAGS, dir_fd=here)
    finally:
        os.close(here)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Rejected("is no file below the folder of images")
        data = stream.read(most + 1)
    if len(data) > most:
        raise Rejected(f"is larger than {most // 1024 // 1024} MiB")
    return data
