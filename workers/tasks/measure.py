"""Carry a project to a worker that measures it, and what people submit to the ruler they are measured on."""

from __future__ import annotations

import logging

from django.db import OperationalError as DatabaseBusy
from django.db import transaction

from annotate.errors import NotEstimable
from annotate.measure.actions import measure_project
from annotate.measure.ruler.actions import (
    claim_fit,
    fit_ruler,
    has_waiting,
    place_sessions,
    wants_fit,
)
from annotate.models import Project, Ruler
from workers.celery import CLOCKS_APART, RULER_SECONDS, RULER_SWEEP, UNSENT, Sweep, app, send

log = logging.getLogger(__name__)


def send_measure(project: Project) -> None:
    """Ask a worker to measure ``project``, once the current transaction is committed."""
    transaction.on_commit(lambda: send(work_measure, project_id=project.pk))


@app.task(name="measure.work_measure")
def work_measure(*, project_id: int) -> None:
    """Running twice measures twice and stores the same."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        measure_project(project)


@app.task(name="measure.work_sessions")
def work_sessions(*, project_id: int) -> None:
    """Sent twice, two workers take turns; no session is placed twice."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return
    try:
        while place_sessions(project).has_more:
            pass
    except DatabaseBusy:
        log.warning("the ruler of project %s waits for the database and is taken up again", project_id)


@app.task(name="measure.work_fit")
def work_fit(*, project_id: int) -> None:
    """Sent twice, one worker fits: whoever claims the ruler that is to be replaced."""
    ruler = Ruler.objects.select_related("project").filter(project=project_id, is_current=True).first()
    if ruler is None or not wants_fit(ruler) or not claim_fit(ruler):
        return
    try:
        fit_ruler(ruler.project, seed=ruler.seed)
    except NotEstimable as reason:
        # The labels are such that nobody can be measured any more. The ruler of before stays, with its date.
        log.warning("the ruler of project %s stays as it is: %s", project_id, reason)


@app.task(name=RULER_SWEEP, base=Sweep)
def sweep() -> None:
    """Send every ruler on which somebody waits to be placed, or that has become old."""
    for ruler in Ruler.objects.filter(is_current=True):
        if wants_fit(ruler):
            _send(work_fit, ruler.project_id)
        if has_waiting(ruler):
            _send(work_sessions, ruler.project_id)


def _send(task: object, project_id: int) -> None:
    try:
        task.apply_async(  # type: ignore[attr-defined]
            kwargs={"project_id": project_id}, queue="cpu", expires=RULER_SECONDS * 12 + CLOCKS_APART
        )
    except UNSENT:
        # What waits is in the rows; the next sweep sends it again.
        log.exception("the ruler of project %s could not be sent: the broker does not answer", project_id)
