"""Every step of every trace with its decision and its votes, as Parquet: nothing left out, nothing rounded.

One row per step, also for those dropped or still asked about (their label is null), so that another rule can be tried
on the same votes; ``tiers`` chooses among them. ``p_correct`` is the soft target of policies that have one, for every
step. A second table holds a row per trace with its scores (:mod:`annotate.export.scores`), a third the
raters. The bytes depend on the rows and the version of pyarrow alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from annotate.enums import Action, Tier
from annotate.export.contracts import (
    TRAIN,
    Format,
    RaterRow,
    SelectSettings,
    Source,
    Split,
    StepRow,
    TraceRow,
    Written,
)
from annotate.export.scores import p_good, trace_scores
from annotate.export.tables import Column, Lists, Table, arrow
from annotate.models import Run

STEPS, TRACES, RATERS = "data/steps.parquet", "traces/traces.parquet", "raters/raters.parquet"
_SCORES = ("min", "product", "last", "mean", "pure")


def check(run: Run, settings: SelectSettings) -> None:
    arrow()


def write(source: Source, folder: Path, settings: SelectSettings) -> Written:
    counts = dict.fromkeys(("traces_written", "steps_written", *(f"steps_{a.value}" for a in Action)), 0)
    steps: dict[str, _Steps] = {}
    traces: dict[str, _Traces] = {}
    with ExitStack() as stack:
        for trace in source.traces():
            if trace.split not in steps:
                steps[trace.split] = _Steps(stack, folder / _in_split(STEPS, trace.split))
                traces[trace.split] = _Traces(stack, folder / _in_split(TRACES, trace.split))
            chosen = [step for step in trace.steps if not settings.tiers or step.tier in settings.tiers]
            traces[trace.split].add(trace)
            counts["traces_written"] += bool(chosen)
            for step in chosen:
                steps[trace.split].add(trace, step)
                counts["steps_written"] += 1
                counts[f"steps_{step.action.value}"] += 1
    _write_raters(source.raters, folder / RATERS)
    names = [name for name in (TRAIN, *sorted(steps)) if name in steps]
    names = list(dict.fromkeys(names))
    return Written(
        splits=(
            *(Split("steps", _in_split(STEPS, name), is_default=True, name=name) for name in names),
            *(Split("traces", _in_split(TRACES, name), name=name) for name in names),
            Split("raters", RATERS),
        ),
        rows=counts["steps_written"],
        counts=counts,
    )


def _in_split(path: str, split: str) -> str:
    return path if split == TRAIN else path.replace(".parquet", f"-{split}.parquet")


class _Steps:
    def __init__(self, stack: ExitStack, target: Path) -> None:
        pa = arrow()
        text, number = pa.string(), pa.float64()
        kinds = {
            "position": pa.int32(),
            "probability": number,
            "weight": number,
            "risk": number,
            "p_correct": number,
        }
        names = (
            "trace",
            "problem",
            "problem_text",
            "source_model",
            "outcome",
            "position",
            "kind",
            "text",
            "action",
            "label",
            "probability",
            "tier",
            "risk",
            "p_correct",
            "reason",
            "explanation",
            "weight",
        )
        self.votes = Lists(
            [
                ("rater", text),
                ("kind", text),
                ("criterion", text),
                ("value", text),
                ("score", number),
                ("is_simulated", pa.bool_()),
                ("text", text),
                ("seconds", number),
            ]
        )
        flat = {name: Column(kinds.get(name, text)) for name in names}
        self.table = stack.enter_context(Table(target, {**flat, "votes": self.votes}))
        self._flat = [flat[name] for name in names]
        self._vote = list(self.votes.columns.values())

    def add(self, trace: TraceRow, step: StepRow) -> None:
        row = (
            trace.trace,
            trace.problem,
            trace.problem_text,
            trace.source_model or None,
            trace.outcome,
            step.position,
            step.kind,
            step.text,
            step.action.value,
            step.value or None,
            step.probability,
            step.tier or None,
            step.risk,
            step.p_correct,
            step.reason,
            step.explanation,
            step.weight,
        )
        for column, value in zip(self._flat, row, strict=True):
            column.values.append(value)
        for vote in step.votes:
            rater = vote.rater
            said = (
                rater.name,
                rater.kind,
                vote.criterion,
                vote.value,
                vote.score,
                rater.is_simulated,
                vote.text,
                vote.seconds,
            )
            for column, value in zip(self._vote, said, strict=True):
                column.values.append(value)
        self.votes.close_row(len(step.votes))
        self.table.close_row()


class _Traces:
    def __init__(self, stack: ExitStack, target: Path) -> None:
        pa = arrow()
        text, number, whole = pa.string(), pa.float64(), pa.int32()
        kinds: dict[str, Any] = {
            "trace": text,
            "problem": text,
            "reference_answer": text,
            "source_model": text,
            "outcome": text,
            "steps": whole,
            "steps_kept": whole,
            **{f"score_{name}": number for name in _SCORES},
        }
        self.columns = {name: Column(kind) for name, kind in kinds.items()}
        self.table = stack.enter_context(Table(target, dict(self.columns)))

    def add(self, trace: TraceRow) -> None:
        scores = trace_scores([p_good(step) for step in trace.steps])
        row: tuple[Any, ...] = (
            trace.trace,
            trace.problem,
            trace.reference_answer,
            trace.source_model or None,
            trace.outcome,
            len(trace.steps),
            sum(step.action == Action.KEEP for step in trace.steps),
            *(scores[name] for name in _SCORES),
        )
        for column, value in zip(self.columns.values(), row, strict=True):
            column.values.append(value)
        self.table.close_row()


def _write_raters(raters: Sequence[RaterRow], target: Path) -> None:
    pa = arrow()
    columns = {"rater": Column(pa.string()), "kind": Column(pa.string()), "is_simulated": Column(pa.bool_())}
    with Table(target, dict(columns)) as table:
        for rater in raters:
            for column, value in zip(
                columns.values(), (rater.name, rater.kind, rater.is_simulated), strict=True
            ):
                column.values.append(value)
            table.close_row()


def limits(settings: SelectSettings) -> tuple[str, ...]:
    return (
        "Steps whose action is drop or ask have no label; that is neither right nor wrong.",
        "The votes are the labels the policy read; labels made later are not here.",
        "A trace has scores only where each of its steps has a probability.",
    )


PARQUET = Format(
    name="parquet",
    version=2,
    title="Every step with its votes (Parquet)",
    settings=SelectSettings,
    check=check,
    write=write,
    task="text-classification",
    limits=limits,
    holds_weights=True,
    tiers=(Tier.A, Tier.B, Tier.C, Tier.D),
)
