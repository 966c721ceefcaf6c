"""The Celery application: what carries run ids to workers, and nothing else.

State lives in the database, so a lost or doubled message costs no more than the time until the next sweep.
Queues: ``gpu`` for models in the worker's own process, ``io`` for waiting on model servers, ``cpu`` for the rest.
"""

from __future__ import annotations

import logging
import os
import pkgutil
import signal
import threading
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.schedules import schedule
from django.utils.translation import gettext
from kombu import Exchange, Queue
from kombu.exceptions import ChannelError, OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# It would check every page of the site before its first task, which commands have not for a good reason.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from django.conf import settings

from annotate.errors import BackendError
from workers import broker_folder
from workers.time_limit import Limited

QUEUES = ("cpu", "gpu", "io")
SWEEP_SECONDS = 15.0
SWEEP = "prelabel.sweep"
FILLING_SWEEP = "assign.sweep"
RULER_SWEEP = "measure.sweep"
UPLOAD_SWEEP = "ingest.sweep"
PUSH_SWEEP = "export.sweep"
WORTH_SWEEP = "consensus.sweep"
NOTICE_SWEEP = "notices.sweep"
DRY_SWEEP = "notices.look_at_queues"
# How soon people see a session on their ruler. Nothing is sent when somebody submits: that would be one thing more to
# wait for on a labelling page, and to fail where the broker does not answer.
RULER_SECONDS = 5.0
# And how soon the queue hears what somebody has said of a trace.
WORTH_SECONDS = 5.0
# How soon a notice leaves. Nothing is sent by what it tells of, which may be somebody's turn of work.
NOTICE_SECONDS = 5.0
SWEEPS = {
    SWEEP: SWEEP_SECONDS,
    FILLING_SWEEP: SWEEP_SECONDS,
    RULER_SWEEP: RULER_SECONDS,
    UPLOAD_SWEEP: SWEEP_SECONDS,
    PUSH_SWEEP: SWEEP_SECONDS,
    WORTH_SWEEP: WORTH_SECONDS,
    NOTICE_SWEEP: NOTICE_SECONDS,
    DRY_SWEEP: SWEEP_SECONDS,
}
# A message says by its sender's clock when it is worth nothing any more, and its reader looks at another clock. Were it
# a matter of seconds, no sweep of a machine whose clock is behind would ever be made.
CLOCKS_APART = 7200.0
# RabbitMQ takes a message back that is held for half an hour, and before 4.3 closes the worker's channel over it. It is
# the consumer who asks for more, since a queue that is there cannot be declared otherwise.
_LONGEST_HELD = 7 * 24 * 3600
# How long a page waits for a broker that does not answer, twice at worst; what could not be sent the sweeps send.
ANSWER_SECONDS = 5.0
# A connection that is found to be lost while sending is otherwise tried again without end.
_FEW_TRIES = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.5}
# How long a beat that is told to end may take over closing its connection, which waits for the broker's word.
LEAVE_SECONDS = 5
# What sending raises where the broker does not answer, or its folder has no room.
UNSENT = (OperationalError, ChannelError, OSError)
BROKER_FOLDER = Path(settings.HOME) / "broker"
HAS_BROKER = not settings.BROKER_URL.startswith("filesystem:")

log = logging.getLogger(__name__)
_TASKS = Path(__file__).parent / "tasks"


