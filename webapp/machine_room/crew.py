"""Who works: workers by their own signs of life, and the clock that sends the sweeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annotate.models import Pulse, Worker
from annotate.prelabel.runs.attendance import on_duty
from workers.celery import NOTICE_SWEEP, QUEUES

# Older signs are forgotten by the workers themselves; more than these no page needs.
MOST = 100


@dataclass(frozen=True, slots=True)
class Hand:
    """A worker. One that is not alive was killed within the last day, or cannot reach the database."""

    name: str
    host: str
    process: str
    queues: str
    version: str
    started_at: datetime
    seen_at: datetime
    is_alive: bool


def hands() -> list[Hand]:
    alive = set(on_duty().values_list("pk", flat=True))
    known = Worker.objects.order_by("-seen_at")[:MOST]
    return [_hand(worker, worker.pk in alive) for worker in known]


def queues_without_hands(crew: list[Hand]) -> list[str]:
    """Queues from which nobody who is alive takes anything."""
    taken = {queue for hand in crew if hand.is_alive for queue in hand.queues.split(",")}
    return [queue for queue in QUEUES if queue not in taken]


def last_sweep() -> datetime | None:
    """When a sweep last came through broker and worker; None: never since this is written down."""
    return Pulse.objects.filter(name=NOTICE_SWEEP).values_list("beat_at", flat=True).first()


def _hand(worker: Worker, is_alive: bool) -> Hand:
    """The name is machine, process and some letters (``workers/process_name.py``)."""
    machine, _, process = worker.name.rpartition("-")[0].rpartition("-")
    host, _, space = machine.rpartition(".")
    return Hand(
        worker.name,
        host=host if host and space.isdecimal() else machine or worker.name,
        process=process,
        queues=worker.queues,
        version=worker.version,
        started_at=worker.started_at,
        seen_at=worker.seen_at,
        is_alive=is_alive,
    )
