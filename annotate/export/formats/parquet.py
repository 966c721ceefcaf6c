"""Every step of every trace with its decision and its votes, as Parquet: nothing left out, nothing rounded.

One row per step, also for those dropped or still asked about (their label is null), so that another rule can be tried
on the same votes; ``tiers`` chooses among them, and ``steps`` says how many the trace has. ``tail`` counts the
characters of the separator that ends a text. ``p_correct`` is the soft target of policies that have one, for every
step. A second table holds a row per trace with its scores (:mod:`annotate.export.scores`), a third the
raters. The bytes depend on the rows and the version of pyarrow alone.
"""

from __future__ import annotations

from collections import Counter
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
    VoteRow,
    Written,
)
from annotate.export.scores import p_good, trace_scores
from annotate.export.tables import Table, arrow, lists, transposed
from annotate.models import Run

STEPS, TRACES, RATERS = "data/steps.parquet", "traces/traces.parquet", "raters/raters.parquet"
_SCORES = ("min", "product", "last", "mean", "pure")


def check(run: Run, settings: SelectSettings) -> None:
    arrow()


def write(source: Source, folder: Path, settings: SelectSettings) -> Written:
    steps: dict[str, _Steps] = {}
    traces: dict[str, Table] = {}
    written = 0
    with ExitStack() as stack:
        for trace in source.traces():
            if trace.split not in steps:
                steps[trace.split] = _Steps(stack, folder / _in_split(STEPS, trace.split))
                target = folder / _in_split(TRACES, trace.split)
                traces[trace.split] = stack.enter_context(Table(target, _trace_fields(), transposed))
            chosen: Sequence[StepRow] = trace.steps
            if settings.tiers:
                chosen = [step for step in trace.steps if step.tier in settings.tiers]
            traces[trace.split].extend((_trace_row(trace),))
            steps[trace.split].table.extend([(trace, step) for step in chosen])
            written += bool(chosen)
    _write_raters(source.raters, folder / RATERS)
    names = [name for name in (TRAIN, *sorted(steps)) if name in steps]
    names = list(dict.fromkeys(names))
    actions = sum((table.actions for table in steps.values()), Counter())
    return Written(
        splits=(
            *(Split("steps", _in_split(STEPS, name), is_default=True, name=name) for name in names),
            *(Split("traces", _in_split(TRACES, name), name=name) for name in names),
            Split("raters", RATERS),
        ),
        rows=actions.total(),
        counts={
            "traces_written": written,
            "steps_written": actions.total(),
            **{f"steps_{action}": actions[action] for action in Action.values},
        },
    )


def _in_split(path: str, split: str) -> str:
    return path if split == TRAIN else path.replace(".parquet", f"-{split}.parquet")


class _Steps:
    """The table of one split's steps, and how many of those written have which action."""

    def __init__(self, stack: ExitStack, target: Path) -> None:
        pa = arrow()
        text, number = pa.string(), pa.float64()
        votes = {
            "rater": text,
            "kind": text,
            "criterion": text,
            "value": text,
            "score": number,
            "is_simulated": pa.bool_(),
            "text": text,
            "seconds": number,
        }
        fields = {
            "trace": text,
            "problem": text,
            "problem_text": text,
            "source_model": text,
            "outcome": text,
            "steps": pa.int32(),
            "position": pa.int32(),
            "kind": text,
            "text": text,
            "tail": pa.int32(),
            "action": text,
            "label": text,
            "probability": number,
            "tier": text,
            "risk": number,
            "p_correct": number,
            "reason": text,
            "explanation": text,
            "weight": number,
            "votes": pa.list_(pa.struct(list(votes.items()))),
        }
        self.actions: Counter[str] = Counter()
        self._votes = fields["votes"]
        self.table = stack.enter_context(Table(target, fields, self._columns))

    def _columns(self, rows: list[tuple[TraceRow, StepRow]]) -> list[Any]:
        traces, steps = zip(*rows, strict=True)
        of_step = dict(zip(StepRow._fields, zip(*steps, strict=True), strict=True))
        for action in Action:
            self.actions[action.value] += of_step["action"].count(action)
        return [
            [trace.trace for trace in traces],
            [trace.problem for trace in traces],
            [trace.problem_text for trace in traces],
            [trace.source_model or None for trace in traces],
            [trace.outcome for trace in traces],
            [len(trace.steps) for trace in traces],
            of_step["position"],
            of_step["kind"],
            of_step["text"],
            [len(text) - len(body) for text, body in zip(of_step["text"], of_step["body"], strict=True)],
            of_step["action"],
            [value or None for value in of_step["value"]],
            of_step["probability"],
            [tier or None for tier in of_step["tier"]],
            of_step["risk"],
            of_step["p_correct"],
            of_step["reason"],
            of_step["explanation"],
            of_step["weight"],
            lists(self._votes, of_step["votes"], _vote_columns),
        ]


def _vote_columns(votes: list[VoteRow]) -> list[Any]:
    raters, criteria, values, scores, texts, seconds = zip(*votes, strict=True)
    return [
        [rater.name for rater in raters],
        [rater.kind for rater in raters],
        criteria,
        values,
        scores,
        [rater.is_simulated for rater in raters],
        texts,
        seconds,
    ]


def _trace_fields() -> dict[str, Any]:
    pa = arrow()
    text, number, whole = pa.string(), pa.float64(), pa.int32()
    return {
        "trace": text,
        "problem": text,
        "reference_answer": text,
        "source_model": text,
        "outcome": text,
        "steps": whole,
        "steps_kept": whole,
        **{f"score_{name}": number for name in _SCORES},
    }


def _trace_row(trace: TraceRow) -> tuple[Any, ...]:
    scores = trace_scores([p_good(step) for step in trace.steps])
    return (
        trace.trace,
        trace.problem,
        trace.reference_answer,
        trace.source_model or None,
        trace.outcome,
        len(trace.steps),
        sum(step.action == Action.KEEP for step in trace.steps),
        *(scores[name] for name in _SCORES),
    )


def _write_raters(raters: Sequence[RaterRow], target: Path) -> None:
    pa = arrow()
    fields = {"rater": pa.string(), "kind": pa.string(), "is_simulated": pa.bool_()}
    with Table(target, fields, transposed) as table:
        table.extend((rater.name, rater.kind, rater.is_simulated) for rater in raters)


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
