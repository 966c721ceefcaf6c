"""Every step of every trace with its decision and its votes, as Parquet: nothing left out, nothing rounded.

One row per step, also for those dropped or still asked about (their label is null), so that another rule can be tried
on the same votes; ``tiers`` chooses among them, and ``steps`` says how many the trace has. ``tail`` counts the
characters of the separator that ends a text. ``p_correct`` is the soft target of policies that have one, for every
step. A second table holds a row per trace with its scores (:mod:`annotate.export.scores`), a third the
raters. The bytes depend on the rows and the version of pyarrow alone.

What is the problem's stands in each of its rows. ``problem_images``, ``problem_meta`` and ``trace_meta`` stand in the
trace's first row alone and are empty in the others; ``images`` and ``meta`` are the step's. Meta is JSON as text, and
there only where it is asked for; images are as in ``jsonl``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy

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
    setting,
)
from annotate.export.pictures import Pictures, without_images
from annotate.export.scores import p_good, trace_scores
from annotate.export.tables import Table, arrow, lists, transposed
from annotate.models import Run

STEPS, TRACES, RATERS = "data/steps.parquet", "traces/traces.parquet", "raters/raters.parquet"
_SCORES = ("min", "product", "last", "mean", "pure")
_IMAGE = ("digest", "data", "url", "missing", "alt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetSettings(SelectSettings):
    with_images: bool = setting(True, gettext_lazy("Write images beside the texts that show them."))
    with_meta: bool = setting(
        False, gettext_lazy("Write everything else that came with a trace; it may name people.")
    )


class _Beside(NamedTuple):
    """What a row holds beside its step's text and decision."""

    images: Sequence[Mapping[str, str]] = ()
    problem_images: Sequence[Mapping[str, str]] = ()
    meta: str | None = None
    trace_meta: str | None = None
    problem_meta: str | None = None

    @property
    def weight(self) -> int:
        return sum(len(one.get("data", "")) for one in (*self.images, *self.problem_images))


NOTHING = _Beside()


def check(run: Run, settings: ParquetSettings) -> None:
    arrow()


def write(source: Source, folder: Path, settings: ParquetSettings) -> Written:
    pictures = Pictures(source.run.project, is_wanted=settings.with_images)
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
            beside = _beside(trace, chosen, settings, pictures)
            rows = list(zip(repeat(trace), chosen, beside, strict=False))
            steps[trace.split].table.extend(rows, sum(one.weight for one in beside if one is not NOTHING))
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
            **pictures.counts,
        },
    )


def _beside(
    trace: TraceRow, steps: Sequence[StepRow], settings: ParquetSettings, pictures: Pictures
) -> list[_Beside]:
    """For each of some steps; what is the trace's and its problem's goes to the first."""
    found = pictures.of(trace)
    told = [_of_step(step, settings, pictures, found) if step.meta else NOTHING for step in steps]
    if steps and (trace.problem_meta or trace.meta):
        told[0] = told[0]._replace(
            problem_images=pictures.entries(trace.problem_meta, found),
            trace_meta=_as_text(trace.meta, settings),
            problem_meta=_as_text(without_images(trace.problem_meta), settings),
        )
    return told


def _of_step(
    step: StepRow, settings: ParquetSettings, pictures: Pictures, found: Mapping[str, str]
) -> _Beside:
    images, meta = pictures.entries(step.meta, found), _as_text(without_images(step.meta), settings)
    return _Beside(images=images, meta=meta) if images or meta else NOTHING


def _as_text(meta: Mapping[str, Any], settings: ParquetSettings) -> str | None:
    return json.dumps(meta, ensure_ascii=False) if settings.with_meta and meta else None


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
        images = pa.list_(pa.struct([(name, text) for name in _IMAGE]))
        fields = {
            "trace": text,
            "problem": text,
            "problem_text": text,
            "reference_answer": text,
            "reference_solution": text,
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
            "images": images,
            "problem_images": images,
            "meta": text,
            "trace_meta": text,
            "problem_meta": text,
        }
        self.actions: Counter[str] = Counter()
        self._votes, self._images = fields["votes"], images
        self.table = stack.enter_context(Table(target, fields, self._columns))

    def _columns(self, rows: list[tuple[TraceRow, StepRow, _Beside]]) -> list[Any]:
        traces, steps, beside = zip(*rows, strict=True)
        of_step = dict(zip(StepRow._fields, zip(*steps, strict=True), strict=True))
        for action in Action:
            self.actions[action.value] += of_step["action"].count(action)
        return [
            [trace.trace for trace in traces],
            [trace.problem for trace in traces],
            [trace.problem_text for trace in traces],
            [trace.reference_answer for trace in traces],
            [trace.reference_solution for trace in traces],
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
            lists(self._images, [one.images for one in beside], _image_columns),
            lists(self._images, [one.problem_images for one in beside], _image_columns),
            [one.meta for one in beside],
            [one.trace_meta for one in beside],
            [one.problem_meta for one in beside],
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


def _image_columns(images: list[Mapping[str, str]]) -> list[Any]:
    return [[one.get(name) for one in images] for name in _IMAGE]


def _trace_fields() -> dict[str, Any]:
    pa = arrow()
    text, number, whole = pa.string(), pa.float64(), pa.int32()
    return {
        "trace": text,
        "problem": text,
        "reference_answer": text,
        "reference_solution": text,
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
        trace.reference_solution,
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


def limits(settings: ParquetSettings) -> tuple[str, ...]:
    return (
        "Steps whose action is drop or ask have no label; that is neither right nor wrong.",
        "The votes are the labels the policy read; labels made later are not here.",
        "A trace has scores only where each of its steps has a probability.",
    )


PARQUET = Format(
    name="parquet",
    version=3,
    title="Every step with its votes (Parquet)",
    settings=ParquetSettings,
    check=check,
    write=write,
    task="text-classification",
    limits=limits,
    holds_weights=True,
    tiers=(Tier.A, Tier.B, Tier.C, Tier.D),
    reads_meta=True,
)
