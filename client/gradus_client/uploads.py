"""Bringing a file in, in pieces, and what came of its rows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import GradusError, Refused

if TYPE_CHECKING:
    from .connection import Gradus

PIECE = 8 * 1024 * 1024
_OVER = ("done", "tried", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Rows by what became of them; ``errors`` are the first hundred of those that were not taken."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    labels: int
    is_written: bool
    errors: tuple[BadRow, ...]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Report:
        errors = tuple(BadRow(one["line"], one["field"], one["reason"]) for one in said["errors"])
        counts = {name: said[name] for name in ("created", "updated", "unchanged", "rejected", "labels")}
        return cls(**counts, is_written=said["is_written"], errors=errors)


def send(server: Gradus, slug: str, path: Path, show: Callable[[int, int], None] | None) -> int:
    """Upload ``path``; the upload's id. Broken off earlier, it goes on where it was, if the file is still the same."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    wanted = {"name": path.name, "size": size, "sha256": digest}
    upload = server.post(f"projects/{slug}/uploads/", wanted, is_safe_twice=True)
    received: int = upload["received"]
    with path.open("rb") as file:
        while received < size:
            file.seek(received)
            received = _piece(server, upload["id"], received, file.read(PIECE))
            if show:
                show(received, size)
    found: int = upload["id"]
    return found


def _piece(server: Gradus, upload: int, offset: int, content: bytes) -> int:
    try:
        answer = server.post(
            f"uploads/{upload}/content/?offset={offset}",
            is_safe_twice=True,
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )
    except Refused as refused:
        if refused.status != 409:
            raise
        # An answer was lost on the way: the server knows where the file goes on.
        answer = server.get(f"uploads/{upload}/")
    received: int = answer["received"]
    return received


def read(
    server: Gradus, upload: int, wanted: Mapping[str, Any], *, every: float, timeout: float | None
) -> Report:
    """Have a worker read the rows, and wait. Raises GradusError where it failed, was stopped or took too long."""
    server.post(f"uploads/{upload}/ingest/", dict(wanted))
    begun = time.monotonic()
    while (found := server.get(f"uploads/{upload}/"))["state"] not in _OVER:
        if timeout is not None and time.monotonic() - begun > timeout:
            raise GradusError(
                f"upload {upload} is {found['state']} after {timeout:g} s; is a worker running?"
            )
        time.sleep(every)
    if found["report"] is None:
        raise GradusError(found["error"] or f"upload {upload} was stopped")
    return Report.of(found["report"])
