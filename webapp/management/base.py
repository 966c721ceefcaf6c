"""What every Gradus command shares: expected errors are one line, and a project is found by its slug."""

from __future__ import annotations

import sys
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from annotate.errors import GradusError
from annotate.models import Project


class GradusCommand(BaseCommand):
    """A command whose ``handle`` may raise a GradusError: it becomes one clear line and exit code 1."""

    # Without those of addresses and templates, which load every page there is: four seconds of a processor, for each
    # start of a worker and each time somebody asks whether it is well. ``migrate`` and ``check`` make them all.
    requires_system_checks: tuple[str, ...] | list[str] = (
        Tags.caches,
        Tags.database,
        Tags.models,
        Tags.security,
        Tags.translation,
    )

    def execute(self, *args: Any, **options: Any) -> str | None:
        # Not self.stdout: Django's wrapper ends every write with a newline, which tears a progress bar apart.
        out = options.get("stdout") or sys.stdout
        self.console = Console(file=out, no_color=options.get("no_color") or None, highlight=False)
        try:
            return super().execute(*args, **options)
        except GradusError as error:
            raise CommandError(str(error)) from error

    def project(self, slug: str) -> Project:
        """The operator of the machine may reach every project; there is no door for them."""
        try:
            return Project.objects.select_related("rubric").get(slug=slug)
        except Project.DoesNotExist:
            known = (
                ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
            )
            raise CommandError(f"There is no project named {slug}. Projects: {known}.") from None

    def progress(self) -> Progress:
        """A bar with count, rate of travel and time left; silent when the output is not a terminal."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
