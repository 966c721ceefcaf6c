"""How far a run is, read from its rows alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min
from django.utils.translation import gettext, gettext_lazy, ngettext

from annotate import clock
from annotate.enums import FinishReason, RunState, UnitState
from annotate.models import Completion, Run, Unit
from annotate.models.counting import kept
from annotate.outage import Outage

from .attendance import on_duty
from .budget import Budget
from .totals import completion_sums, unit_counts

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
# Silences stand in the findings of units, which are read one by one; a finished run's summary counts them all.
_SILENCE_WINDOW = 500
_NO_REASON = gettext_lazy("no reason given")


# What is counted, and how often it occurred.
_Reason = tuple[str, int]


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker that holds units of the run. ``lease_seconds`` are left of its lease, below 0 once it is lost."""

    name: str
    units: int
    lease_seconds: float

    @property
    def is_alive(self) -> bool:
        return self.lease_seconds > 0


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run's counts. ``per_second`` (completions) and ``eta_seconds`` are None until there is a rate to speak of.

    ``errors`` are reasons with how often each occurred, commonest first; ``endings`` count completions by how they
    ended; ``silences`` are the commonest reasons to say nothing among the newest finished units. ``cost`` (US dollars)
    is None when no price is known, and ``unpriced`` counts the completions without one. ``budget_share`` is how much
    of the budget is used, None without a budget. ``crew`` are the workers that hold something of this run: an idle one
    leaves no trace in the database. ``note`` is one sentence for people, empty when there is nothing to say that the
    counts do not.
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
    errors: tuple[_Reason, ...]
    note: str
    cost: float | None = None
    unpriced: int = 0
    budget_tokens: int | None = None
    budget_completions: int | None = None
    budget_share: float | None = None
    endings: tuple[_Reason, ...] = ()
    silences: tuple[_Reason, ...] = ()
    crew: tuple[WorkerLine, ...] = ()

    @property
    def tokens(self) -> int:
        """Read and written together, as a budget counts them."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def workers(self) -> tuple[str, ...]:
        """The names of those whose lease holds."""
        return tuple(worker.name for worker in self.crew if worker.is_alive)

    @property
    def settled(self) -> int:
        """Units that need no more work."""
        return self.done + self.failed + self.cancelled

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


def run_progress(run: Run) -> RunProgress:
    """The state of ``run`` as it is now, in eight queries whatever its size; three of them read its completions.

    What is counted over very many units and completions is as it was a moment ago.
    """
    current = Run.objects.get(pk=run.pk)
    counts, sums, endings, failed = kept(
        f"run:{run.pk}:{current.state}",
        lambda: (unit_counts(run), completion_sums(run), _endings(run), _failures(run)),
        lambda found: found[0].total() + found[1].completions,
    )
    per_second = _completions_per_second(run)
    budget = Budget(
        current.budget_tokens,
        current.budget_completions,
        sums.prompt_tokens + sums.completion_tokens,
        sums.completions,
    )
    progress = RunProgress(
        state=RunState(current.state),
        total=sum(counts.values()),
        pending=counts[UnitState.PENDING],
        running=counts[UnitState.RUNNING],
        done=counts[UnitState.DONE],
        failed=counts[UnitState.FAILED],
        cancelled=counts[UnitState.CANCELLED],
        completions=sums.completions,
        prompt_tokens=sums.prompt_tokens,
        completion_tokens=sums.completion_tokens,
        cost=sums.cost,
        unpriced=sums.unpriced,
        budget_tokens=current.budget_tokens,
        budget_completions=current.budget_completions,
        budget_share=budget.share,
        per_second=per_second,
        eta_seconds=_eta(current, counts, sums.completions, per_second),
        errors=_errors(failed, endings),
        endings=_counted(endings),
        silences=_silences(run),
        crew=_crew(run, clock.now()),
        note="",
    )
    return replace(progress, note=_note(progress, budget, current))


def _note(progress: RunProgress, budget: Budget, run: Run) -> str:
    if progress.is_over:
        return run.error
    if run.wants_cancel and budget.is_spent:
        return budget.note
    if run.wants_cancel:
        return gettext("Stopping: the batch under way is finished first.")
    if run.error:
        return trouble_of(run.error)
    is_abandoned = not progress.workers and clock.now() - run.created_at > _GRACE
    if is_abandoned and _is_loading(progress, run):
        return gettext("A worker has taken it up and is loading the model.")
    if is_abandoned and progress.running:
        lost = Unit.objects.filter(run=run, state=UnitState.RUNNING).aggregate(at=Min("lease_until"))["at"]
        return (
            gettext("A worker stopped.")
            if lost is None
            else gettext("A worker stopped; its traces are free from %(lost)s on.")
            % {"lost": f"{lost:%H:%M:%S}"}
        )
    return waiting_for(on_duty().count()) if is_abandoned and progress.pending else ""


def trouble_of(error: str) -> str:
    """What a run's ``error`` says while the run goes on."""
    if error == Outage.FULL:
        return gettext("The disk of the database is full. Nothing is lost: workers go on once there is room.")
    if error == Outage.AWAY:
        return gettext("The database did not answer a worker. Nothing is lost: workers try again.")
    return gettext("The backend does not answer (%(error)s). Trying again.") % {"error": error}


