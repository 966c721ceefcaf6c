"""Filling a queue and working out its order, in pieces that anybody may go on with. The only writer of fillings.

What is asked for is a row. A small project's is worked through at once by whoever asks; a big one's waits for a
worker (``workers/tasks/assign.py``) or for the command ``queue``. Each piece is one transaction, with the project's row
and then the filling's locked: a killed worker loses the piece it was at and nothing else, and two take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.enums import FillingStage, RunState
from annotate.errors import Conflict
from annotate.models import Filling, Project, Trace, Turn

from .compare.pieces import Making, Wanted, begin, make_some
from .filling import (
    BATCH,
    Known,
    add_some_turns,
    known_of,
    locked_project,
    move_open_slots,
    notice_gold,
    work_out_some,
)
from .manage.contracts import Change, TraceFilter
from .manage.pieces import PIECE, change_some
from .ordering import get_policy
from .rules import rules_of
from .slots import BATCH as SLOTS_BATCH
from .slots import add_some_slots

# A project of so many traces is filled while the person waits: a few seconds on a laptop.
MOST_AT_ONCE = 5000
LEFT_ALONE = timedelta(seconds=30)


def is_big(project: Project) -> bool:
    """Whether filling it is left to a worker."""
    return Trace.objects.filter(project=project).count() > MOST_AT_ONCE


@transaction.atomic
def ask_filling(project: Project, *, slots: bool = False, order: bool = False) -> Filling:
    """Note that the queue is to be filled with slots, put in order anew, or both, and begin at the beginning.

    What was asked for earlier and is not done yet, stopped or failed, is asked for again with it.
    """
    current = locked_project(project)
    filling, _ = Filling.objects.select_for_update().get_or_create(project=current)
    if filling.state != RunState.DONE:
        slots, order = slots or filling.wants_slots, order or filling.wants_order
    turns = Turn.objects.filter(project=current).count()
    traces = Trace.objects.filter(project=current).count()
    filling.number += 1
    filling.wants_slots, filling.wants_order = slots, order
    filling.state, filling.cursor, filling.error = RunState.QUEUED, 0, ""
    filling.stage = FillingStage.TURNS if slots else FillingStage.ORDER
    filling.total = (traces - turns + traces if slots else 0) + (turns if order else 0)
    # A change of many traces that is not over yet comes behind.
    filling.total += filling.change["total"] - filling.change["done"] if filling.change else 0
    filling.done = filling.n_turns = filling.n_changed = filling.n_slots = 0
    filling.seconds = 0.0
    filling.asked_at, filling.touched_at, filling.finished_at = clock.now(), None, None
    filling.save()
    return filling


@transaction.atomic
def ask_change(project: Project, wanted: TraceFilter, change: Change, *, total: int) -> Filling:
    """Note that one thing is to be done to the traces of a filter that there are now.

    Raises Conflict while something else of the queue is under way, or was stopped and waits.
    """
    current = locked_project(project)
    filling = _nothing_else(current)
    newest = Trace.objects.filter(project=current).aggregate(newest=Max("pk"))["newest"] or 0
    asked = {"which": asdict(wanted), "what": asdict(change), "upto": newest}
    return _ask_alone(filling, FillingStage.CHANGE, asked | {"cursor": 0, "done": 0, "total": total})


@transaction.atomic
def ask_comparing(project: Project, wanted: Wanted) -> Filling:
    """Note that pairs or lineups are to be made of the traces there are now, and people asked about all of them.

    Raises Conflict while something else of the queue is under way, or was stopped and waits.
    """
    current = locked_project(project)
    filling = _nothing_else(current)
    return _ask_alone(filling, FillingStage.COMPARE, asdict(begin(current, wanted)))


def _nothing_else(project: Project) -> Filling:
    filling, _ = Filling.objects.select_for_update().get_or_create(project=project)
    if filling.state != RunState.DONE:
        raise Conflict(
            gettext(
                "The queue is being filled or changed, or was stopped at it. Let that come to its end first, then do"
                " this."
            )
        )
    return filling


def _ask_alone(filling: Filling, stage: FillingStage, change: dict[str, Any]) -> Filling:
    filling.number += 1
    filling.wants_slots = filling.wants_order = False
    filling.state, filling.stage, filling.cursor, filling.error = RunState.QUEUED, stage, 0, ""
    filling.change = change
    filling.total, filling.done = change["total"], 0
    filling.n_turns = filling.n_changed = filling.n_slots = 0
    filling.seconds = 0.0
    filling.asked_at, filling.touched_at, filling.finished_at = clock.now(), None, None
    filling.save()
    return filling


def begin_filling(project: Project, *, slots: bool = False, order: bool = False) -> Filling:
    """Ask for it, and do it at once where the project is small; else the caller sends it to a worker."""
    filling = ask_filling(project, slots=slots, order=order)
    return filling if is_big(project) else work_filling(project)


def work_filling(
    project: Project,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    show: Callable[[Filling], None] = lambda filling: None,
    breath: float = 0.0,
) -> Filling:
    """Go on, piece by piece, until it is over or ``should_stop`` says so; returns the row as it then stands.

    ``breath``: seconds between two pieces in which others may write, where the database has one writer at a time.
    """
    desk = _Desk(project)
    while True:
        try:
            filling = desk.do_a_piece()
        except OperationalError:
            # The database was busy or went away; the row is as it was, and whoever comes next goes on.
            raise
        except Exception as error:
            _fail(project, error)
            raise
        show(filling)
        if filling.is_over or should_stop():
            return filling
        time.sleep(breath)


class _Desk:
    """One process at a project's filling, with what it has worked out once for all pieces."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: tuple[int, Known] | None = None

    @transaction.atomic
    def do_a_piece(self) -> Filling:
        current = locked_project(self.project)
        filling = Filling.objects.select_for_update().get(project=current)
        if filling.is_over:
            return filling
        started = time.perf_counter()
        filling.state = RunState.RUNNING
        {
            FillingStage.TURNS: self._turns,
            FillingStage.ORDER: self._order,
            FillingStage.MOVE: self._move,
            FillingStage.SLOTS: self._slots,
            FillingStage.CHANGE: self._change,
            FillingStage.COMPARE: self._compare,
        }[FillingStage(filling.stage)](current, filling)
        filling.seconds += time.perf_counter() - started
        filling.touched_at = clock.now()
        filling.save()
        return filling

    def _turns(self, project: Project, filling: Filling) -> None:
        rules = rules_of(project)
        if filling.cursor == 0:
            notice_gold(project)
        n, filling.cursor = add_some_turns(project, rules, filling.cursor)
        filling.n_turns += n
        filling.done += n
        if n == BATCH:
            return
        # Where the order spreads traces evenly, new ones move those that were there.
        if filling.n_turns and not filling.wants_order and get_policy(rules.policy).needs_share:
            filling.wants_order = True
            filling.total += Turn.objects.filter(project=project).count()
        elif filling.wants_order:
            filling.total += filling.n_turns
        _go_to(filling, FillingStage.ORDER if filling.wants_order else FillingStage.SLOTS)

    def _order(self, project: Project, filling: Filling) -> None:
        known = self._known_for(project, filling)
        n, filling.cursor, changed = work_out_some(project, rules_of(project), filling.cursor, known)
        filling.n_changed += changed
        filling.done += n
        if n < BATCH:
            _go_to(filling, FillingStage.MOVE)

    def _move(self, project: Project, filling: Filling) -> None:
        move_open_slots(project)
        if filling.wants_slots:
            _go_to(filling, FillingStage.SLOTS)
        else:
            _go_to_change(filling)

    def _slots(self, project: Project, filling: Filling) -> None:
        n, filling.cursor, made = add_some_slots(project, rules_of(project), filling.cursor)
        filling.n_slots += made
        filling.done += n
        if n < SLOTS_BATCH:
            _go_to_change(filling)

    def _change(self, project: Project, filling: Filling) -> None:
        asked = filling.change
        assert asked is not None
        wanted, change = TraceFilter(**asked["which"]), Change(**asked["what"])
        ids = change_some(project, wanted, change, after=asked["cursor"], upto=asked["upto"])
        filling.done += len(ids)
        filling.n_changed += len(ids)
        asked["done"] += len(ids)
        asked["cursor"] = ids[-1] if ids else asked["cursor"]
        if len(ids) < PIECE:
            _finish(filling)

    def _compare(self, project: Project, filling: Filling) -> None:
        assert filling.change is not None
        started = time.perf_counter()
        making = Making(**filling.change)
        parts = len(making.parts)
        filling.done += make_some(project, making)
        if len(making.parts) == parts:
            making.part_seconds += time.perf_counter() - started
        filling.change = asdict(making)
        if not making.parts:
            _finish(filling)

    def _known_for(self, project: Project, filling: Filling) -> Known:
        if self._known is None or self._known[0] != filling.number:
            self._known = (filling.number, known_of(project))
        return self._known[1]


