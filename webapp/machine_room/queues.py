"""What waits: messages at the broker, and the rows that are the queues of record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils.translation import gettext
from kombu.exceptions import ChannelError, OperationalError

from annotate.enums import NoticeState, RunState, UnitState, UploadState
from annotate.models import Filling, Notice, Push, Run, Unit, Upload
from annotate.models.counting import Bounded, bounded_count
from workers.celery import QUEUES, app

_UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
# The newest of those that are not over; each is counted by itself.
MOST_RUNS = 10
_PATIENCE = 2.0
# The broker is not asked again by everybody who looks.
_KEPT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Messages:
    """How many messages wait in each queue; ``trouble`` where the broker does not say. None: not known."""

    lengths: dict[str, int | None]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class OpenRun:
    run: Run
    waiting: Bounded
    leased: Bounded
    failed: Bounded


@dataclass(frozen=True, slots=True)
class Rows:
    """Work that stands in rows. Counts stop at some thousand."""

    runs: list[OpenRun]
    n_runs: Bounded
    uploads: Bounded
    fillings: Bounded
    pushes: Bounded
    notices_waiting: Bounded
    notices_failed: Bounded


def messages() -> Messages:
    """What the broker says, kept for a moment; it is given two seconds."""
    found: Messages | None = cache.get("machine_room.messages")
    if found is None:
        found = _asked()
        cache.set("machine_room.messages", found, _KEPT_SECONDS)
    return found


def _asked() -> Messages:
    try:
        with app.connection_for_read(connect_timeout=_PATIENCE, transport_options=_options()) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_PATIENCE)
            return Messages({name: _length(connection, name) for name in QUEUES})
    except (OperationalError, OSError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return Messages(
            dict.fromkeys(QUEUES), gettext("The broker does not answer: %(said)s") % {"said": said}
        )


def _options() -> dict[str, float]:
    """Redis' client waits as long as the system does, unless it is told otherwise; others know no such words."""
    is_redis = str(app.conf.broker_url).startswith("redis")
    return {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE} if is_redis else {}


def _length(connection: Any, name: str) -> int:
    try:
        with connection.channel() as channel:
            queue = f"{settings.BROKER_PREFIX}.{name}"
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except (ChannelError, *connection.channel_errors):
        # Nobody has sent or taken anything yet, or the broker forgets a queue that is empty.
        return 0


def rows() -> Rows:
    open_runs = Run.objects.filter(state__in=_UNDER_WAY)
    return Rows(
        runs=[_counted(run) for run in open_runs.select_related("project").order_by("-pk")[:MOST_RUNS]],
        n_runs=bounded_count(open_runs),
        uploads=bounded_count(Upload.objects.filter(state__in=(UploadState.QUEUED, UploadState.RUNNING))),
        fillings=bounded_count(Filling.objects.filter(state__in=_UNDER_WAY)),
        pushes=bounded_count(Push.objects.filter(state__in=_UNDER_WAY)),
        notices_waiting=bounded_count(Notice.objects.filter(state=NoticeState.WAITING)),
        notices_failed=bounded_count(Notice.objects.filter(state=NoticeState.FAILED)),
    )


def _counted(run: Run) -> OpenRun:
    return OpenRun(
        run,
        waiting=bounded_count(_units(run, UnitState.PENDING)),
        leased=bounded_count(_units(run, UnitState.RUNNING)),
        failed=bounded_count(_units(run, UnitState.FAILED)),
    )


def _units(run: Run, state: UnitState) -> QuerySet[Unit]:
    return Unit.objects.filter(run=run, state=state)
