"""Carry an uploaded file to a worker that brings it in. What was asked for stands in its row."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError as DatabaseBusy
from django.db import transaction

from annotate.ingest.uploads import Store, forget_old, left_alone, work_upload
from annotate.models import Upload
from workers.attendance import signing
from workers.celery import UNSENT, UPLOAD_SWEEP, Sweep, app
from workers.pictures import image_fetcher

log = logging.getLogger(__name__)


def store() -> Store:
    """Where this installation keeps uploads."""
    return Store(settings.UPLOADS_DIR, settings.MOST_UPLOADED_BYTES)


def send_upload(upload: Upload) -> None:
    """Ask a worker to read the file, once the current transaction is committed."""
    transaction.on_commit(lambda: _send(upload.pk))


def _send(upload_id: int) -> None:
    try:
        work_file.apply_async(kwargs={"upload_id": upload_id}, queue="cpu")
    except UNSENT:
        # It is stored; the sweeper of the next worker to reach the broker sends it again.
        log.exception("upload %s could not be sent: the broker does not answer", upload_id)


def _lease() -> timedelta:
    return timedelta(seconds=settings.WORKER_LEASE_SECONDS)


@app.task(name="ingest.work_file")
def work_file(*, upload_id: int) -> None:
    """Sent twice, or handed out again by a broker that knows no such long work, it is left to whoever is at it."""
    upload = Upload.objects.select_related("project").filter(pk=upload_id).first()
    if upload is None:
        return
    try:
        work_upload(
            upload,
            store(),
            lease=_lease(),
            signing=lambda sign: signing(sign, every=_lease().total_seconds() / 4),
            fetcher=image_fetcher(),
        )
    except DatabaseBusy:
        log.warning("upload %s waits for the database and is taken up again", upload_id)


@app.task(name=UPLOAD_SWEEP, base=Sweep)
def sweep() -> None:
    """Send every file that its worker has left, and throw away what nobody goes on with."""
    for upload in left_alone(store(), _lease()):
        _send(upload.pk)
    forget_old(store())
