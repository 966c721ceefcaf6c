"""`manage.py queue PROJECT`: fill a project's queue and work its order out again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from annotate.assign.actions import fill_queue, renew_order
from annotate.assign.ordering import known_policies
from annotate.assign.queries import queue_counts
from annotate.assign.rules import rules_of
from webapp.management.base import GradusCommand


class Command(GradusCommand):
    help = "Fill a project's queue and work its order out again from what is known now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--no-fill", action="store_true", help="add no slots")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        added = 0 if options["no_fill"] else fill_queue(project)
        changed = renew_order(project)
        counts = queue_counts(project)
        policy = known_policies()[rules_of(project).policy]
        self.stdout.write(
            f"{added:,} slots added, {changed:,} traces placed anew. Order: {policy.title.lower()}."
        )
        self.stdout.write(
            f"{counts.open:,} open, {counts.held:,} held, {counts.submitted:,} submitted, {counts.skipped:,} skipped."
        )
