"""The units of a run: claimed by a worker under a lease, finished, failed or handed back. Part of ``actions``.

The table is the queue of record. A worker holds a unit by its lease; every write about a unit carries the
``attempts`` it was claimed with, so that a worker that lost its lease changes nothing. Leases go by the database's
clock (``annotate/clock.py``): machines whose own clocks are hours apart neither steal from each other nor wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, prefetch_related_objects

from annotate import clock
from annotate.assign.worth import note_said
from annotate.enums import RunState, UnitState
from annotate.models import Pair, Run, Trace, Unit
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.contracts import Finding

from .machine_labels import write_machine_labels
from .rows import storable_json, storable_text

LEASE_SECONDS = 60
# A unit whose worker died this often without finishing it is more likely the cause than the victim. High, because
# whatever a worker has just claimed counts when it is killed: twenty crashes of a machine must give nothing up.
MAX_ATTEMPTS = 30

_ABOUT_A_TRACE = ("trace__problem", "trace__steps")
_ABOUT_A_PAIR = (
    "pair__left_trace__problem",
    "pair__left_trace__steps",
    "pair__right_trace__steps",
    "pair__left_step__trace__problem",
    "pair__left_step__trace__steps",
    "pair__right_step",
)


def begin_run(run: Run) -> None:
    """Say that a worker has taken the run up, which may be long before its model is loaded and units are claimed."""
    Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
        state=RunState.RUNNING, started_at=clock.now()
    )


def claim_units(run: Run, worker: str, limit: int, *, lease_seconds: float = LEASE_SECONDS) -> list[Unit]:
    """Take up to ``limit`` units that nobody holds, problem by problem, with what they are about loaded.

    Of a problem that another worker is at nothing is taken: traces of one problem ask the same questions, and two
    workers that ask at once would both pay. Also gives up on units that took ``MAX_ATTEMPTS`` workers with them.
    Empty when nothing is left to take.
    """
    _give_up_lost(run)
    wanted = _claimed(run, worker, limit, lease_seconds)
    if wanted:
        begin_run(run)
    mine = Unit.objects.filter(pk__in=wanted, worker=worker, state=UnitState.RUNNING)
    return _loaded(run, list(mine.order_by("problem", "pk")))


@transaction.atomic
def _claimed(run: Run, worker: str, limit: int, lease_seconds: float) -> list[int]:
    # The run's row is the gate: two claims that look at once would both find a problem free. SQLite runs one
    # transaction at a time anyhow. Foreign keys to the run are not held up by this lock.
    is_open = Run.objects.filter(pk=run.pk, wants_cancel=False, state__in=(RunState.QUEUED, RunState.RUNNING))
    if not list(is_open.select_for_update(no_key=True).values_list("pk", flat=True)):
        return []
    now = clock.now()
    # What was begun is taken up before what was not; two queries, because one with OR reads the whole table.
    wanted: list[int] = []
    for free in (_lost(run, now, worker), Unit.objects.filter(run=run, state=UnitState.PENDING)):
        mine = free.exclude(problem__in=_held_problems(run, now, worker)).order_by("problem", "pk")
        # A unit that is being finished or released at this moment is locked, and passed over.
        locked = mine.select_for_update(skip_locked=True).values_list("pk", flat=True)
        wanted += locked[: max(0, limit - len(wanted))]
    Unit.objects.filter(pk__in=wanted).update(
        state=UnitState.RUNNING,
        worker=worker,
        lease_until=now + timedelta(seconds=lease_seconds),
        attempts=F("attempts") + 1,
    )
    return wanted


def _lost(run: Run, now: Any, worker: str = "") -> QuerySet[Unit]:
    return Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__lt=now).exclude(worker=worker)


def _held_problems(run: Run, now: Any, worker: str) -> QuerySet[Any]:
    """The problems that other workers are at."""
    held = Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__gte=now)
    return held.exclude(worker=worker).order_by().values("problem")


def free_units(run: Run) -> QuerySet[Unit]:
    """What a worker that holds nothing yet could claim right now."""
    now = clock.now()
    is_lost = Q(state=UnitState.RUNNING, lease_until__lt=now)
    free = Unit.objects.filter(Q(state=UnitState.PENDING) | is_lost, run=run)
    return free.exclude(problem__in=_held_problems(run, now, worker=""))


def _loaded(run: Run, units: list[Unit]) -> list[Unit]:
    traces = [unit for unit in units if unit.trace_id is not None]
    pairs = [unit for unit in units if unit.pair_id is not None]
    prefetch_related_objects(traces, *_ABOUT_A_TRACE)
    prefetch_related_objects(pairs, *_ABOUT_A_PAIR)
    for unit in units:
        unit.run = run
    return units


def _give_up_lost(run: Run) -> None:
    for unit in _lost(run, clock.now()).filter(attempts__gte=MAX_ATTEMPTS):
        if _is_worn(unit):
            _give_up(unit)


def _is_worn(unit: Unit) -> bool:
    return unit.attempts - _forgiven(unit) >= MAX_ATTEMPTS


def _forgiven(unit: Unit) -> int:
    """Attempts that do not count against the unit; ``attempts`` itself only grows, for it tells two claims apart."""
    return int(unit.findings.get("attempts_forgiven", 0))


def _give_up(unit: Unit) -> None:
    reason = f"Given up: {MAX_ATTEMPTS} workers stopped while they held this trace. {unit.error}"
    fail_unit(unit, reason.strip())


def heartbeat(units: Iterable[Unit], worker: str, *, lease_seconds: float = LEASE_SECONDS) -> set[int]:
    """Extend the leases that ``worker`` still holds; the keys of the units it still holds."""
    keys = [unit.pk for unit in units]
    held = Unit.objects.filter(pk__in=keys, worker=worker, state=UnitState.RUNNING)
    held.update(lease_until=clock.now() + timedelta(seconds=lease_seconds))
    return set(held.values_list("pk", flat=True))


@transaction.atomic
def finish_unit(unit: Unit, finding: Finding) -> bool:
    """Write what the strategy found: labels, silences, totals. False, and nothing written, when the lease was lost, or
    when the trace was cut anew meanwhile: the unit is then open again.

    Raises Rejected when an opinion does not fit its criterion or what the unit is about.
    """
    silences = [
        {"position": s.position, "reason": s.reason, "evidence": storable_json(s.evidence)}
        for s in finding.silences
    ]
    findings = {
        "labels": len(finding.opinions),
        "silences": silences,
        "summary": storable_json(finding.summary),
    }
    run = unit.run
    assert run.rater is not None
    about = _locked(unit)
    if about is None:
        # The steps it looked at are others now: somebody looks again, and what was paid for is not asked again.
        _close(unit, UnitState.PENDING, error="")
        return False
    version = about.boundary_version if isinstance(about, Trace) else None
    if not _close(unit, UnitState.DONE, findings=findings, error="", boundary_version=version):
        return False
    # An audit says nothing of the trace itself: taking back what it no longer says would take back the judge's labels.
    if run.name != AUDIT:
        write_machine_labels(run.rater, run.criterion, about, finding.opinions, run=run)
        if isinstance(about, Trace):
            # Behind the commit: a turn is locked before its trace everywhere else.
            transaction.on_commit(partial(note_said, [about.pk]))
    return True


def _locked(unit: Unit) -> Trace | Pair | None:
    """What the unit is about; None for a trace whose steps have been split or merged since the unit was claimed.

    Two runs of one rater may finish it at once: the second must see the first's labels.
    """
    if unit.trace is not None:
        current = Trace.objects.select_for_update().get(pk=unit.trace.pk)
        return unit.trace if current.boundary_version == unit.trace.boundary_version else None
    assert unit.pair is not None
    Pair.objects.select_for_update().get(pk=unit.pair.pk)
    return unit.pair


def fail_unit(unit: Unit, error: str) -> bool:
    """Record why a unit could not be labelled; it gets no label. False when the lease was lost."""
    return _close(unit, UnitState.FAILED, error=storable_text(error))


def _close(unit: Unit, state: UnitState, **facts: Any) -> bool:
    mine = Unit.objects.filter(pk=unit.pk, state=UnitState.RUNNING, attempts=unit.attempts)
    return mine.update(state=state, lease_until=None, **facts) == 1


def release_units(run: Run, units: Iterable[Unit], *, error: str = "", is_their_fault: bool = False) -> int:
    """Hand held units back unfinished; their completions stay, so nothing is paid twice. Cancelled if so wanted.

    A worker that can hand them back has not died of them: the attempt does not count, unless they may be at fault.
    """
    is_cancelled = Run.objects.filter(pk=run.pk, wants_cancel=True).exists()
    state = UnitState.CANCELLED if is_cancelled else UnitState.PENDING
    facts: dict[str, Any] = {"error": storable_text(error)}
    n_released = 0
    for unit in units:
        if not is_their_fault:
            facts["findings"] = {**unit.findings, "attempts_forgiven": _forgiven(unit) + 1}
        n_released += _close(unit, state, **facts)
    return n_released


def release_dead(run: Run, is_dead: Callable[[str], bool]) -> int:
    """Hand back what workers hold whose process is known to be gone; nobody has to wait for their leases then."""
    held = Unit.objects.filter(run=run, state=UnitState.RUNNING)
    names = held.order_by().values_list("worker", flat=True).distinct()
    left = list(held.filter(worker__in=[name for name in names if is_dead(name)]))
    for unit in left:
        if _is_worn(unit):
            _give_up(unit)
    return release_units(run, [unit for unit in left if not _is_worn(unit)], is_their_fault=True)
