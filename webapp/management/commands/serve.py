"""`manage.py serve`: the app and a worker on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command

from webapp.management.base import GradusCommand
from webapp.management.supervisor import Supervisor, free_port, wait_for, web_command, worker_command

WEB_START_SECONDS = 60
POLL_SECONDS = 0.5


class Command(GradusCommand):
    help = "Serve the app and run a worker beside it, both restarted when they die, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
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
        host, port = options["host"], free_port(options["host"], options["port"])
        web = supervisor.start("web", web_command(host, port))
        if not options["no_worker"]:
            supervisor.start("worker", worker_command())
        if not wait_for(host, port, WEB_START_SECONDS):
            raise RuntimeError(f"the web server did not start; its log is {web.log}")
        self.stdout.write(
            f"Gradus runs at http://{host}:{port}/. Ctrl-C stops it. Logs: {supervisor.log_dir}"
        )
        self.stdout.flush()
        while True:
            time.sleep(POLL_SECONDS)
            supervisor.mend(self.stdout.write)
