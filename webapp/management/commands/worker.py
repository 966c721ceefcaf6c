"""``python3 manage.py worker``: do the long work, until told to stop."""

from __future__ import annotations

import threading
import uuid
import warnings
from typing import Any

from celery.beat import EmbeddedService
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready
from django.core.management.base import CommandParser

from annotate.errors import Conflict, Rejected
from annotate.prelabel.runs.attendance import on_duty
from webapp.management.base import GradusCommand
from workers import broker_folder
from workers.attendance import Attendance
from workers.celery import BROKER_FOLDER, HAS_BROKER, QUEUES, app, keep_threads_free
from workers.departure import Departure
from workers.process_name import is_of_this_machine


class Command(GradusCommand):
    help = "Work at runs, and at whatever else takes long, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--queues", default=",".join(QUEUES), help=f"of {', '.join(QUEUES)} (default: all)"
        )
        parser.add_argument(
            "--pool",
            choices=("threads", "solo", "prefork"),
            default="threads",
            help="threads (default) share one copy of each model; prefork loads one per process",
        )
        parser.add_argument(
            "--concurrency",
            type=int,
            help="tasks at once (default: 6 threads or 4 processes); of threads two are kept for what is no run, of "
            "fewer than four one, and none where only gpu is taken from",
        )
        parser.add_argument(
            "--with-beat",
            action="store_true",
            default=not HAS_BROKER,
            help="also send the sweep that finds work left by dead workers; one worker of a site should "
            "(always, where the broker is a folder)",
        )
        parser.add_argument("--log-level", default="INFO", help="of the worker process")
        parser.add_argument(
            "--check",
            action="store_true",
            help="work at nothing, but say whether a worker of this machine (or container) gives signs of life",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            return self._check()
        queues = [name.strip() for name in options["queues"].split(",") if name.strip()]
        unknown = sorted(set(queues) - set(QUEUES))
        if unknown or not queues:
            raise Rejected(
                f"unknown queue {', '.join(unknown) or '(none)'}; there are {', '.join(QUEUES)}",
                field="queues",
            )
        if not HAS_BROKER:
            broker_folder.tidy(BROKER_FOLDER)
        if options["concurrency"] is None:
            options["concurrency"] = 6 if options["pool"] == "threads" else 4
        if options["pool"] == "threads":
            keep_threads_free(queues, options["concurrency"])
        if options["with_beat"]:
            worker_ready.connect(_start_beat, weak=False)
        attendance = Attendance(",".join(queues))
        worker_ready.connect(lambda **_: attendance.start(), weak=False)
        Departure(attendance.stop).start()
        # Containers and demos run as root; Celery's warning is about pickled messages, and these are JSON.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        try:
            app.worker_main(_arguments(queues, options))
        finally:
            if attendance.is_alive():
                attendance.stop()

    def _check(self) -> None:
        alive = [name for name in on_duty().values_list("name", flat=True) if is_of_this_machine(name)]
        if not alive:
            raise Conflict("No worker of this machine has given a sign of life lately.")
        self.stdout.write(f"Alive: {', '.join(sorted(alive))}")


def _arguments(queues: list[str], options: dict[str, Any]) -> list[str]:
    return [
        "worker",
        f"--queues={','.join(queues)}",
        f"--pool={options['pool']}",
        f"--concurrency={1 if options['pool'] == 'solo' else options['concurrency']}",
        f"--loglevel={options['log_level']}",
        # RabbitMQ refuses a name whose last connection it still believes in, as after a kill.
        f"--hostname=gradus-{uuid.uuid4().hex[:12]}@%h",
        "--without-gossip",
        "--without-mingle",
    ]


def _start_beat(**_: Any) -> None:
    # A thread with its schedule in memory: Celery's own embedded process outlives a killed worker.
    service = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    assert isinstance(service, threading.Thread)
    service.start()
