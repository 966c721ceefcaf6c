"""``python3 manage.py prelabel PROJECT``: let a machine label a project's traces, or look after a run that does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.db.models import QuerySet

from annotate.enums import Scope
from annotate.errors import BackendError, Conflict, Rejected
from annotate.ingest.pairing import pair_traces
from annotate.models import Project, Run
from annotate.prelabel.actions import cancel_run, open_run, raise_budget, retry_failed
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.queries import has_live_worker, run_progress
from annotate.prelabel.strategies import STRATEGIES, strategy_called
from webapp.management.base import GradusCommand
from webapp.management.pairs import settings_from
from webapp.management.run_line import counts_line
from webapp.management.supervisor import Supervisor, worker_command
from workers.backends.registry import BACKENDS
from workers.calibration import settings_beside
from workers.celery import HAS_BROKER
from workers.shift import work_shift
from workers.tasks.prelabel import send_run

_POLL_SECONDS = 0.5
# How long a run may lie untouched before this command starts a worker of its own.
_PATIENCE_SECONDS = 5.0
_PLAIN_SECONDS = 10.0


class Command(GradusCommand):
    help = "Open a pre-labelling run and follow it; or resume, cancel or retry one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--strategy", choices=sorted(STRATEGIES), help="what to ask: docs/strategies.md")
        parser.add_argument(
            "--backend", default="", metavar="NAME:TARGET", help=f"one of {', '.join(BACKENDS)}"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="pairs",
            help="a setting, again and again",
        )
        parser.add_argument("--criterion", metavar="KEY", help="default: what the strategy usually answers")
        parser.add_argument("--limit", type=int, metavar="N", help="label the first N traces or pairs only")
        parser.add_argument(
            "--pairs",
            type=int,
            dest="pairs_per_problem",
            default=1,
            metavar="N",
            help="where a strategy compares and the project has no pairs yet: make N of each problem's traces",
        )
        parser.add_argument(
            "--budget-tokens", type=int, metavar="N", help="stop after N tokens, read and written together"
        )
        parser.add_argument("--budget-completions", type=int, metavar="N", help="stop after N completions")
        parser.add_argument(
            "--rater", default="", metavar="NAME", help="default: strategy and a digest of its settings"
        )
        parser.add_argument(
            "--no-wait", action="store_false", dest="is_followed", help="open the run and return"
        )
        parser.add_argument(
            "--wait", action="store_true", dest="is_followed", help="follow the run (default)"
        )
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--embedded", action="store_true", help="start a worker for the length of this command"
        )
        where.add_argument(
            "--here", action="store_true", help="do the work in this process, without a worker"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--resume", type=int, metavar="RUN", help="take up and follow a run")
        which.add_argument("--cancel", type=int, metavar="RUN", help="stop a run; what it labelled stays")
        which.add_argument(
            "--retry-failed", type=int, metavar="RUN", help="open its failed and cancelled traces again"
        )
        parser.set_defaults(is_followed=True)

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if options["cancel"] is not None:
            self._cancel(_run_of(project, options["cancel"]))
            return
        run = self._wanted_run(project, options)
        if options["here"]:
            self._work_here(run)
        else:
            send_run(run)
            if not options["is_followed"]:
                self.say(f"Run {run.pk} is queued. {_how_to_follow(run)}")
                return
            self._follow_to_end(run, is_embedded=options["embedded"])
        self._report(run)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    def _wanted_run(self, project: Project, options: dict[str, Any]) -> Run:
        if options["retry_failed"] is not None:
            run = _run_of(project, options["retry_failed"])
            raise_budget(run, tokens=options["budget_tokens"], completions=options["budget_completions"])
            self.say(f"Run {run.pk}: {retry_failed(run)} {_nouns(run)} opened again.")
            return run
        if options["resume"] is not None:
            run = _run_of(project, options["resume"])
            if run.is_over:
                raise Conflict(
                    f"Run {run.pk} is {run.state}. Its failed and cancelled traces: --retry-failed {run.pk}"
                )
            return run
        return self._opened_run(project, options)

    @transaction.atomic
    def _opened_run(self, project: Project, options: dict[str, Any]) -> Run:
        if options["strategy"] is None:
            raise CommandError(f"Name a --strategy: {', '.join(sorted(STRATEGIES))}.")
        entry = strategy_called(options["strategy"])
        given = settings_from(options["pairs"], entry.settings_class)
        run = open_run(
            project,
            strategy=entry.name,
            backend=options["backend"],
            settings=settings_beside(entry.name, options["backend"]) | given,
            criterion_key=options["criterion"],
            rater_name=options["rater"],
            budget_tokens=options["budget_tokens"],
            budget_completions=options["budget_completions"],
            **self._wanted_material(project, entry, options),
        )
        self.say(f"Run {run.pk}: {run.units.count()} {_nouns(run)}, {entry.title.lower()}, as {run.rater}")
        return run

    def _wanted_material(
        self, project: Project, entry: StrategyEntry, options: dict[str, Any]
    ) -> dict[str, Any]:
        if entry.task == "trace":
            return {"traces": _first(project.traces.all(), options["limit"])}
        if not project.pairs.exists():
            n = pair_traces(project, per_problem=options["pairs_per_problem"])
            self.say(f"{n} pairs of traces made, each of one problem.")
        return {"pairs": _first(project.pairs.all(), options["limit"])}

    def _cancel(self, run: Run) -> None:
        if not cancel_run(run):
            raise Conflict(f"Run {run.pk} was over: {run.state}.")
        self.say(f"Run {run.pk} stops. What it has labelled stays.")

    def _work_here(self, run: Run) -> None:
        bar = self.progress()
        row = bar.add_task(run.name, total=None, note="")
        last = 0.0

        def show() -> bool:
            nonlocal last
            if time.monotonic() - last > _POLL_SECONDS:
                last = time.monotonic()
                state = run_progress(run)
                bar.update(row, completed=state.settled, total=state.total, note=counts_line(state))
            return False

        try:
            with bar:
                self._shifts(run, show)
        except KeyboardInterrupt:
            self.say(f"Stopped. {_how_to_follow(run)}")
            raise CommandError(f"run {run.pk} is not finished", returncode=130) from None

    def _shifts(self, run: Run, show: Callable[[], bool]) -> None:
        while True:
            shift = work_shift(run.pk, should_stop=show)
            if shift.trouble:
                raise BackendError(
                    f"{shift.trouble} The run keeps its place. {_how_to_follow(run)}", retry=True
                )
            if not shift.has_more:
                return

    def _follow_to_end(self, run: Run, *, is_embedded: bool) -> None:
        own = Supervisor(settings.HOME / "logs")
        try:
            if is_embedded:
                self._start_worker(own)
            self._follow(run, own)
        except KeyboardInterrupt:
            self.say(f"No longer following. {_how_to_follow(run)}")
            raise CommandError(f"run {run.pk} is not finished", returncode=130) from None
        finally:
            own.stop()

    def _follow(self, run: Run, own: Supervisor) -> None:
        began = said = time.monotonic()
        with self.progress() as bar:
            row = bar.add_task(run.name, total=None, note="")
            while not (state := run_progress(run)).is_over:
                bar.update(row, completed=state.settled, total=state.total, note=counts_line(state))
                if not self.console.is_terminal and time.monotonic() - said > _PLAIN_SECONDS:
                    said = time.monotonic()
                    self.say(f"{state.settled} of {state.total} {_nouns(run)}. {counts_line(state)}")
                if own.children:
                    own.mend(self.say)
                elif (
                    not HAS_BROKER and time.monotonic() - began > _PATIENCE_SECONDS and not has_live_worker()
                ):
                    self._start_worker(own)
                time.sleep(_POLL_SECONDS)
            bar.update(row, completed=state.settled, total=state.total, note=counts_line(state))

    def _start_worker(self, own: Supervisor) -> None:
        child = own.start("prelabel-worker", worker_command())
        self.say(f"No worker is running: this command starts one and stops it at the end (log: {child.log}).")

    def _report(self, run: Run) -> None:
        state = run_progress(run)
        run.refresh_from_db()
        self.say(
            f"Run {run.pk} is {run.state}: {state.done} of {state.total} {_nouns(run)}. {counts_line(state)}"
        )
        if run.summary:
            self.say(f"{run.summary['labels']:,} labels by {run.rater} on {run.criterion}.")
            for reason, n in run.summary["silences"].items():
                self.say(f"  no label at {n:,} places: {reason}")
        for error, n in state.errors:
            self.say(f"  {n:,} × {error}")
        if state.failed:
            raise CommandError(f"{state.failed} {_nouns(run)} failed. Again: --retry-failed {run.pk}")


def _run_of(project: Project, pk: int) -> Run:
    run = Run.objects.filter(project=project, kind="prelabel", pk=pk).first()
    if run is None:
        known = Run.objects.filter(project=project, kind="prelabel").values_list("pk", flat=True)[:10]
        raise CommandError(
            f"{project} has no pre-labelling run {pk}; it has: {', '.join(map(str, known)) or 'none'}."
        )
    return run


def _first(rows: QuerySet[Any], limit: int | None) -> QuerySet[Any] | None:
    if limit is None:
        return None
    if limit < 1:
        raise Rejected("must be at least 1", field="limit")
    return rows.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:limit]))


def _nouns(run: Run) -> str:
    return "pairs" if run.criterion.scope == Scope.PAIR else "traces"


def _how_to_follow(run: Run) -> str:
    command = f"python3 manage.py prelabel {run.project.slug}"
    return f"Follow it: {command} --resume {run.pk}. Stop it: {command} --cancel {run.pk}"
