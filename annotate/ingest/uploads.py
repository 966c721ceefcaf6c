"""Files that come over the network: their bytes in pieces, then their rows by a worker. The only writer of uploads.

The bytes wait in a folder that web processes and workers share. How far a worker is, and that it should stop, are
files beside them: a dry run is one transaction, from which nothing of it could be seen in the database.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from threading import get_ident
from typing import IO, Any
from uuid import uuid4

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.enums import UploadState
from annotate.errors import Conflict, GradusError, Rejected
from annotate.ingest.actions import ingest_file
from annotate.ingest.fields import MAX_NAME, clean_text, one_line
from annotate.ingest.readers import AUTO, reader_named
from annotate.ingest.remote_images import Fetcher
from annotate.ingest.said_options import options_from
from annotate.models import Person, Project, Upload

# Of the disk, so that the database beside it goes on.
KEPT_FREE = 1024**3
# Uploads that nobody finished or asked anything of for so long are thrown away.
FORGOTTEN = timedelta(days=7)
# Whoever has not been heard of for so long is taken to be dead.
LEASE = timedelta(minutes=1)
_SHOW_EVERY = 0.5
_COPIED_AT_ONCE = 1 << 20


class _Stopped(Exception):
    """Somebody asked for it; what has been written stays."""


class _Lost(Exception):
    """Another has taken it up meanwhile."""


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of all uploads."""

    root: Path
    most_bytes: int

    def content(self, upload: Upload) -> Path:
        return self._folder(upload) / "content"

    def make(self, upload: Upload) -> None:
        self._folder(upload).mkdir(mode=0o700, parents=True)
        self.content(upload).touch(mode=0o600)

    def remove(self, upload: Upload) -> None:
        shutil.rmtree(self._folder(upload), ignore_errors=True)

    def has_room_for(self, n: int) -> bool:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self.root).free - n > KEPT_FREE

    def show(self, upload: Upload, n_read: int) -> None:
        """Say how far the reading is, with the time by the clock of all machines.

        Nobody stops reading because that cannot be said: a disk that is full for the moment may hold up nothing else.
        """
        # Whoever reads and whoever signs for it may say so at once.
        waiting = self._folder(upload) / f"progress.{get_ident()}"
        with suppress(OSError):
            waiting.write_text(f"{n_read} {clock.now().timestamp()}")
            waiting.replace(self._folder(upload) / "progress")

    def shown(self, upload: Upload) -> tuple[int, float] | None:
        """Bytes read, and how many seconds ago that was said; None before a worker has begun."""
        try:
            n_read, at = (self._folder(upload) / "progress").read_text().split()
            return int(n_read), max(0.0, clock.now().timestamp() - float(at))
        except (OSError, ValueError):
            return None

    def clear(self, upload: Upload) -> None:
        for name in ("progress", "stop"):
            (self._folder(upload) / name).unlink(missing_ok=True)

    def ask_stop(self, upload: Upload) -> None:
        with suppress(OSError):
            (self._folder(upload) / "stop").touch()

    def is_asked_to_stop(self, upload: Upload) -> bool:
        return (self._folder(upload) / "stop").exists()

    def _folder(self, upload: Upload) -> Path:
        return self.root / upload.key


def begin_upload(
    project: Project, person: Person | None, store: Store, *, name: str, size: int, sha256: str = ""
) -> Upload:
    """Make room for a file. Raises Rejected for a name or size that cannot be taken.

    ``sha256``: of the whole file, in hexadecimal. Where it comes in more than one piece, that alone tells whether all
    of them are of one file.
    """
    name = one_line(clean_text(name.strip()[-MAX_NAME:], "name"), "name")
    if not name:
        raise Rejected(gettext("is missing"), field="name")
    if size < 1:
        raise Rejected(gettext("The file is empty."), field="size")
    if size > store.most_bytes:
        most = f"{store.most_bytes / 1024**3:g}"
        reason = gettext("The file is larger than %(most)s GiB, which is the most this server takes.")
        raise Rejected(reason % {"most": most}, field="size")
    if not store.has_room_for(size):
        raise Rejected(gettext("The server's disk has no room for this file."), field="size")
    upload = Upload(project=project, person=person, key=uuid4().hex, name=name, size=size, sha256=sha256)
    try:
        store.make(upload)
        upload.save()
    except Exception:
        store.remove(upload)
        raise
    return upload


