"""The life of a pre-labelling run: opened, claimed unit by unit, finished, cancelled, tried again.

The units' table is the queue of record. A worker holds a unit by its lease; every write about a unit carries the
``attempts`` it was claimed with, so that a worker that lost its lease changes nothing. All clocks are the workers'
own: they have to agree to within the lease. No model is asked and no network used in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotate.enums import RaterKind, RunKind, RunState, Scope, UnitState
from annotate.errors import Rejected
from annotate.models import Completion as CompletionRow
from annotate.models import Criterion, Person, Project, Run, Trace, Unit

from .contracts import Answer, Completion, Finding
from .machine_labels import write_machine_labels
from .queries import run_totals, stored_completions
from .raters import machine_rater
from .rows import completion_of, row_of, storable_json, storable_text
from .strategies import strategy_called

__all__ = [
    "begin_run",
    "cancel_run",
    "claim_units",
    "close_run_if_over",
    "fail_run",
    "fail_unit",
    "finish_unit",
    "heartbeat",
    "may_use",
    "note_trouble",
    "open_run",
    "release_dead",
    "release_units",
    "retry_failed",
    "store_completions",
    "write_machine_labels",
]

LEASE_SECONDS = 60
# A unit whose worker died this often without finishing it is more likely the cause than the victim.
MAX_ATTEMPTS = 10

# A rollout says whether the model can still recover, which is another question than whether a step is right.
_CRITERION_OF = {RaterKind.ROLLOUT: "recoverable"}
_DEFAULT_CRITERION = "verdict"
_OPEN = (UnitState.PENDING, UnitState.RUNNING)


@transaction.atomic
def open_run(
    project: Project,
    *,
    strategy: str,
    backend: str = "",
    settings: Mapping[str, Any] | None = None,
    criterion_key: str | None = None,
    created_by: Person | None = None,
    traces: QuerySet[Trace] | None = None,
    rater_name: str = "",
    allowed_backends: Sequence[str] | None = None,
) -> Run:
    """Write a run and one unit for each of ``traces`` (all of the project's by default).

    The settings are stored in full, defaults included, so that the run means the same after a default changes.
    Raises Rejected (naming the field) for settings, criterion, backend or traces that cannot work, Conflict when
    ``rater_name`` belongs to another configuration. Nothing is sent to a worker here.

    ``allowed_backends`` are those that somebody other than the operator may name; None allows every one. A worker
    opens the folder or calls the address it is given, so a free choice would lend out its disk and its network.
    """
    entry = strategy_called(strategy)
    resolved = storable_json(asdict(entry.settings(settings or {})))
    if entry.needs_backend and not backend:
        raise Rejected(f"{entry.name} asks a model: name a backend", field="backend")
    backend = backend if entry.needs_backend else ""
    if backend and not may_use(backend, allowed_backends):
        known = ", ".join(allowed_backends or ()) or "none (the operator names them in GRADUS_BACKENDS)"
        raise Rejected(f"is not among the models people may use here: {known}", field="backend")
    criterion = _criterion(
        project, criterion_key or _CRITERION_OF.get(RaterKind(entry.rater_kind), _DEFAULT_CRITERION)
    )
    chosen = list(
        (traces if traces is not None else project.traces.all()).order_by("pk").values_list("pk", "project")
    )
    if not chosen:
        raise Rejected("there is no trace to label", field="traces")
    if any(owner != project.pk for _, owner in chosen):
        raise Rejected("a trace belongs to another project", field="traces")
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name=entry.name,
        criterion=criterion,
        rater=machine_rater(project, entry, backend=backend, settings=resolved, name=rater_name),
        backend=backend,
        settings=resolved,
        created_by=created_by,
    )
    Unit.objects.bulk_create((Unit(run=run, trace_id=pk) for pk, _ in chosen), batch_size=1000)
    return run


def may_use(backend: str, allowed: Sequence[str] | None) -> bool:
    """Whether ``allowed`` names the backend; an entry that ends in a star allows whatever begins like it."""
    return allowed is None or any(
        backend.startswith(entry[:-1]) if entry.endswith("*") else backend == entry for entry in allowed
    )


def _criterion(project: Project, key: str) -> Criterion:
    criteria = Criterion.objects.select_related("rubric").filter(rubric=project.rubric_id)
    found = criteria.filter(key=key).first()
    if found is None:
        known = ", ".join(criteria.values_list("key", flat=True)) or "none"
        raise Rejected(f"the project's rubric has no criterion {key}; it has: {known}", field="criterion")
    if found.scope == Scope.PAIR:
        raise Rejected(f"{key} is asked about pairs, a run labels traces", field="criterion")
    return found


def begin_run(run: Run) -> None:
    """Say that a worker has taken the run up, which may be long before its model is loaded and units are claimed."""
    Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
        state=RunState.RUNNING, started_at=timezone.now()
    )


@transaction.atomic
def claim_units(run: Run, worker: str, limit: int, *, lease_seconds: float = LEASE_SECONDS) -> list[Unit]:
    """Take up to ``limit`` units that nobody holds, oldest first, with their traces and steps loaded.

    Also gives up on units that took ``MAX_ATTEMPTS`` workers with them. Empty when nothing is left to take.
    """
    now = timezone.now()
    if not Run.objects.filter(
        pk=run.pk, wants_cancel=False, state__in=(RunState.QUEUED, RunState.RUNNING)
    ).exists():
        return []
    _give_up_lost(run)
    is_lost = Q(state=UnitState.RUNNING, lease_until__lt=now) & ~Q(worker=worker)
    free = Unit.objects.filter(Q(state=UnitState.PENDING) | is_lost, run=run)
    # Skipping locked rows keeps two claims apart on PostgreSQL; SQLite runs one transaction at a time.
    wanted = list(
        free.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit]
    )
    free.filter(pk__in=wanted).update(
        state=UnitState.RUNNING,
        worker=worker,
        lease_until=now + timedelta(seconds=lease_seconds),
        attempts=F("attempts") + 1,
    )
    if wanted:
        begin_run(run)
    claimed = Unit.objects.filter(pk__in=wanted, worker=worker, state=UnitState.RUNNING).order_by("pk")
    units = list(claimed.select_related("trace__problem").prefetch_related("trace__steps"))
    for unit in units:
        unit.run = run
    return units


def _give_up_lost(run: Run) -> None:
    lost = Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__lt=timezone.now())
    for unit in lost.filter(attempts__gte=MAX_ATTEMPTS):
        if _is_worn(unit):
            _give_up(unit)


def _is_worn(unit: Unit) -> bool:
    forgiven: int = unit.findings.get("attempts_forgiven", 0)
    return unit.attempts - forgiven >= MAX_ATTEMPTS


def _give_up(unit: Unit) -> None:
    reason = f"Given up: {MAX_ATTEMPTS} workers stopped while they held this trace. {unit.error}"
    fail_unit(unit, reason.strip())


def heartbeat(units: Iterable[Unit], worker: str, *, lease_seconds: float = LEASE_SECONDS) -> set[int]:
    """Extend the leases that ``worker`` still holds; the keys of the units it still holds."""
    keys = [unit.pk for unit in units]
    held = Unit.objects.filter(pk__in=keys, worker=worker, state=UnitState.RUNNING)
    held.update(lease_until=timezone.now() + timedelta(seconds=lease_seconds))
    return set(held.values_list("pk", flat=True))


def store_completions(run: Run, answers: Sequence[Answer]) -> dict[tuple[str, int], Completion]:
    """Store answers in one short transaction and return, by (digest, sample), what is stored now.

    Where another worker answered the same sample of the same question first, its answer stands and is returned.
    """
    rows = [row_of(run, answer) for answer in answers]
    try:
        with transaction.atomic():
            CompletionRow.objects.bulk_create(rows)
    except IntegrityError:
        CompletionRow.objects.bulk_create(rows, ignore_conflicts=True)
    else:
        return {(row.digest, row.sample): completion_of(row) for row in rows}
    held = stored_completions(run, {row.digest for row in rows})
    return {(row.digest, row.sample): held[row.digest, row.sample] for row in rows}


@transaction.atomic
def finish_unit(unit: Unit, finding: Finding) -> bool:
    """Write what the strategy found: labels, silences, totals. False, and nothing written, when the lease was lost.

    Raises Rejected when an opinion does not fit the criterion or the trace.
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
    if not _close(unit, UnitState.DONE, findings=findings, error=""):
        return False
    run = unit.run
    assert run.rater is not None
    # Two runs of one rater may finish the same trace at once; the second must see the first one's labels.
    Trace.objects.select_for_update().get(pk=unit.trace_id)
    write_machine_labels(run.rater, run.criterion, unit.trace, finding.opinions, run=run)
    return True


def fail_unit(unit: Unit, error: str) -> bool:
    """Record why a trace could not be labelled; it gets no label. False when the lease was lost."""
    return _close(unit, UnitState.FAILED, error=storable_text(error))


def _close(unit: Unit, state: UnitState, **facts: Any) -> bool:
    mine = Unit.objects.filter(pk=unit.pk, state=UnitState.RUNNING, attempts=unit.attempts)
    return mine.update(state=state, lease_until=None, **facts) == 1


def release_units(run: Run, units: Iterable[Unit], *, error: str = "") -> int:
    """Hand held units back unfinished; their completions stay, so nothing is paid twice. Cancelled if so wanted."""
    is_cancelled = Run.objects.filter(pk=run.pk, wants_cancel=True).exists()
    state = UnitState.CANCELLED if is_cancelled else UnitState.PENDING
    return sum(_close(unit, state, error=storable_text(error)) for unit in units)


def release_dead(run: Run, is_dead: Callable[[str], bool]) -> int:
    """Hand back what workers hold whose process is known to be gone; nobody has to wait for their leases then."""
    held = Unit.objects.filter(run=run, state=UnitState.RUNNING)
    names = held.order_by().values_list("worker", flat=True).distinct()
    left = list(held.filter(worker__in=[name for name in names if is_dead(name)]))
    for unit in left:
        if _is_worn(unit):
            _give_up(unit)
    return release_units(run, [unit for unit in left if not _is_worn(unit)])


def note_trouble(run: Run, trouble: str) -> None:
    """Say on the run why it is waiting, or, with an empty text, that it no longer is."""
    Run.objects.filter(pk=run.pk).exclude(error=trouble).update(error=storable_text(trouble))


@transaction.atomic
def fail_run(run: Run, error: str) -> None:
    """Fail every open unit for one reason that none of them can escape, and close the run."""
    open_units = Unit.objects.filter(run=run, state__in=_OPEN)
    open_units.update(
        state=UnitState.FAILED, error=storable_text(error), lease_until=None, attempts=F("attempts") + 1
    )
    close_run_if_over(run)


@transaction.atomic
def cancel_run(run: Run) -> bool:
    """Stop a run: nothing more is claimed, and workers let go between two batches. False when it was over.

    What has been labelled and paid for stays.
    """
    is_open = Run.objects.filter(pk=run.pk, state__in=(RunState.QUEUED, RunState.RUNNING))
    if not is_open.update(wants_cancel=True):
        return False
    Unit.objects.filter(run=run, state=UnitState.PENDING).update(state=UnitState.CANCELLED)
    close_run_if_over(run)
    return True


@transaction.atomic
def retry_failed(run: Run) -> int:
    """Open the failed and cancelled units of a run again; how many. Answers already paid for are used again."""
    again = list(Unit.objects.filter(run=run, state__in=(UnitState.FAILED, UnitState.CANCELLED)))
    for unit in again:
        unit.state, unit.error = UnitState.PENDING, ""
        unit.findings = {"attempts_forgiven": unit.attempts}
    Unit.objects.bulk_update(again, ("state", "error", "findings"), batch_size=500)
    if again:
        Run.objects.filter(pk=run.pk).update(wants_cancel=False, error="")
        over = Run.objects.filter(pk=run.pk).exclude(state__in=(RunState.QUEUED, RunState.RUNNING))
        over.update(state=RunState.QUEUED, finished_at=None, summary={})
    return len(again)


@transaction.atomic
def close_run_if_over(run: Run) -> bool:
    """Close the run once no unit is open: cancelled, failed (when none succeeded) or done, with its totals."""
    current = Run.objects.select_for_update().get(pk=run.pk)
    if current.is_over:
        return False
    if current.wants_cancel:
        lost = Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__lt=timezone.now())
        lost.update(state=UnitState.CANCELLED, lease_until=None)
    if Unit.objects.filter(run=run, state__in=_OPEN).exists():
        return False
    totals = run_totals(current)
    current.summary = totals.as_json()
    current.state = totals.final_state
    current.error = totals.failure
    current.finished_at = timezone.now()
    current.save(update_fields=["summary", "state", "error", "finished_at"])
    return True
