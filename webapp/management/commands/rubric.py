"""``python3 manage.py rubric PROJECT``: what it asks; with ``--add``, let it ask ready-made questions too."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.errors import Conflict
from annotate.ingest.founding import add_criteria, create_from_preset, use_rubric
from annotate.ingest.presets import GALLERY, READY_MADE
from annotate.models import Label, Project, Rubric
from webapp.management.base import GradusCommand


class Command(GradusCommand):
    help = "Show what a project's rubric asks, or let it ask ready-made questions for machines too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument(
            "--add",
            choices=sorted(READY_MADE),
            help="preference: which of a pair is better; dimensions: confidence, relevance and coherence of each step",
        )
        parser.add_argument(
            "--preset", choices=tuple(GALLERY), help="ask by this rubric of the gallery from now on"
        )
        parser.add_argument(
            "--new-version",
            action="store_true",
            help="where labels rest on the rubric: write its next version and ask by that from now on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if options["preset"]:
            self._take_up(project, options["preset"], is_said=options["new_version"])
        elif options["add"]:
            try:
                rubric = add_criteria(
                    project, READY_MADE[options["add"]], as_new_version=options["new_version"]
                )
            except Conflict as refusal:
                if options["new_version"]:
                    raise
                raise Conflict(f"{refusal} To do that: --new-version") from refusal
            self.console.print(_table(rubric))
        elif project.rubric is None:
            self.console.print(f"{project.slug} has no rubric.")
        else:
            self.console.print(_table(project.rubric))

    def _take_up(self, project: Project, preset: str, *, is_said: bool) -> None:
        n = Label.objects.live().filter(criterion__rubric=project.rubric).count() if project.rubric else 0
        if n and not is_said:
            raise Conflict(
                f"{n} labels rest on {project.rubric}; they stay, and no longer count for the project."
                " To do that: --new-version"
            )
        rubric = create_from_preset(project, preset)
        use_rubric(project, rubric)
        self.console.print(_table(rubric))


def _table(rubric: Rubric) -> Table:
    title = f"{rubric}{', frozen by its labels' if rubric.is_frozen else ''}"
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for column in ("key", "asked about a", "of", "levels"):
        table.add_column(column)
    for criterion in rubric.criteria.prefetch_related("levels"):
        table.add_row(
            criterion.key,
            criterion.get_scope_display().lower(),
            "people and machines" if criterion.is_asked else "machines",
            ", ".join(level.key for level in criterion.levels.all()),
        )
    return table
