"""Consensus runs that are asked for and not over. Until one is it has a pulse, which says when somebody was last at it.

The run's row is the queue of record: messages only say where to look, and a lost one is sent again by a sweep. Whoever
takes a run up is told apart from whoever had it before by ``started_at``, without which nothing of it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotate import clock
from annotate.enums import RunKind, RunState
from annotate.models import Pulse, Run

SIGN_SECONDS = 20.0
# Shorter than a release's: one that is made beside somebody who only seemed to be dead costs time, and is written once.
GIVEN_UP = timedelta(minutes=2)
# What has taken so many workers with it is more likely the cause than the victim.
MOST_TRIES = 3

_PREFIX = "consensus run "


def expect(run: Run) -> None:
    """Have a sweep look after the run if nobody takes it up. In the transaction that makes it."""
    Pulse.objects.create(name=_name(run.pk), beat_at=clock.now())


def sign(run: Run) -> None:
    """Say that somebody is at it. Without effect once it is over."""
    Pulse.objects.filter(name=_name(run.pk)).update(beat_at=clock.now())


def sign_off(run: Run) -> None:
    Pulse.objects.filter(name=_name(run.pk)).delete()


def is_silent(run: Run) -> bool:
    """Whether a run that is not over was left by whoever was at it."""
    return not Pulse.objects.filter(name=_name(run.pk), beat_at__gte=clock.now() - GIVEN_UP).exists()


def left_unfinished() -> Iterator[tuple[int, str]]:
    """Runs of which nothing was heard, by their keys, each with a mark for :func:`take_up`: newer undo older ones."""
    now = clock.now()
    for pulse in Pulse.objects.filter(name__startswith=_PREFIX, beat_at__lt=now - GIVEN_UP).order_by("pk"):
        if Pulse.objects.filter(pk=pulse.pk, beat_at=pulse.beat_at).update(beat_at=now):
            yield int(pulse.name.removeprefix(_PREFIX)), now.isoformat()


@transaction.atomic
def take_up(run_id: int, mark: str = "") -> Run | None:
    """The run, if it is now the caller's to make; None where it is over, gone or somebody else's.

    Without a mark it is taken as long as nobody has. One that is done already was left before it was counted, which
    the caller makes up for; nobody is asked to a second time.
    """
    pulse = Pulse.objects.filter(name=_name(run_id))
    # The run before its pulse, as everywhere, so that two never wait for each other.
    run = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project__rubric", "criterion", "created_by")
        .filter(pk=run_id, kind=RunKind.CONSENSUS)
        .first()
    )
    now = clock.now()
    if mark and not pulse.filter(beat_at=datetime.fromisoformat(mark)).update(beat_at=now):
        return None
    if run is None or run.is_over:
        pulse.delete()
        return run if mark and run is not None and run.state == RunState.DONE else None
    if run.state == RunState.RUNNING and not mark:
        return None
    held = mine(run)
    run.state, run.started_at, run.summary = RunState.RUNNING, now, {"tries": tries_of(run) + 1}
    if not held.update(state=run.state, started_at=now, summary=run.summary):
        return None
    pulse.update(beat_at=now)
    return run


def mine(run: Run) -> QuerySet[Run]:
    """The run's row, for as long as it is as whoever holds ``run`` has taken it up; nothing afterwards."""
    return Run.objects.filter(pk=run.pk, state=run.state, started_at=run.started_at)


def tries_of(run: Run) -> int:
    """How often it was taken up, outages aside. Of one that is done it is noted where that was more than once."""
    return int(run.summary.get("tries", 1 if run.state == RunState.DONE else 0))


def forgive(run: Run, error: Any) -> None:
    """An outage ended it, and is no fault of the run's; a sweep has it made again."""
    mine(run).update(summary={"tries": tries_of(run) - 1}, error=str(error))


def _name(run_id: int) -> str:
    return f"{_PREFIX}{run_id}"