def _broker(url: str) -> dict[str, Any]:
    """Settings that differ between brokers."""
    if url.startswith("filesystem:"):
        return {
            "broker_url": "filesystem://localhost",
            "broker_transport": "workers.broker_folder:Transport",
            "broker_transport_options": broker_folder.transport_options(BROKER_FOLDER),
            # Each worker would leave its control queue behind in the folder, and every broadcast a file in each.
            "worker_enable_remote_control": False,
        }
    if url.startswith("redis"):
        # A message is handed out again after the timeout, even while its worker lives: harmless, but longer than a
        # shift. The throttle makes kombu look for such messages every 10 s instead of every 100.
        options: dict[str, Any] = {"visibility_timeout": 900, "unacked_restore_throttle": 1}
        options |= {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        return {"broker_url": url, "broker_transport_options": options | _FEW_TRIES}
    return {
        "broker_url": url,
        "broker_transport_options": {
            "confirm_publish": True,
            "read_timeout": ANSWER_SECONDS,
            "write_timeout": ANSWER_SECONDS,
            **_FEW_TRIES,
        },
        "task_default_queue_type": "quorum",
        "task_default_exchange_type": "topic",
        "worker_detect_quorum_queues": True,
    }


def _queues(url: str) -> tuple[Queue, ...]:
    """The queues, called by their short names here and by the site's prefix where a broker serves several sites."""
    is_amqp = url.startswith(("amqp", "pyamqp"))
    arguments = {"x-queue-type": "quorum"} if is_amqp else None
    # Celery delays messages on quorum queues through topic exchanges only.
    exchange = Exchange(settings.BROKER_PREFIX, type="topic" if is_amqp else "direct")
    return tuple(
        Queue(
            f"{settings.BROKER_PREFIX}.{name}",
            exchange,
            routing_key=name,
            alias=name,
            queue_arguments=arguments,
            consumer_arguments={"x-consumer-timeout": _LONGEST_HELD * 1000} if is_amqp else None,
        )
        for name in QUEUES
    )


_began = datetime.now(UTC), time.monotonic()


def steady_now() -> datetime:
    """The time when this process began and what has passed since. A clock that is put back would hold sweeps up."""
    at, counted = _began
    return at + timedelta(seconds=time.monotonic() - counted)


app = Celery(
    "gradus",
    task_cls=Limited,
    include=[f"workers.tasks.{module.name}" for module in pkgutil.iter_modules([str(_TASKS)])],
)
app.conf.update(
    **_broker(settings.BROKER_URL),
    task_queues=_queues(settings.BROKER_URL),
    task_default_queue="cpu",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=30,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=5,
    task_publish_retry_policy=_FEW_TRIES,
    beat_schedule={
        name: {
            "task": name,
            "schedule": schedule(seconds, nowfun=steady_now),
            "options": {"expires": seconds + CLOCKS_APART, "queue": "cpu"},
        }
        for name, seconds in SWEEPS.items()
    },
    timezone="UTC",
)


def send(task: Any, **wanted: Any) -> None:
    """Send what stands in no row, so that no sweep could find it. Raises BackendError where the broker is away."""
    try:
        task.apply_async(kwargs=wanted, queue="cpu")
    except UNSENT as error:
        log.warning("%s could not be sent: the broker does not answer", task.name, exc_info=True)
        said = gettext(
            "The workers cannot be reached just now, so nothing was started. Try again in a minute."
        )
        raise BackendError(said, retry=True) from error


# Shared with forked pool processes: a lock would deadlock in the signal handler that sets it, a plain byte cannot.
_stopping = RawValue("b", 0)


def is_stopping() -> bool:
    """Whether this worker was asked to shut down."""
    return bool(_stopping.value)


# A worker of fewer threads keeps one free, and one that has a single thread does one thing after the other.
_KEPT_FREE = 2
_limits: dict[str, int] = {}


def keep_threads_free(queues: Collection[str], threads: int) -> None:
    """Leave some of this worker's threads to what is no run: sweeps, files, notices and the rest of its queues."""
    if set(queues) - {"gpu"}:
        _limits["shifts"] = max(1, threads - (_KEPT_FREE if threads > 3 else 1))


def most_shifts() -> int | None:
    """At how many runs this worker may be at once; None: at any number."""
    return _limits.get("shifts")


class Sweep(Limited):
    """A sweep that this process has just made says nothing new: two beats, or a pile of old messages, cost one."""

    abstract = True
    longest_seconds = 600.0
    _made: dict[str, float] = {}
    _lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.request.called_directly and not self._is_due():
            return None
        return super().__call__(*args, **kwargs)

    def _is_due(self) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._made.get(self.name, -CLOCKS_APART) < SWEEPS[self.name] / 2:
                return False
            self._made[self.name] = now
            return True


@signals.worker_shutting_down.connect
def _note_shutdown(**_: Any) -> None:
    _stopping.value = 1


@signals.worker_ready.connect
def _sweep_at_start(**_: Any) -> None:
    """Whatever an earlier worker left behind is picked up at once."""
    for name, seconds in SWEEPS.items():
        app.send_task(name, queue="cpu", expires=seconds + CLOCKS_APART)


@signals.beat_init.connect
def _bound_leaving(**_: Any) -> None:
    """A beat that is told to end does, wherever its broker is: whoever tells it kills it after ten seconds.

    Nothing of it is worth a wait. Its schedule is in memory, and a sweep that was not sent is sent by the next one.
    """
    if threading.current_thread() is not threading.main_thread():
        # Within a worker, which ends by its own rules.
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_leave, signal.getsignal(number)))


def _leave(usual: Any, number: int, frame: Any) -> None:
    # Not a timer's thread: a lock that the main thread holds would never be let go. The alarm ends the process.
    signal.alarm(LEAVE_SECONDS)
    usual(number, frame)