def waiting_for(alive: int) -> str:
    """What is said of a run that nobody has taken up, by how many workers are alive."""
    if not alive:
        return gettext("No worker is alive. Start one with: python3 manage.py worker")
    return ngettext(
        "Waiting: %(alive)d worker is alive, none has taken it up yet.",
        "Waiting: %(alive)d workers are alive, none has taken it up yet.",
        alive,
    ) % {"alive": alive}


def _is_loading(progress: RunProgress, run: Run) -> bool:
    """Nothing is claimed before the model answers, so a run taken up a moment ago and untouched since is no orphan."""
    is_untouched = progress.pending == progress.total
    return is_untouched and run.started_at is not None and clock.now() - run.started_at < _LOADING


def _completions_per_second(run: Run) -> float | None:
    newest = (
        Completion.objects.filter(run=run).order_by("-pk").values_list("created_at", flat=True)[:_RATE_WINDOW]
    )
    times = list(newest)
    if len(times) < 2 or clock.now() - times[0] > _RATE_STALE:
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
    return left * (clock.now() - run.started_at).total_seconds() / finished


def _errors(failed: Sequence[tuple[str, int]], slips: Sequence[tuple[str, str, int]]) -> tuple[_Reason, ...]:
    reasons: Counter[str] = Counter()
    for error, n in failed:
        reasons[error or str(_NO_REASON)] += n
    for finish_reason, error, n in slips:
        if finish_reason in (FinishReason.ERROR, FinishReason.TIMEOUT):
            reasons[error or str(_NO_REASON)] += n
    return tuple(reasons.most_common(_SHOWN_ERRORS))


def _failures(run: Run) -> list[tuple[str, int]]:
    """(error, of how many units)."""
    failed = Unit.objects.filter(run=run, state=UnitState.FAILED).order_by().values_list("error")
    return list(failed.annotate(n=Count("pk")))


def _endings(run: Run) -> list[tuple[str, str, int]]:
    """(finish reason, error, how many completions)."""
    rows = Completion.objects.filter(run=run).order_by().values_list("finish_reason", "error")
    return list(rows.annotate(n=Count("pk")))


def _counted(endings: Sequence[tuple[str, str, int]]) -> tuple[_Reason, ...]:
    counts: Counter[str] = Counter()
    for finish_reason, _, n in endings:
        counts[finish_reason] += n
    return tuple(counts.most_common())


def _silences(run: Run) -> tuple[_Reason, ...]:
    newest = (
        Unit.objects.filter(run=run, state=UnitState.DONE).order_by("-pk").values_list("findings", flat=True)
    )
    reasons: Counter[str] = Counter()
    for findings in newest[:_SILENCE_WINDOW]:
        reasons.update(silence["reason"] for silence in findings.get("silences", ()))
    return tuple(reasons.most_common(_SHOWN_ERRORS))


def _crew(run: Run, now: datetime) -> tuple[WorkerLine, ...]:
    held = Unit.objects.filter(run=run, state=UnitState.RUNNING, lease_until__isnull=False).order_by()
    rows = held.values_list("worker").annotate(n=Count("pk"), until=Max("lease_until")).order_by("worker")
    return tuple(WorkerLine(name, n, (until - now).total_seconds()) for name, n, until in rows)
