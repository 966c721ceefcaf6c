"""How far a run is, read from its rows alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils import timezone

from annotate.enums import FinishReason, RunState, UnitState
from annotate.models import Completion, Run, Unit

# How many of the newest completions the rate is read from, and after how long a silence there is no rate to speak of.
_RATE_WINDOW = 500
_RATE_STALE = timedelta(seconds=120)
# A run that has just been queued is not yet abandoned.
_GRACE = timedelta(seconds=10)
# A model of some gigabytes takes about this long from a cold disk.
_LOADING = timedelta(seconds=180)
# Completions of one batch are stored together: over less than this they tell no rate.
_RATE_LEAST_SECONDS = 2.0
_SHOWN_ERRORS = 5


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run's counts. ``per_second`` (completions) and ``eta_seconds`` are None until there is a rate to speak of.

    ``errors`` are reasons with how often each occurred, commonest first; ``note`` is one sentence for people, empty
    when there is nothing to say that the counts do not.
    """

    state: RunState
    total: int
    pending: int
    running: int
    done: int
    failed: int
    cancelled: int
    completions: int
    prompt_tokens: int
    completion_tokens: int
    per_second: float | None
    eta_seconds: float | None
    errors: tuple[tuple[str, int], ...]
    workers: tuple[str, ...]
    note: str

    @property
    def settled(self) -> int:
        """Units that need no more work."""
        return self.done + self.failed + self.cancelled

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


def run_progress(run: Run) -> RunProgress:
    """The state of ``run`` as it is now; seven small queries whatever its size, and one over its completions."""
    now = timezone.now()
    current = Run.objects.get(pk=run.pk)
    counts = _unit_counts(run)
    total = sum(counts.values())
    sums = _completion_sums(run)
    per_second = _completions_per_second(run)
    held = Unit.objects.filter(run=run, state=UnitState.RUNNING)
    workers = held.filter(lease_until__gt=now).order_by("worker").values_list("worker", flat=True).distinct()
    progress = RunProgress(
        state=RunState(current.state),
        total=total,
        pending=counts[UnitState.PENDING],
        running=counts[UnitState.RUNNING],
        done=counts[UnitState.DONE],
        failed=counts[UnitState.FAILED],
        cancelled=counts[UnitState.CANCELLED],
        completions=sums["n"],
        prompt_tokens=sums["prompt"] or 0,
        completion_tokens=sums["completion"] or 0,
        per_second=per_second,
        eta_seconds=_eta(current, counts, sums["n"], per_second),
        errors=_errors(run),
        workers=tuple(workers),
        note="",
    )
    return replace(progress, note=_note(progress, current))


def _note(progress: RunProgress, run: Run) -> str:
    if progress.is_over:
        return run.error
    if run.wants_cancel:
        return "Stopping: the batch under way is finished first."
    if run.error:
        return f"The backend does not answer ({run.error}). Trying again."
    is_abandoned = not progress.workers and timezone.now() - run.created_at > _GRACE
    if is_abandoned and _is_loading(progress, run):
        return "A worker has taken it up and is loading the model."
    if is_abandoned and progress.running:
        lost = Unit.objects.filter(run=run, state=UnitState.RUNNING).aggregate(at=Min("lease_until"))["at"]
        return (
            "A worker stopped."
            if lost is None
            else f"A worker stopped; its traces are free from {lost:%H:%M:%S} on."
        )
    if is_abandoned and progress.pending:
        return "No worker is alive. Start one with: python3 manage.py worker"
    return ""


def _is_loading(progress: RunProgress, run: Run) -> bool:
    """Nothing is claimed before the model answers, so a run taken up a moment ago and untouched since is no orphan."""
    is_untouched = progress.pending == progress.total
    return is_untouched and run.started_at is not None and timezone.now() - run.started_at < _LOADING


def _unit_counts(run: Run) -> Counter[str]:
    rows = Unit.objects.filter(run=run).order_by().values_list("state").annotate(n=Count("pk"))
    return Counter(dict(rows))


