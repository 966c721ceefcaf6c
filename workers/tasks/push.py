"""Carry a release to a worker that pushes it to the Hub. What was asked for, and how far it is, stands in its row."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError as DatabaseBusy
from django.db import transaction

from annotate import clock
from annotate.enums import RunState
from annotate.errors import GradusError
from annotate.export.pushes import claim_push, finish_push, left_alone, note_push
from annotate.export.queries import release_folder
from annotate.export.unfinished import key_of, left_unfinished
from annotate.models import Push, Release
from workers.celery import PUSH_SWEEP, UNSENT, Sweep, app, is_stopping
from workers.hub.client import open_hub
from workers.hub.failures import HubFailure
from workers.hub.progress import Leaving, Stopped
from workers.hub.pushing import Pushing

log = logging.getLogger(__name__)


def send_push(push: Push) -> None:
    """Ask a worker to push the release, once the current transaction is committed."""
    transaction.on_commit(lambda: _send(push.pk))


def _send(push_id: int) -> None:
    try:
        work_push.apply_async(kwargs={"push_id": push_id}, queue="io")
    except UNSENT:
        # It is stored; the sweeper of the next worker to reach the broker sends it again.
        log.exception("push %s could not be sent: the broker does not answer", push_id)


@app.task(name="export.work_push")
def work_push(*, push_id: int) -> None:
    """Sent twice, the second worker leaves it to the first."""
    push = claim_push(push_id, lease=_lease())
    if push is None:
        return
    try:
        folder = release_folder(push.release, settings.RELEASES_DIR)
        Pushing(open_hub(settings.HUB_ENDPOINT), push, folder, is_stopping).run()
    except Stopped:
        log.info("push %s was stopped", push_id)
    except Leaving:
        note_push(push, state=RunState.QUEUED, asked_at=clock.now())
    except HubFailure as failure:
        finish_push(push, RunState.FAILED, error=failure.reason)
    except DatabaseBusy:
        log.warning("push %s waits for the database and is taken up again", push_id)
    except Exception as error:
        said = str(error) if isinstance(error, GradusError) else f"{type(error).__name__}: {error}"
        finish_push(push, RunState.FAILED, error=said)
        raise


@app.task(name=PUSH_SWEEP, base=Sweep)
def sweep() -> None:
    """Send every push that its worker has left, and those whose message was lost; and releases left unfinished."""
    for push_id in left_alone(_lease()):
        _send(push_id)
    for release, mark in left_unfinished():
        _send_release(release, mark)


def _send_release(release: Release, mark: str) -> None:
    wanted = {"project_id": release.project_id, "format": release.format, "settings": release.settings}
    wanted |= {"person_id": release.created_by_id, "run_id": release.run_id}
    wanted |= {"key": key_of(release), "mark": mark}
    try:
        app.send_task("export.work_release", kwargs=wanted, queue="cpu")
    except UNSENT:
        # A later sweep finds it as silent as this one.
        log.exception("release %s could not be sent: the broker does not answer", release.pk)


def _lease() -> timedelta:
    return timedelta(seconds=settings.WORKER_LEASE_SECONDS)
