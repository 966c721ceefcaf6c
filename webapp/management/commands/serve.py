"""`manage.py serve`: the app and a worker on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command

from webapp.management.base import GradusCommand
from webapp.management.supervisor import Supervisor, start_web, worker_command

POLL_SECONDS = 0.5


class Command(GradusCommand):
    help = "Serve the app and run a worker beside it, both restarted when they die, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
        parser.add_argument("--port", type=int, default=8000, help="taken ones are skipped upwards")
        parser.add_argument("--no-worker", action="store_true", help="serve the pages only")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        call_command("migrate", verbosity=0)
        supervisor = Supervisor(settings.HOME / "logs")
        try:
            self._serve(supervisor, options)
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        finally:
            supervisor.stop()

    def _serve(self, supervisor: Supervisor, options: dict[str, Any]) -> None:
        if not options["no_worker"]:
            supervisor.start("worker", worker_command())
        address = start_web(supervisor, options["host"], options["port"])
        self.stdout.write(f"Gradus runs at {address} (Ctrl-C stops it; logs: {supervisor.log_dir})")
        self.stdout.flush()
        while True:
            time.sleep(POLL_SECONDS)
            supervisor.mend(self.stdout.write)