def _completion_sums(run: Run) -> dict[str, Any]:
    return Completion.objects.filter(run=run).aggregate(
        n=Count("pk"), prompt=Sum("prompt_tokens"), completion=Sum("completion_tokens")
    )


def _completions_per_second(run: Run) -> float | None:
    newest = (
        Completion.objects.filter(run=run).order_by("-pk").values_list("created_at", flat=True)[:_RATE_WINDOW]
    )
    times = list(newest)
    if len(times) < 2 or timezone.now() - times[0] > _RATE_STALE:
        return None
    seconds = (max(times) - min(times)).total_seconds()
    return (len(times) - 1) / seconds if seconds >= _RATE_LEAST_SECONDS else None


def _eta(run: Run, counts: Mapping[str, int], completions: int, per_second: float | None) -> float | None:
    """Seconds left if the open units take what the finished ones took; None while nothing has finished."""
    left = counts[UnitState.PENDING] + counts[UnitState.RUNNING]
    finished = counts[UnitState.DONE]
    if left == 0 or finished == 0 or run.started_at is None:
        return None
    if completions:
        expected = completions * (finished + left) / finished
        return None if per_second is None else max(0.0, expected - completions) / per_second
    return left * (timezone.now() - run.started_at).total_seconds() / finished


def _errors(run: Run) -> tuple[tuple[str, int], ...]:
    failed = Unit.objects.filter(run=run, state=UnitState.FAILED).values_list("error").annotate(n=Count("pk"))
    slips = Completion.objects.filter(run=run, finish_reason__in=(FinishReason.ERROR, FinishReason.TIMEOUT))
    reasons: Counter[str] = Counter()
    for error, n in [*failed.order_by(), *slips.order_by().values_list("error").annotate(n=Count("pk"))]:
        reasons[error or "no reason given"] += n
    return tuple(reasons.most_common(_SHOWN_ERRORS))


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What a finished run comes to; kept in ``Run.summary``."""

    units: Mapping[str, int]
    labels: int
    silences: Mapping[str, int]
    completions: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    errors: tuple[tuple[str, int], ...]

    @property
    def final_state(self) -> RunState:
        if self.units.get(UnitState.CANCELLED):
            return RunState.CANCELLED
        if self.units.get(UnitState.FAILED) and not self.units.get(UnitState.DONE):
            return RunState.FAILED
        return RunState.DONE

    @property
    def failure(self) -> str:
        """One sentence on what failed, or nothing."""
        failed = self.units.get(UnitState.FAILED, 0)
        if not failed:
            return ""
        reason = f": {self.errors[0][0]}" if self.errors else "."
        return f"{failed} of {sum(self.units.values())} traces failed{reason}"

    def as_json(self) -> dict[str, Any]:
        return {
            "units": dict(self.units),
            "labels": self.labels,
            "silences": dict(self.silences),
            "completions": dict(self.completions),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


def run_totals(run: Run) -> RunTotals:
    """Counts over all units and completions of ``run``; silences by reason."""
    silences: Counter[str] = Counter()
    labels = 0
    done = (
        Unit.objects.filter(run=run, state=UnitState.DONE).order_by("pk").values_list("findings", flat=True)
    )
    for findings in done.iterator():
        labels += findings.get("labels", 0)
        silences.update(silence["reason"] for silence in findings.get("silences", ()))
    failed = Unit.objects.filter(run=run, state=UnitState.FAILED).order_by().values_list("error")
    by_reason = (
        Completion.objects.filter(run=run).order_by().values_list("finish_reason").annotate(n=Count("pk"))
    )
    sums = _completion_sums(run)
    return RunTotals(
        units=dict(_unit_counts(run)),
        labels=labels,
        silences=dict(silences.most_common()),
        completions=dict(by_reason),
        prompt_tokens=sums["prompt"] or 0,
        completion_tokens=sums["completion"] or 0,
        errors=tuple(failed.annotate(n=Count("pk")).order_by("-n", "error")),
    )
