"""Carry a project to a worker that decides its steps, or hears what was said of its traces since."""

from __future__ import annotations

import logging
from typing import Any

from django.db import OperationalError as DatabaseBusy
from django.db import transaction

from annotate.assign.worth import has_unheard
from annotate.consensus.actions import run_consensus
from annotate.consensus.valuing import value_unheard
from annotate.models import ConsensusFit, Person, Project
from workers.celery import CLOCKS_APART, UNSENT, WORTH_SECONDS, WORTH_SWEEP, Sweep, app, is_stopping, send

log = logging.getLogger(__name__)


def send_consensus(
    project: Project, *, policy: str, settings: dict[str, Any], person: Person, criterion: str = ""
) -> None:
    """Ask a worker to run ``policy``, once the current transaction is committed; no criterion: its usual one."""
    wanted: dict[str, Any] = {"project_id": project.pk, "policy": policy, "settings": settings}
    wanted |= {"person_id": person.pk, "criterion": criterion}
    transaction.on_commit(lambda: send(work_consensus, **wanted))


@app.task(name="consensus.work_consensus")
def work_consensus(
    *, project_id: int, policy: str, settings: dict[str, Any], person_id: int, criterion: str = ""
) -> None:
    """Running twice leaves two runs that say the same, the newer of which counts."""
    project = Project.objects.filter(pk=project_id).first()
    if project is not None:
        person = Person.objects.filter(pk=person_id).first()
        run_consensus(project, policy=policy, settings=settings, criterion_key=criterion, created_by=person)


@app.task(name="consensus.work_worth")
def work_worth(*, project_id: int) -> None:
    """Sent twice, two workers work out the same; what was said meanwhile is heard the next time."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return
    try:
        value_unheard(project, should_stop=is_stopping)
    except DatabaseBusy:
        log.warning("the queue of project %s waits for the database and is taken up again", project_id)


@app.task(name=WORTH_SWEEP, base=Sweep)
def sweep() -> None:
    """Send every project that has a fit and traces of which something was said since."""
    for project_id in ConsensusFit.objects.order_by().values_list("run__project", flat=True).distinct():
        if has_unheard(project_id):
            _send(project_id)


def _send(project_id: int) -> None:
    try:
        expires = WORTH_SECONDS * 12 + CLOCKS_APART
        work_worth.apply_async(kwargs={"project_id": project_id}, queue="cpu", expires=expires)
    except UNSENT:
        # What waits is in the rows; the next sweep sends it again.
        log.exception("the queue of project %s could not be sent: the broker does not answer", project_id)