def add_piece(upload: Upload, store: Store, *, offset: int, body: IO[bytes]) -> Upload:
    """Write what ``body`` holds from byte ``offset`` on, where the file ended so far.

    Raises Conflict when that is another place, so that a piece sent twice is written once, and Rejected when there is
    more than the file's size. A piece that breaks off counts as far as it came.
    """
    if upload.state != UploadState.COMING:
        raise Conflict(gettext("All of this file is here already."))
    if offset == upload.received:
        # No lock while bytes come in: SQLite has one, and it is everybody's.
        end = _write(store.content(upload), offset, upload.size, body)
        state = UploadState.HERE if end == upload.size else UploadState.COMING
        unmoved = Upload.objects.filter(pk=upload.pk, received=offset, state=UploadState.COMING)
        if unmoved.update(received=end, state=state):
            upload.received, upload.state = end, state
            return upload
        upload.refresh_from_db()
    raise Conflict(
        gettext("This file goes on at byte %(at)d, not %(given)d.") % {"at": upload.received, "given": offset}
    )


def _write(path: Path, offset: int, size: int, body: IO[bytes]) -> int:
    """Where the file ends then."""
    with path.open("r+b") as file:
        file.seek(offset)
        while some := body.read(_COPIED_AT_ONCE):
            if file.tell() + len(some) > size:
                raise Rejected(
                    gettext("There is more of it than the %(size)d bytes that were said.") % {"size": size}
                )
            file.write(some)
        return file.tell()


@transaction.atomic
def ask_ingest(
    upload: Upload,
    store: Store,
    *,
    format: str = AUTO,
    options: Mapping[str, Any] | None = None,
    is_dry_run: bool = False,
    is_strict: bool = False,
) -> Upload:
    """Note what is to be done with the file; the caller sends it to a worker.

    Raises Rejected for a format or option that there is none of, Conflict unless all of the file is here and free.
    """
    current = Upload.objects.select_for_update().get(pk=upload.pk)
    if format != AUTO:
        reader_named(format)
    said = {name: value for name, value in (options or {}).items() if value not in (None, "", {})}
    options_from(said)
    if current.is_under_way:
        raise Conflict(gettext("This file is being read just now."))
    if not current.is_here:
        raise Conflict(
            gettext("Not all of this file has arrived.")
            if current.state == UploadState.COMING
            else gettext("This file has been brought in. To bring it in again, upload it again.")
        )
    store.clear(current)
    current.format, current.options = format, said
    current.is_dry_run, current.is_strict = is_dry_run, is_strict
    current.state, current.report, current.error = UploadState.QUEUED, None, ""
    current.asked_at, current.finished_at = clock.now(), None
    current.save()
    return current


def stop_ingest(upload: Upload, store: Store) -> None:
    """Ask whoever reads the file to stop after the batch at hand. What has been written stays."""
    store.ask_stop(upload)
    # A worker that has not begun need not be waited for.
    Upload.objects.filter(pk=upload.pk, state=UploadState.QUEUED).update(
        state=UploadState.CANCELLED, finished_at=clock.now()
    )


def forget_upload(upload: Upload, store: Store) -> None:
    """Throw the file away, and its row with it; what was brought in of it stays. Conflict while it is being read."""
    with transaction.atomic():
        current = Upload.objects.select_for_update().get(pk=upload.pk)
        if current.is_under_way:
            raise Conflict(gettext("This file is being read just now. Stop that first."))
        current.delete()
    store.remove(upload)


Signing = Callable[[Callable[[], None]], AbstractContextManager[None]]


def work_upload(
    upload: Upload,
    store: Store,
    *,
    lease: timedelta = LEASE,
    signing: Signing = lambda sign: nullcontext(),
    fetcher: Fetcher | None = None,
) -> Upload:
    """Read the file as was asked, unless another is at it, who was heard of within ``lease``.

    ``signing(sign)`` is entered for as long as that takes: whoever signs from time to time is heard of where nothing is
    read for a while. Killed and begun anew, rows that are there already count as unchanged. ``fetcher`` asks for
    images at addresses.
    """
    if not _take(upload, store, lease):
        upload.refresh_from_db()
        return upload
    shown, shown_at = 0, 0.0

    def show(n_read: int, total: int) -> None:
        nonlocal shown, shown_at
        if store.is_asked_to_stop(upload):
            raise _Stopped
        if time.monotonic() - shown_at > _SHOW_EVERY:
            if not _mine(upload).exists():
                raise _Lost
            # Of an archive it is the files in it that are read.
            shown = n_read * upload.size // max(total, 1)
            store.show(upload, shown)
            shown_at = time.monotonic()

    try:
        show(0, upload.size)
        with signing(lambda: store.show(upload, shown)):
            _check_digest(upload, store, show)
            report = ingest_file(
                upload.project,
                store.content(upload),
                format=upload.format,
                options=options_from(upload.options),
                is_dry_run=upload.is_dry_run,
                is_strict=upload.is_strict,
                on_progress=show,
                room=store.content(upload).parent,
                fetcher=fetcher,
            )
    except _Lost:
        upload.refresh_from_db()
        return upload
    except _Stopped:
        return _finish(upload, UploadState.CANCELLED)
    except GradusError as error:
        return _finish(upload, UploadState.FAILED, error=str(error))
    except OperationalError:
        # The database was busy or went away; the row is as it was, and the sweeper sends it again.
        raise
    except Exception as error:
        _finish(upload, UploadState.FAILED, error=f"{type(error).__name__}: {error}"[:1000])
        raise
    state = UploadState.DONE if report.is_written else UploadState.TRIED
    _finish(upload, state, report=json.loads(json.dumps(asdict(report))))
    if upload.state == UploadState.DONE:
        store.remove(upload)
    return upload


