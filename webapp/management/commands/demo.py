"""`manage.py demo`: the whole way from a file to a dataset, on real parts, with the app running at the end."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from annotate.enums import Action
from annotate.errors import Conflict
from annotate.ingest.report import IngestReport
from annotate.measure.actions import measure_project
from annotate.measure.reports import judge_report
from annotate.models import Project, Run
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.queries import run_progress
from webapp.management import demo_job as job
from webapp.management.base import GradusCommand
from webapp.management.run_line import counts_line
from webapp.management.supervisor import Supervisor, start_web, worker_command
from workers.tasks.prelabel import send_run

POLL_SECONDS = 0.5
PLAIN_SECONDS = 10.0


class Command(GradusCommand):
    help = "Set up the demo project, run its main job, and serve the app until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fresh", action="store_true", help="start the demo project over; others stay")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
        parser.add_argument("--port", type=int, default=8000, help="taken ones are skipped upwards")
        parser.add_argument("--no-serve", action="store_true", help="stop when the main job is done")

    def handle(self, *args: Any, **options: Any) -> None:
        self.started = time.monotonic()
        # Both end the same way, through the finally that stops what was started; and SIGINT arrives ignored when a
        # script has put this command into the background.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.supervisor = Supervisor(settings.HOME / "logs")
        try:
            self._go(options)
        except KeyboardInterrupt:
            self.say("Stopping. Run the same command again to go on from here.")
        finally:
            self.supervisor.stop()

    def say(self, text: str) -> None:
        self.console.print(f"[{time.monotonic() - self.started:5.0f} s] {text}", markup=False, soft_wrap=True)

    def _go(self, options: dict[str, Any]) -> None:
        call_command("migrate", verbosity=0)
        self.say(f"Database ready: {connection.vendor}, {connection.settings_dict['NAME']}")
        if options["fresh"] and job.remove_demo():
            self.say("Earlier demo project removed; other projects are untouched.")
        passwords = job.sign_ins()
        project = job.found_project()
        self.say(f"Traces: {told(job.ingest_traces(project))}")
        self.say(f"Labels of simulated people: {told(job.ingest_people(project))}")
        address = start_web(self.supervisor, options["host"], options["port"])
        self._announce(address, passwords)
        self.supervisor.start("worker", worker_command())
        for wanted in job.demo_runs():
            self._follow(wanted.title, job.run_for(project, wanted))
        for audit in job.audits(project):
            self._follow(f"Audit of {audit.rater}", audit)
        self._finish(project)
        self.say(f"The main job is done. Gradus runs at {address}. Ctrl-C stops everything.")
        while not options["no_serve"]:
            time.sleep(POLL_SECONDS)
            self.supervisor.mend(self.say)

    def _announce(self, address: str, passwords: dict[str, str]) -> None:
        self.say(f"Open {address} (the job goes on meanwhile). Sign in as:")
        for name, role in job.PEOPLE:
            self.say(f"    {name:8} {passwords[name]:14} {role.label}")

    def _follow(self, title: str, run: Run) -> None:
        if run.is_over:
            self.say(f"{title}: {run.state} before, as {run.rater}")
            return
        send_run(run)
        said = time.monotonic()
        with self.progress() as bar:
            row = bar.add_task(title, total=None, note="")
            while not (state := run_progress(run)).is_over:
                bar.update(row, completed=state.settled, total=state.total, note=counts_line(state))
                if not self.console.is_terminal and time.monotonic() - said > PLAIN_SECONDS:
                    said = time.monotonic()
                    self.say(f"{title}: {state.settled} of {state.total} traces. {counts_line(state)}")
                self.supervisor.mend(self.say)
                time.sleep(POLL_SECONDS)
            bar.update(row, completed=state.settled, total=state.total, note="")
        run.refresh_from_db()
        self.say(f"{title}: {run.state}, {_outcome(run)}. {counts_line(state)}")
        if state.failed:
            raise Conflict(f"{title}: {state.failed} traces failed; the first reason: {state.errors[0][0]}")

    def _finish(self, project: Project) -> None:
        report = measure_project(project)
        self.say(f"Measured from {report.n_labels} labels: {len(report.estimates)} estimates")
        runs = job.decide(project)
        for run in runs:
            kept = sum(row["steps"] for row in run.summary["funnel"] if row["action"] == Action.KEEP)
            self.say(f"Consensus by {run.name}: {kept} of {run.consensus.count()} steps kept")
        release = job.release(project, runs[-1])
        self.say(f"Release {release.number} ({release.format}): {settings.RELEASES_DIR / release.path}")


def _outcome(run: Run) -> str:
    if run.name != AUDIT or run.rater is None:
        return f"{run.summary['labels']} labels by {run.rater}"
    trust = judge_report(run.rater).trust
    return "passes the gate" if trust.state == "trusted" else f"below the gate ({trust.reason})"


def told(report: IngestReport) -> str:
    return f"{report.created} new, {report.updated} updated, {report.unchanged} there before"