def _go_to(filling: Filling, stage: FillingStage) -> None:
    filling.stage, filling.cursor = stage, 0


def _go_to_change(filling: Filling) -> None:
    """What is last, where many traces are to be changed or comparisons to be made; else it is over."""
    if filling.change is None:
        _finish(filling)
    else:
        _go_to(filling, FillingStage.COMPARE if _is_making(filling) else FillingStage.CHANGE)


def _is_making(filling: Filling) -> bool:
    """Whether what is last is a making of comparisons."""
    return filling.change is not None and "parts" in filling.change


def _finish(filling: Filling) -> None:
    filling.state, filling.finished_at, filling.change = RunState.DONE, clock.now(), None
    filling.done = filling.total


def _fail(project: Project, error: Exception) -> None:
    open_ones = Filling.objects.filter(project=project, state__in=(RunState.QUEUED, RunState.RUNNING))
    said = f"{type(error).__name__}: {error}"[:1000]
    open_ones.update(state=RunState.FAILED, error=said, finished_at=clock.now())


@transaction.atomic
def cancel_filling(project: Project) -> Filling:
    """Stop between two pieces. What is done stays, and the rest waits to be taken up."""
    filling = Filling.objects.select_for_update().filter(project=project).first()
    if filling is None or filling.is_over:
        raise Conflict(gettext("The queue is not being filled just now."))
    filling.state, filling.finished_at = RunState.CANCELLED, clock.now()
    filling.save(update_fields=["state", "finished_at"])
    return filling


