"""Which traces of a consensus are written, in which split, and what their steps weigh; every loss is counted.

In this order: problems known from a benchmark go, then traces nearly the same as an earlier one of their problem with
the same numbers and labels, then those over the cap of their problem, then what balance takes away. The last two choose
by the hash of the seed and the trace's name, and only among those for training.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, Verdict
from annotate.export.contracts import TRAIN, SelectSettings, Source, StepRow, TraceRow
from annotate.export.tiers import of_tiers
from annotate.models import Run

from .problems import Problems, sort_problems
from .twins import twins

KNOWN, ALIKE, CAPPED, BALANCED = "known_from_benchmark", "near_duplicate", "over_the_cap", "balanced_away"
OTHER_TIER = "of_another_tier"
_TITLES = {
    KNOWN: "Kept, but of problems known from a benchmark",
    ALIKE: "Kept, but in traces nearly the same as an earlier one of their problem, numbers and labels included",
    CAPPED: "Kept, but in traces over the cap of their problem",
    OTHER_TIER: "Kept, but of another tier",
    BALANCED: "Kept, but in traces left out to balance right and wrong",
}


@dataclass(slots=True)
class Selection:
    """What was chosen. ``counts`` and ``traces`` are of the last time the source was read to its end."""

    problems: Problems
    settings: SelectSettings
    criterion: str
    dropped: Mapping[int, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    traces: Counter[str] = field(default_factory=Counter)

    def of(self, source: Source) -> Source:
        return Source(source.run, source.raters, lambda: self._chosen(source.traces()))

    def _chosen(self, traces: Iterator[TraceRow]) -> Iterator[TraceRow]:
        steps: Counter[str] = Counter()
        found: Counter[str] = Counter()
        is_plain = not self.problems.splits and self.settings.weighting == "none"
        for trace in traces:
            if reason := self._reason(trace):
                steps[reason] += sum(step.action == Action.KEEP for step in trace.steps)
                found[reason] += 1
                continue
            chosen, n_left = of_tiers(trace, self.settings.tiers) if self.settings.tiers else (trace, 0)
            steps[OTHER_TIER] += n_left
            found[OTHER_TIER] += n_left > 0
            yield chosen if is_plain else self._placed(chosen)
        self.steps, self.traces = steps, found

    def _reason(self, trace: TraceRow) -> str:
        if self.settings.contaminated == "drop" and trace.problem in self.problems.known:
            return KNOWN
        return self.dropped.get(trace.pk, "")

    def _placed(self, trace: TraceRow) -> TraceRow:
        split = self.problems.split_of(trace.problem)
        if self.settings.weighting == "none":
            return replace(trace, split=split)
        steps = tuple(step._replace(weight=self._weight(step)) for step in trace.steps)
        return replace(trace, split=split, steps=steps)

    def _weight(self, step: StepRow) -> float | None:
        if step.action != Action.KEEP:
            return None
        if self.settings.weighting == "balanced":
            return self.weights.get(step.value)
        votes = [vote.value for vote in step.votes if vote.criterion == self.criterion]
        return sum(value == step.value for value in votes) / len(votes) if votes else None

    def funnel(self) -> tuple[FunnelRow, ...]:
        """Only what was asked for has a line."""
        asked = {
            KNOWN: bool(self.settings.benchmarks) and self.settings.contaminated == "drop",
            ALIKE: self.settings.duplicates == "drop",
            CAPPED: self.settings.max_per_problem > 0,
            BALANCED: self.settings.balance != "off",
            OTHER_TIER: bool(self.settings.tiers),
        }
        return tuple(
            FunnelRow(key, _TITLES[key], Action.DROP.value, self.steps[key], self.traces[key])
            for key, is_asked in asked.items()
            if is_asked
        )

    def as_json(self) -> dict[str, Any]:
        told = self.problems.as_json()
        return told | ({"weights": dict(self.weights)} if self.weights else {})


@dataclass(frozen=True, slots=True)
class _Kept:
    """A trace of which something is kept."""

    pk: int
    name: str
    problem: str
    has_error: bool


def select(run: Run, settings: SelectSettings, benchmarks: Path | None) -> Selection:
    """Memory grows by a name and a few numbers per trace, only where traces are chosen among."""
    problems = sort_problems(run.project, settings, benchmarks)
    selection = Selection(problems, settings, run.criterion.key)
    wants = settings.duplicates == "drop" or settings.max_per_problem or settings.balance != "off"
    if wants:
        selection.dropped = _dropped(run, settings, problems)
    if settings.weighting == "balanced":
        selection.weights = _weights(run, selection)
    return selection


def _dropped(run: Run, settings: SelectSettings, problems: Problems) -> dict[int, str]:
    left = [
        trace
        for trace in _kept_traces(run)
        if settings.contaminated == "report" or trace.problem not in problems.known
    ]
    dropped: dict[int, str] = {}
    if settings.duplicates == "drop":
        problem_of = {trace.pk: trace.problem for trace in left}
        dropped |= dict.fromkeys(twins(run, problem_of, settings.similarity), ALIKE)
        left = [trace for trace in left if trace.pk not in dropped]
    training = [trace for trace in left if problems.split_of(trace.problem) == TRAIN]
    training.sort(key=lambda trace: _order(settings.seed, trace.name))
    if settings.max_per_problem:
        met: Counter[str] = Counter()
        for trace in training:
            met[trace.problem] += 1
            if met[trace.problem] > settings.max_per_problem:
                dropped[trace.pk] = CAPPED
        training = [trace for trace in training if trace.pk not in dropped]
    if settings.balance == "errors":
        wrong = [trace for trace in training if trace.has_error]
        right = [trace for trace in training if not trace.has_error]
        n = min(len(wrong), len(right))
        dropped |= dict.fromkeys((trace.pk for trace in (*wrong[n:], *right[n:])), BALANCED)
    return dropped


def _kept_traces(run: Run) -> list[_Kept]:
    kept = run.consensus.filter(action=Action.KEEP, step__retired_in=None)
    errors = set(
        kept.filter(value=Verdict.BAD).order_by().values_list("step__trace_id", flat=True).distinct()
    )
    rows = kept.order_by("step__trace_id").values_list(
        "step__trace_id", "step__trace__external_id", "step__trace__problem__external_id"
    )
    return [_Kept(pk, name, problem, pk in errors) for pk, name, problem in rows.distinct()]


def _weights(run: Run, selection: Selection) -> dict[str, float]:
    """So that every level weighs the same in all, and a step 1 on average, among those for training."""
    counts: Counter[str] = Counter()
    rows = run.consensus.filter(action=Action.KEEP, step__retired_in=None).order_by("pk")
    known = selection.problems.known if selection.settings.contaminated == "drop" else {}
    for pk, problem, value in rows.values_list(
        "step__trace_id", "step__trace__problem__external_id", "value"
    ).iterator(chunk_size=5000):
        if (
            pk not in selection.dropped
            and problem not in known
            and selection.problems.split_of(problem) == TRAIN
        ):
            counts[value] += 1
    total = counts.total()
    return {value: total / (len(counts) * n) for value, n in sorted(counts.items())}


def _order(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode(errors="replace")).digest()
