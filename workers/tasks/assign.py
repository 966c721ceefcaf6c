"""Carry the filling of a long queue to a worker. What is to be done, and how far it is, stands in its row."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError as DatabaseBusy
from django.db import transaction

from annotate.assign.fillings import left_alone, work_filling
from annotate.models import Project
from workers.celery import FILLING_SWEEP, UNSENT, Sweep, app, is_stopping

log = logging.getLogger(__name__)

# Between two pieces, so that people get to write as well where a database has one writer at a time.
_BREATH_SECONDS = 0.02


def send_filling(project: Project) -> None:
    """Ask a worker to fill the project's queue, once the current transaction is committed."""
    transaction.on_commit(lambda: _send(project.pk))


def _send(project_id: int) -> None:
    try:
        work_queue.apply_async(kwargs={"project_id": project_id}, queue="cpu")
    except UNSENT:
        # It is stored; the sweeper of the next worker to reach the broker sends it again.
        log.exception("the filling of project %s could not be sent: the broker does not answer", project_id)


@app.task(name="assign.work_queue")
def work_queue(*, project_id: int) -> None:
    """Sent twice, two workers take turns; nothing is done twice."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return
    try:
        work_filling(project, should_stop=is_stopping, breath=_BREATH_SECONDS)
    except DatabaseBusy:
        log.warning("the filling of project %s waits for the database and is taken up again", project_id)


@app.task(name=FILLING_SWEEP, base=Sweep)
def sweep() -> None:
    """Send every filling that its worker has left, and those whose message was lost."""
    for filling in left_alone(timedelta(seconds=settings.WORKER_LEASE_SECONDS)):
        _send(filling.project_id)