@transaction.atomic
def resume_filling(project: Project) -> Filling:
    """Let what was stopped or failed go on where it ended; what is under way stays as it is."""
    filling = Filling.objects.select_for_update().filter(project=project).first()
    if filling is None or filling.state == RunState.DONE:
        raise Conflict(gettext("Nothing of the queue waits to be filled."))
    if filling.is_over:
        filling.state, filling.error, filling.finished_at = RunState.QUEUED, "", None
        filling.save(update_fields=["state", "error", "finished_at"])
    return filling


def left_alone(since: timedelta) -> QuerySet[Filling]:
    """Fillings that are not over and that nobody has touched for so long, to be sent to a worker again."""
    before = clock.now() - since
    is_still = Q(touched_at__lt=before) | Q(touched_at=None, asked_at__lt=before)
    return Filling.objects.filter(is_still, state__in=(RunState.QUEUED, RunState.RUNNING))


@dataclass(frozen=True, slots=True)
class FillingProgress:
    """How far a filling is, for people. ``eta_seconds`` None: nothing is done yet, or nobody is at it."""

    state: RunState
    stage: FillingStage
    done: int
    total: int
    n_slots: int
    eta_seconds: float | None
    error: str
    # Where comparisons are made: new pairs, new lineups, and how often people are asked more than before.
    n_pairs: int = 0
    n_lineups: int = 0
    n_comparisons: int = 0
    # Nobody has begun, or nobody has been at it for a while.
    is_left_alone: bool = False

    @property
    def percent(self) -> int:
        """Never 100 before all of it is done."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def is_stopped(self) -> bool:
        return self.state in (RunState.CANCELLED, RunState.FAILED)

    @property
    def is_waiting(self) -> bool:
        return self.state == RunState.QUEUED

    @property
    def is_order(self) -> bool:
        """Whether the order itself is not settled yet: what is open stands as it did before."""
        return self.stage in (FillingStage.ORDER, FillingStage.MOVE)

    @property
    def is_change(self) -> bool:
        """Whether it is one thing done to many traces."""
        return self.stage == FillingStage.CHANGE

    @property
    def is_comparing(self) -> bool:
        """Whether pairs or lineups are made and put to people."""
        return self.stage == FillingStage.COMPARE


def progress_of(filling: Filling) -> FillingProgress:
    left = max(0, filling.total - filling.done)
    done, seconds = filling.done, filling.seconds
    making = Making(**filling.change) if filling.change is not None and _is_making(filling) else Making({})
    if filling.stage == FillingStage.COMPARE:
        done, seconds = making.part_done, making.part_seconds
    is_moving = filling.state == RunState.RUNNING and done > 0
    return FillingProgress(
        state=RunState(filling.state),
        stage=FillingStage(filling.stage),
        done=min(filling.done, filling.total),
        total=filling.total,
        n_slots=filling.n_slots,
        eta_seconds=seconds / done * left if is_moving else None,
        error=filling.error,
        n_pairs=making.pairs,
        n_lineups=making.lineups,
        n_comparisons=making.slots,
        is_left_alone=not filling.is_over
        and (filling.touched_at is None or filling.touched_at < clock.now() - LEFT_ALONE),
    )


def filling_of(project: Project) -> FillingProgress | None:
    """What is still being filled, or was stopped on the way; None where the queue is as it was asked to be."""
    filling = Filling.objects.filter(project=project).exclude(state=RunState.DONE).first()
    return None if filling is None else progress_of(filling)
