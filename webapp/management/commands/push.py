from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotate.enums import RunState
from annotate.export.pushes import open_push
from annotate.models import Push, Release
from webapp.management.base import GradusCommand
from workers.tasks.push import send_push

LOOKED_EVERY = 0.5


class Command(GradusCommand):
    help = "Have a worker push a published release to the Hugging Face Hub, as a private data set unless --public."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("release", type=int, help="number of the release")
        parser.add_argument("repository", metavar="OWNER/NAME", help="of the data set on the Hub")
        parser.add_argument("--public", action="store_true", help="everybody may see it")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="write over what is there and did not come from this project",
        )
        parser.add_argument(
            "--watch", action="store_true", help="follow it; stopping that stops nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        release = Release.objects.filter(project=project, number=options["release"]).first()
        if release is None:
            raise CommandError(f"{project.slug} has no release {options['release']}.")
        push = open_push(
            release,
            repository=options["repository"],
            is_private=not options["public"],
            may_replace=options["replace"],
        )
        send_push(push)
        self.console.print(
            f"Release {release.number} of {project.slug} is on its way to {push.repository},"
            f" {'private' if push.is_private else 'public'}."
        )
        if not options["watch"]:
            self.console.print("A worker pushes it: python3 manage.py worker")
            return
        self._watch(push)
        if push.state != RunState.DONE:
            raise CommandError(push.error or "It was stopped.")
        self.console.print(f"{push.files_total} files, {push.bytes_total:,} bytes: {push.commit_url}")

    def _watch(self, push: Push) -> None:
        with self.progress() as progress:
            task = progress.add_task("Waiting for a worker", total=None, note="")
            while push.is_under_way:
                note = f"bytes, {push.files_done} of {push.files_total} files"
                if push.waits_until is not None:
                    note += f"; the Hub wants quiet until {push.waits_until:%H:%M:%S} UTC"
                if push.state == RunState.RUNNING:
                    progress.update(
                        task,
                        description="Pushing",
                        completed=push.bytes_done,
                        total=push.bytes_total or None,
                        note=note,
                    )
                time.sleep(LOOKED_EVERY)
                push.refresh_from_db()
