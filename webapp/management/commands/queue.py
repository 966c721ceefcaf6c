"""`manage.py queue PROJECT`: fill a project's queue and work its order out again."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from annotate.assign.fillings import (
    ask_filling,
    cancel_filling,
    filling_of,
    progress_of,
    resume_filling,
    work_filling,
)
from annotate.assign.ordering import known_policies
from annotate.assign.queries import queue_counts
from annotate.assign.rules import rules_of
from annotate.models import Filling, Project
from webapp.management.base import GradusCommand
from webapp.templatetags.figures import duration
from workers.tasks.assign import send_filling

_PLAIN_SECONDS = 10.0


class Command(GradusCommand):
    help = "Fill a project's queue and work its order out again from what is known now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--no-fill", action="store_true", help="add no slots")
        parser.add_argument("--send", action="store_true", help="leave it to a worker and return")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--status", action="store_true", help="say how far a filling is, and do nothing")
        which.add_argument(
            "--cancel", action="store_true", help="stop one between two pieces; what is done stays"
        )
        which.add_argument("--resume", action="store_true", help="go on with one where it ended")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if options["status"]:
            self._say_status(project)
            return
        if options["cancel"]:
            cancel_filling(project)
            self._say_status(project)
            return
        if options["resume"]:
            resume_filling(project)
        else:
            ask_filling(project, slots=not options["no_fill"], order=True)
        if options["send"]:
            send_filling(project)
            self.stdout.write(f"Left to a worker. {_how_to_follow(project)}")
            return
        self._report(project, self._work(project))

    def _work(self, project: Project) -> Filling:
        """Go on to the end here, along with a worker that may be at it too."""
        said = time.monotonic()
        with self.progress() as bar:
            row = bar.add_task("queue", total=None, note="")

            def show(filling: Filling) -> None:
                nonlocal said
                bar.update(row, completed=filling.done, total=filling.total, note=_counted(filling))
                if not self.console.is_terminal and time.monotonic() - said > _PLAIN_SECONDS:
                    said = time.monotonic()
                    self.stdout.write(_line(filling))

            try:
                filling = work_filling(project, show=show)
            except KeyboardInterrupt:
                cancel_filling(project)
                raise CommandError(f"stopped. {_how_to_follow(project)}", returncode=130) from None
        if filling.state != "done":
            raise CommandError(f"{_line(filling)} {_how_to_follow(project)}")
        return filling

    def _say_status(self, project: Project) -> None:
        if filling_of(project) is None:
            self.stdout.write("Nothing of the queue is being filled.")
            return
        filling = Filling.objects.get(project=project)
        self.stdout.write(f"{_line(filling)} {_how_to_follow(project)}")

    def _report(self, project: Project, filling: Filling) -> None:
        counts = queue_counts(project)
        policy = known_policies()[rules_of(project).policy]
        self.stdout.write(
            f"{filling.n_slots:,} slots added, {filling.n_changed:,} traces placed anew."
            f" Order: {policy.title.lower()}."
        )
        self.stdout.write(
            f"{counts.open:,} open, {counts.held:,} held, {counts.submitted:,} submitted, {counts.skipped:,} skipped."
        )


def _counted(filling: Filling) -> str:
    told = progress_of(filling)
    counts = f"{filling.n_slots:,} slots"
    if told.is_comparing:
        counts = f"{told.n_pairs:,} pairs, {told.n_lineups:,} lineups, {told.n_comparisons:,} comparisons"
    return counts + (f", about {duration(told.eta_seconds)} left" if told.eta_seconds else "")


def _line(filling: Filling) -> str:
    why = f" {filling.error}" if filling.error else ""
    return f"{filling.get_state_display()}: {progress_of(filling).percent}%, {_counted(filling)}.{why}"


def _how_to_follow(project: Project) -> str:
    command = f"python3 manage.py queue {project.slug}"
    return f"How far it is: {command} --status. Go on: {command} --resume. Stop: {command} --cancel"
