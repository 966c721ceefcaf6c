"""Counts and sums over a run's units and completions, and what a finished run comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from annotate.enums import RunState, UnitState
from annotate.models import Completion, Run, Unit


@dataclass(frozen=True, slots=True)
class Sums:
    """``cost`` is in US dollars, of the completions whose price is known; None when none is.

    ``unpriced`` counts the completions without a known price. The tokens of a prompt are counted once per request.
    """

    completions: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    unpriced: int


def completion_sums(run: Run) -> Sums:
    sums = Completion.objects.filter(run=run).aggregate(
        n=Count("pk"),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        total_cost=Sum("cost"),
        priced=Count("cost"),
    )
    return Sums(
        sums["n"],
        sums["prompt"] or 0,
        sums["completion"] or 0,
        sums["total_cost"],
        sums["n"] - sums["priced"],
    )


def unit_counts(run: Run) -> Counter[str]:
    """How many units are in each state."""
    rows = Unit.objects.filter(run=run).order_by().values_list("state").annotate(n=Count("pk"))
    return Counter(dict(rows))


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What a finished run comes to; kept in ``Run.summary``. ``cost`` and ``unpriced`` as in ``Sums``."""

    units: Mapping[str, int]
    labels: int
    silences: Mapping[str, int]
    completions: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    unpriced: int
    errors: tuple[tuple[str, int], ...]
    noun: str = "traces"

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
        return f"{failed} of {sum(self.units.values())} {self.noun} failed{reason}"

    def as_json(self) -> dict[str, Any]:
        return {
            "units": dict(self.units),
            "labels": self.labels,
            "silences": dict(self.silences),
            "completions": dict(self.completions),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "unpriced": self.unpriced,
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
    sums = completion_sums(run)
    return RunTotals(
        units=dict(unit_counts(run)),
        labels=labels,
        silences=dict(silences.most_common()),
        completions=dict(by_reason),
        prompt_tokens=sums.prompt_tokens,
        completion_tokens=sums.completion_tokens,
        cost=sums.cost,
        unpriced=sums.unpriced,
        errors=tuple(failed.annotate(n=Count("pk")).order_by("-n", "error")),
        noun="pairs" if Unit.objects.filter(run=run, pair__isnull=False).exists() else "traces",
    )
