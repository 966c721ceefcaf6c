"""Carry pre-labelling runs to workers. The rules are in ``workers.shift`` and ``annotate.prelabel.actions``."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from django.db import transaction
from structlog.contextvars import bound_contextvars

from annotate.models import Run
from annotate.prelabel.actions import release_dead
from annotate.prelabel.queries import has_free_units, open_runs
from annotate.prelabel.strategies import strategy_of_run
from workers.celery import CLOCKS_APART, SWEEP, UNSENT, Sweep, app, is_stopping, most_shifts
from workers.process_name import is_known_dead
from workers.shift import close_if_over, work_shift

log = logging.getLogger(__name__)

# Longer than any queue should be; the sweeper sends again what is still wanted then.
_EXPIRES = 3600.0 + CLOCKS_APART
# An idle thread of a busy worker may take the message that another worker needs: it waits a little and passes it on.
_HOPS = 4
_HOP_SECONDS = 0.5
# Backends that are waited for, and those that need no more than the worker's own processor.
_ELSEWHERE = frozenset({"openai"})
_ON_THE_PROCESSOR = frozenset({"sandbox"})
# Runs that this process had no place for, in the order in which they came. A sweep would find them as well.
_waiting: dict[int, str] = {}


def send_run(run: Run) -> bool:
    """Ask workers to work at ``run``, once the current transaction is committed.

    False where that was tried at once and the broker does not answer: a sweep will ask them.
    """
    is_sent = True

    def send() -> None:
        nonlocal is_sent
        is_sent = _send(run.pk, queue_of(run))

    transaction.on_commit(send)
    return is_sent


def queue_of(run: Run) -> str:
    """Which workers can do it: no model, a model server to wait for, or a model of their own."""
    players = strategy_of_run(run.name).player_addresses(run.settings).values()
    names = {address.partition(":")[0] for address in (run.backend, *players) if address}
    if names <= _ON_THE_PROCESSOR:
        return "cpu"
    return "io" if names <= _ON_THE_PROCESSOR | _ELSEWHERE else "gpu"


def _send(run_id: int, queue: str, hops: int = _HOPS) -> bool:
    try:
        work_run.apply_async(kwargs={"run_id": run_id, "hops": hops}, queue=queue, expires=_EXPIRES)
    except UNSENT:
        # The run is stored; the sweeper of the next worker to reach the broker sends it again.
        log.exception("run %s could not be sent: the broker does not answer", run_id)
        return False
    return True


def _send_waiting() -> None:
    while _waiting:
        with suppress(KeyError):
            run_id = next(iter(_waiting), 0)
            _send(run_id, _waiting.pop(run_id))


# A shift ends by itself long before.
@app.task(name="prelabel.work_run", longest_seconds=3600.0)
def work_run(*, run_id: int, hops: int = _HOPS) -> None:
    """Work one shift at the run, with others if there is enough for them, and pass on what is left."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        return
    queue = queue_of(run)
    # Every line of the log that comes of it says which run it is about.
    with bound_contextvars(run_id=run_id):
        shift = work_shift(
            run_id, should_stop=is_stopping, invite=lambda: _send(run_id, queue), most=most_shifts()
        )
    if is_stopping():
        return
    if not (shift.is_doubled or shift.is_crowded):
        # Runs that wait for a place here come before the one that has just had one.
        _send_waiting()
    if not shift.has_more:
        return
    if shift.is_crowded:
        if hops > 0:
            # At once: another worker may be idle, and the thread that read this is kept for other things.
            _send(run_id, queue, hops - 1)
        else:
            _waiting[run_id] = queue
    elif shift.is_doubled and hops > 0:
        time.sleep(_HOP_SECONDS)
        _send(run_id, queue, hops - 1)
    elif shift.finished + shift.failed and not shift.trouble:
        # While the backend stays away the sweeper sets the pace.
        _send(run_id, queue)


@app.task(name=SWEEP, base=Sweep)
def sweep() -> None:
    """Send every run that has something to claim, and close those whose last worker died before it could."""
    for run in open_runs():
        release_dead(run, is_known_dead)
        if has_free_units(run):
            _send(run.pk, queue_of(run))
        else:
            close_if_over(run)