def _check_digest(upload: Upload, store: Store, show: Callable[[int, int], None]) -> None:
    """Raise Rejected unless the bytes are those of the file that was announced.

    Not when the last piece comes in: of some gigabytes this takes longer than a request may.
    """
    if not upload.sha256:
        return
    found = hashlib.sha256()
    with store.content(upload).open("rb") as file:
        while some := file.read(_COPIED_AT_ONCE):
            found.update(some)
            show(0, upload.size)
    if found.hexdigest() != upload.sha256:
        raise Rejected(
            gettext(
                "What arrived is not the file that was announced: its SHA-256 is another."
                " Throw it away and upload it again."
            )
        )


def _take(upload: Upload, store: Store, lease: timedelta) -> bool:
    """Whether the upload is the caller's now. Of several who try to, one succeeds."""
    held = Upload.objects.filter(pk=upload.pk).first()
    if held is None or not held.is_under_way:
        return False
    if held.state == UploadState.RUNNING and not _is_left(held, store, lease):
        return False
    upload.asked_at = clock.now()
    if not _mine(held).update(state=UploadState.RUNNING, asked_at=upload.asked_at):
        return False
    upload.refresh_from_db()
    return True


def _mine(upload: Upload) -> QuerySet[Upload]:
    """The upload's row, as long as it is as whoever holds ``upload`` has found or taken it; nothing afterwards."""
    return Upload.objects.filter(pk=upload.pk, state=upload.state, asked_at=upload.asked_at)


def _is_left(upload: Upload, store: Store, since: timedelta) -> bool:
    if upload.asked_at is not None and upload.asked_at > clock.now() - since:
        return False
    return (said := store.shown(upload)) is None or said[1] > since.total_seconds()


def _finish(upload: Upload, state: UploadState, *, report: Any = None, error: str = "") -> Upload:
    """Write what came of it, unless another has taken it up meanwhile, who writes that."""
    came = {"state": state, "report": report, "error": error, "finished_at": clock.now()}
    _mine(upload).update(**came)
    upload.refresh_from_db()
    return upload


def left_alone(store: Store, since: timedelta) -> list[Upload]:
    """Uploads whose worker has not been heard of for so long, or that none has taken up."""
    before = clock.now() - since
    found = Upload.objects.filter(state__in=(UploadState.QUEUED, UploadState.RUNNING), asked_at__lt=before)
    return [one for one in found if _is_left(one, store, since)]


def forget_old(store: Store) -> int:
    """Throw away files that nobody has gone on with for a week; how many there were."""
    before = clock.now() - FORGOTTEN
    idle = Upload.objects.exclude(
        state__in=(UploadState.QUEUED, UploadState.RUNNING, UploadState.DONE)
    ).filter(created_at__lt=before)
    old = [one for one in idle if one.asked_at is None or one.asked_at < before]
    for one in old:
        forget_upload(one, store)
    return len(old)


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How far the reading is. ``eta_seconds`` None: not begun, or nobody has been at it for a while."""

    percent: int
    eta_seconds: float | None
    is_left_alone: bool


def progress_of(upload: Upload, store: Store, *, quiet_after: float = 30.0) -> UploadProgress | None:
    """None where nothing is under way."""
    if not upload.is_under_way:
        return None
    said = store.shown(upload)
    waited = (clock.now() - upload.asked_at).total_seconds() if upload.asked_at else 0.0
    if said is None:
        return UploadProgress(0, None, waited > quiet_after)
    n_read, silent = said
    share = n_read / upload.size
    is_moving = silent < quiet_after and n_read > 0
    eta = (waited / share - waited) if is_moving else None
    return UploadProgress(min(99, int(100 * share)), eta, silent > quiet_after)
