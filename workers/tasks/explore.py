"""Carry a consensus run to a worker that counts what it comes to."""

from __future__ import annotations

from django.db import transaction

from annotate.consensus.explore.actions import explore_run
from annotate.enums import RunKind, RunState
from annotate.models import Run
from workers.celery import app, send


def send_exploration(run: Run) -> None:
    """Ask a worker to count ``run``, once the current transaction is committed."""
    transaction.on_commit(lambda: send(work_exploration, run_id=run.pk))


@app.task(name="explore.work_exploration")
def work_exploration(*, run_id: int) -> None:
    """Counting twice leaves the newer count."""
    run = (
        Run.objects.select_related("project", "criterion__rubric")
        .filter(pk=run_id, kind=RunKind.CONSENSUS, state=RunState.DONE)
        .first()
    )
    if run is not None:
        explore_run(run)
