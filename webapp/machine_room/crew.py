"""Who works: workers by their own signs of life, and the clock that sends the sweeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annotate.models import Pulse, Worker
from annotate.prelabel.queries import open_runs
from annotate.prelabel.runs.attendance import on_duty
from workers.celery import NOTICE_SWEEP, QUEUES
from workers.process_name import place_of
from workers.tasks.prelabel import queue_of

# Older signs are forgotten by the workers themselves; more than these no page needs.
MOST = 100
# Sweeps come by the one, notices leave by the other; what needs a model of its own not every site has.
_ALWAYS_WANTED = {"cpu", "io"}
_MOST_RUNS = 100


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
    """Queues from which nobody who is alive takes anything, although something is to be taken from them."""
    taken = {queue for hand in crew if hand.is_alive for queue in hand.queues.split(",")}
    if taken.issuperset(QUEUES):
        return []
    wanted = _ALWAYS_WANTED | {queue_of(run) for run in open_runs()[:_MOST_RUNS]}
    return [queue for queue in QUEUES if queue in wanted - taken]


def last_sweep() -> datetime | None:
    """When a sweep last came through broker and worker; None: never since this is written down."""
    return Pulse.objects.filter(name=NOTICE_SWEEP).values_list("beat_at", flat=True).first()


def _hand(worker: Worker, is_alive: bool) -> Hand:
    place = place_of(worker.name)
    host, comma, process = place.rpartition(", ")
    return Hand(
        worker.name,
        host=host if comma else place,
        process=process if comma else "",
        queues=worker.queues,
        version=worker.version,
        started_at=worker.started_at,
        seen_at=worker.seen_at,
        is_alive=is_alive,
    )
