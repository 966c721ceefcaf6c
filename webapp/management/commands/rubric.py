"""``python3 manage.py rubric PROJECT``: what it asks, and what it shall ask from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.errors import Conflict
from annotate.ingest.founding import add_criteria, create_from_preset, use_rubric
from annotate.ingest.presets import GALLERY, READY_MADE
from annotate.ingest.queries import versions_of
from annotate.ingest.rubric_rows import criteria_of
from annotate.label.actions import carry_over
from annotate.label.carrying import Carriage
from annotate.label.mapping import Move, move_to, usual_moves
from annotate.models import Label, Project, Rubric
from webapp.management.base import GradusCommand

SHOWN_READINGS = 20


class Command(GradusCommand):
    help = "Show what a project's rubric asks, or let it ask something else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--add",
            choices=sorted(READY_MADE),
            help="preference: which of a pair is better; dimensions: confidence, relevance and coherence of each step",
        )
        what.add_argument(
            "--preset", choices=tuple(GALLERY), help="ask by this rubric of the gallery from now on"
        )
        what.add_argument(
            "--use", metavar="VERSION", help='ask by this version from now on: "PRM verdicts v2"'
        )
        what.add_argument("--versions", action="store_true", help="list the versions and their labels")
        parser.add_argument(
            "--new-version",
            action="store_true",
            help="where labels rest on the rubric: go on without them, by a new version",
        )
        parser.add_argument(
            "--carry", action="store_true", help="with --use or --preset: carry the labels over to it"
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="OLD=NEW",
            help="with --carry: question=question, or question.level=level; nothing behind the = sets it aside",
        )
        parser.add_argument("--dry-run", action="store_true", help="with --carry: count, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if (options["map"] or options["dry_run"]) and not options["carry"]:
            raise CommandError("--map and --dry-run belong to --carry.")
        if options["versions"]:
            self.console.print(_versions(project))
        elif options["add"]:
            self.console.print(_table(self._added(project, options)))
        elif options["preset"] or options["use"]:
            self._change(project, options)
        elif project.rubric is None:
            self.console.print(f"{project.slug} has no rubric.")
        else:
            self.console.print(_table(project.rubric))

    def _added(self, project: Project, options: dict[str, Any]) -> Rubric:
        try:
            return add_criteria(project, READY_MADE[options["add"]], as_new_version=options["new_version"])
        except Conflict as refusal:
            if options["new_version"]:
                raise
            raise Conflict(f"{refusal} To do that: --new-version") from refusal

    def _change(self, project: Project, options: dict[str, Any]) -> None:
        n = Label.objects.live().filter(criterion__rubric=project.rubric).count() if project.rubric else 0
        if n and not options["carry"] and not options["new_version"]:
            raise Conflict(
                f"{n} labels rest on {project.rubric}; they stay, and no longer count for the project."
                " To do that: --new-version. To carry them over: --carry"
            )
        if options["preset"] and options["dry_run"]:
            raise CommandError("A dry run makes no version: make it first, then name it with --use.")
        if options["preset"]:
            rubric = create_from_preset(project, options["preset"])
        else:
            rubric = _version(project, options["use"])
        if options["carry"]:
            moves = _moves(project, rubric, options["map"])
            self._say(carry_over(rubric, moves, is_dry_run=options["dry_run"]), rubric, options["dry_run"])
        else:
            use_rubric(project, rubric)
            self.console.print(_table(rubric))

    def _say(self, carriage: Carriage, rubric: Rubric, is_dry_run: bool) -> None:
        self.console.print("Nothing was changed. It would have been:" if is_dry_run else f"Asks by {rubric}.")
        table = Table("question", "answer", "becomes", box=SIMPLE, pad_edge=False)
        table.add_column("labels", justify="right")
        for question in carriage.questions:
            for answer in question.answers:
                becomes = "set aside" if answer.to is None else f"{question.to}: {answer.to or 'words'}"
                table.add_row(question.key, answer.value or "in words", becomes, f"{answer.n:,}")
        self.console.print(table)
        self.console.print(f"{carriage.n_carried:,} labels carried over, {carriage.n_aside:,} set aside.")
        self.console.print(f"{carriage.n_complete:,} submitted readings stay complete.")
        if carriage.incomplete:
            self.console.print(f"{len(carriage.incomplete):,} miss an answer and go back into the queue:")
        for reading in carriage.incomplete[:SHOWN_READINGS]:
            line = f"  {reading.trace}, read by {reading.reader}: {reading.missing}"
            self.console.print(line, markup=False, soft_wrap=True)
        if len(carriage.incomplete) > SHOWN_READINGS:
            self.console.print(f"  and {len(carriage.incomplete) - SHOWN_READINGS:,} more")


def _version(project: Project, name: str) -> Rubric:
    known = {str(rubric): rubric for rubric in project.rubrics.all()}
    if name not in known:
        raise CommandError(f"{project.slug} has no version {name}. It has: {', '.join(known)}.")
    return known[name]


def _moves(project: Project, new: Rubric, said: list[str]) -> dict[str, Move]:
    """The usual moves, changed by what was said, questions first."""
    before = {one.key: one for one in criteria_of(project.rubric)} if project.rubric else {}
    after = {one.key: one for one in criteria_of(new)}
    moves = usual_moves(list(before.values()), list(after.values()))
    for word in sorted(said, key=lambda word: "." in word.partition("=")[0]):
        source, equals, to = word.partition("=")
        question, _, level = source.partition(".")
        if not equals or question not in before:
            raise CommandError(f"--map {word}: write OLD=NEW, with a question of {project.rubric} first.")
        if not level:
            moves[question] = Move(to or None, move_to(before[question], after.get(to)).levels)
        else:
            standing = moves.get(question, Move(None))
            moves[question] = Move(standing.to, {**standing.levels, level: to or None})
    return moves


def _versions(project: Project) -> Table:
    table = Table("version", "state", box=SIMPLE, pad_edge=False)
    table.add_column("labels", justify="right")
    for version in versions_of(project):
        state = "frozen" if version.rubric.is_frozen else "draft"
        table.add_row(
            str(version.rubric), f"in use, {state}" if version.is_in_use else state, f"{version.n_labels:,}"
        )
    return table


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
