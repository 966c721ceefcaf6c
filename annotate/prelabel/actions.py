"""The life of a pre-labelling run: opened, worked at unit by unit, finished, cancelled, tried again.

Everything that writes for this stage is named here. No model is asked and no network used in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import F

from annotate import clock
from annotate.enums import NoticeEvent, RunState, UnitState
from annotate.errors import Conflict
from annotate.models import Run, Unit
from annotate.notices.announcing import announce

from .contracts import Answer, Completion
from .queries import stored_completions
from .runs.budget import budget_of, checked_limit
from .runs.machine_labels import write_machine_labels
from .runs.opening import may_use, open_run
from .runs.rows import insert_completions, storable_text, stored_form
from .runs.totals import RunTotals, completion_sums, run_totals
from .runs.units import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    begin_run,
    claim_units,
    fail_unit,
    finish_unit,
    heartbeat,
    release_dead,
    release_units,
)

__all__ = [
    "LEASE_SECONDS",
    "MAX_ATTEMPTS",
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
    "raise_budget",
    "release_dead",
    "release_units",
    "retry_failed",
    "stop_if_spent",
    "store_completions",
    "write_machine_labels",
]

_OPEN = (UnitState.PENDING, UnitState.RUNNING)


def store_completions(run: Run, answers: Sequence[Answer]) -> dict[tuple[str, int], Completion]:
    """Store answers in one short transaction and return, by (digest, sample), what is stored now.

    Where another worker answered the same sample of the same question first, its answer stands and is returned.
    """
    new = [replace(answer, completion=stored_form(answer.completion)) for answer in answers]
    with transaction.atomic():
        is_all_new = insert_completions(run, new)
    held = {(one.digest, one.completion.sample): one.completion for one in new}
    if not is_all_new:
        known = stored_completions(run, {one.digest for one in new})
        held = {place: known[place] for place in held}
    return held


def note_trouble(run: Run, trouble: str) -> None:
    """Say on the run why it is waiting, or, with an empty text, that it no longer is."""
    Run.objects.filter(pk=run.pk).exclude(error=trouble).update(error=storable_text(trouble))


@transaction.atomic
def fail_run(run: Run, error: str) -> None:
    """Fail every open unit for one reason that none of them can escape, and close the run."""
    _locked(run)
    open_units = Unit.objects.filter(run=run, state__in=_OPEN)
    open_units.update(
        state=UnitState.FAILED, error=storable_text(error), lease_until=None, attempts=F("attempts") + 1
    )
    close_run_if_over(run)


@transaction.atomic
def cancel_run(run: Run) -> bool:
    """Stop a run: nothing more is claimed, and workers let go within seconds. False when it was over.

    What has been labelled and paid for stays.
    """
    is_open = Run.objects.filter(pk=run.pk, state__in=(RunState.QUEUED, RunState.RUNNING))
    if not is_open.update(wants_cancel=True):
        return False
    Unit.objects.filter(run=run, state=UnitState.PENDING).update(state=UnitState.CANCELLED)
    close_run_if_over(run)
    return True


@transaction.atomic
def stop_if_spent(run: Run) -> bool:
    """Stop the run once its budget is used up, as ``cancel_run`` does; whether it is used up."""
    is_spent = budget_of(run).is_spent
    if is_spent:
        cancel_run(run)
    return is_spent


@transaction.atomic
def raise_budget(run: Run, *, tokens: int | None = None, completions: int | None = None) -> None:
    """Allow the run more; None leaves a limit as it is. ``retry_failed`` then goes on with a run that had stopped.

    Raises Rejected when a limit would be used up at once.
    """
    used = completion_sums(run)
    new = {
        "budget_tokens": checked_limit(
            "budget_tokens", tokens, above=used.prompt_tokens + used.completion_tokens
        ),
        "budget_completions": checked_limit("budget_completions", completions, above=used.completions),
    }
    Run.objects.filter(pk=run.pk).update(
        **{field: limit for field, limit in new.items() if limit is not None}
    )


@transaction.atomic
def retry_failed(run: Run, *, only_failed: bool = False, unit: int | None = None) -> int:
    """Open the failed and, unless told otherwise, cancelled units of a run again, or one of them; how many.

    Answers already paid for are used again.

    Raises Conflict while the run's budget is spent.
    """
    _locked(run)
    if note := budget_of(run).note:
        raise Conflict(note)
    states = (UnitState.FAILED,) if only_failed else (UnitState.FAILED, UnitState.CANCELLED)
    wanted = Unit.objects.filter(run=run, state__in=states)
    again = list(wanted if unit is None else wanted.filter(pk=unit))
    for one in again:
        one.state, one.error = UnitState.PENDING, ""
        one.findings = {"attempts_forgiven": one.attempts}
    Unit.objects.bulk_update(again, ("state", "error", "findings"), batch_size=500)
    if again:
        Run.objects.filter(pk=run.pk).update(wants_cancel=False, error="")
        over = Run.objects.filter(pk=run.pk).exclude(state__in=(RunState.QUEUED, RunState.RUNNING))
        over.update(state=RunState.QUEUED, finished_at=None, summary={})
    return len(again)


@transaction.atomic
def close_run_if_over(run: Run) -> bool:
    """Close the run once no unit is open: cancelled, failed (when none succeeded) or done, with its totals.

    Whoever wants to know is told, unless somebody has stopped it, who knows.
    """
    current = _locked(run)
    if current.is_over:
        return False
    if current.wants_cancel:
        lost = Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__lt=clock.now())
        lost.update(state=UnitState.CANCELLED, lease_until=None)
    if Unit.objects.filter(run=run, state__in=_OPEN).exists():
        return False
    totals = run_totals(current)
    current.summary = totals.as_json()
    current.state = totals.final_state
    is_cancelled = totals.final_state == RunState.CANCELLED
    spent = budget_of(run).note if is_cancelled else ""
    current.error = spent or totals.failure
    current.finished_at = clock.now()
    current.save(update_fields=["summary", "state", "error", "finished_at"])
    if spent or not is_cancelled:
        _announce(current, totals)
    return True


def _announce(run: Run, totals: RunTotals) -> None:
    facts: dict[str, Any] = {"run": run.pk, "kind": run.kind, "name": run.name}
    facts |= {"done": totals.units.get(UnitState.DONE, 0), "total": sum(totals.units.values())}
    event = NoticeEvent.RUN_FINISHED
    if run.state != RunState.DONE:
        event = NoticeEvent.RUN_FAILED
        facts["why"] = "budget" if run.state == RunState.CANCELLED else "units"
    assert run.finished_at is not None
    # A run that is tried again ends again.
    announce(run.project_id, event, key=f"run:{run.pk}:{run.finished_at.isoformat()}", **facts)


def _locked(run: Run) -> Run:
    """The run, to be changed. Before any of its units are, so that two writers never wait for each other."""
    return Run.objects.select_for_update(no_key=True).get(pk=run.pk)
