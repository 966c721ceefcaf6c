"""Carry consensus runs to workers, and projects of whose traces something was said since."""

from __future__ import annotations

import logging
from typing import Any

from django.db import OperationalError as DatabaseBusy
from django.db import transaction
from structlog.contextvars import bound_contextvars

from annotate.assign.worth import has_unheard
from annotate.consensus.actions import Progress, ask_consensus, count_consensus, make_consensus
from annotate.consensus.unfinished import SIGN_SECONDS, left_unfinished, sign, take_up
from annotate.consensus.valuing import value_unheard
from annotate.enums import RunState
from annotate.errors import GradusError
from annotate.models import ConsensusFit, Person, Project, Run
from annotate.outage import outage_of
from workers.attendance import signing
from workers.celery import CLOCKS_APART, UNSENT, WORTH_SECONDS, WORTH_SWEEP, Sweep, app, is_stopping

log = logging.getLogger(__name__)

# Longer than any queue should be; what is still wanted then a sweep has sent again.
_EXPIRES = 3600.0 + CLOCKS_APART


def send_consensus(run: Run) -> bool:
    """Ask a worker to make ``run``, once the current transaction is committed.

    False where that was tried at once and the broker does not answer: a sweep will ask.
    """
    is_sent = True

    def send() -> None:
        nonlocal is_sent
        is_sent = _send_run(run.pk)

    transaction.on_commit(send)
    return is_sent


def _send_run(run_id: int, mark: str = "") -> bool:
    try:
        wanted = {"run_id": run_id, "mark": mark}
        work_consensus.apply_async(kwargs=wanted, queue="cpu", expires=_EXPIRES)
    except UNSENT:
        # It stands in its row; a later sweep finds it as silent as before.
        log.exception("consensus run %s could not be sent: the broker does not answer", run_id)
        return False
    return True


@app.task(name="consensus.work_consensus")
def work_consensus(*, run_id: int | None = None, mark: str = "", **asked: Any) -> None:
    """Sent twice, late or out of order, it changes nothing for a run that is over or that somebody is at.

    A sweep's ``mark`` is good for one worker. ``asked`` is what a message of an earlier version says, which has no run.
    """
    run_id = _opened(**asked) if run_id is None else run_id
    run = None if run_id is None else take_up(run_id, mark)
    if run is None:
        return
    with bound_contextvars(run_id=run.pk):
        if run.state == RunState.DONE:
            count_consensus(run)
        else:
            _make(run)


def _make(run: Run) -> None:
    try:
        make_signed(run)
    except GradusError as reason:
        log.warning("consensus run %s has come to nothing: %s", run.pk, reason)
    except Exception as error:
        if not outage_of(error):
            raise
        log.warning("consensus run %s waits for the database and is taken up again", run.pk, exc_info=True)


def make_signed(run: Run, on_progress: Progress | None = None) -> None:
    """Make a run that was taken up, and say all the while that somebody is at it."""
    with signing(lambda: sign(run), every=SIGN_SECONDS):
        make_consensus(run, on_progress=on_progress)


def _opened(
    *, project_id: int, policy: str, settings: dict[str, Any], person_id: int, criterion: str = ""
) -> int | None:
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return None
    person = Person.objects.filter(pk=person_id).first()
    wanted: dict[str, Any] = {"settings": settings, "criterion_key": criterion, "created_by": person}
    return ask_consensus(project, policy=policy, **wanted).pk


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
    """Send runs that nobody makes, and every project that has a fit and traces of which something was said since."""
    for run_id, mark in left_unfinished():
        _send_run(run_id, mark)
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
