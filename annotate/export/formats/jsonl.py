"""Gradus's own format, as ``manage.py ingest --format jsonl`` reads it: traces exactly, with what was decided and
said.

What consensus keeps stands in ``gold.steps``; a step it dropped or asks about is null there, which is neither right
nor wrong. The votes that spoke are ``labels`` by their raters. A reviewer's decision cannot be brought in anywhere
and is left out of the labels, counted; what came of it is in ``gold``. Images are not in a release, their places in
the text are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from annotate.enums import Action, RaterKind
from annotate.export.contracts import Format, SelectSettings, Source, StepRow, TraceRow, Written, setting
from annotate.export.prefixes import check_verdicts
from annotate.export.shards import json_shards
from annotate.ingest.images import KEY as IMAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlSettings(SelectSettings):
    with_votes: bool = setting(True, gettext_lazy("Write who said what beside what was decided."))
    with_meta: bool = setting(
        False, gettext_lazy("Write everything else that came with a trace; it may name people.")
    )


def write(source: Source, folder: Path, settings: JsonlSettings) -> Written:
    counts: Counter[str] = Counter()
    with json_shards(folder) as shards:
        for trace in source.traces():
            counts["steps_written"] += len(trace.steps)
            shards.write(_row(trace, settings, counts), trace.split)
    names = ("steps_written", "steps_decided", "labels_written", "reviews_left_out", "images_left_out")
    return Written(
        splits=shards.splits,
        rows=shards.rows,
        counts={"traces_written": shards.rows, **{name: counts[name] for name in names}},
    )


def _row(trace: TraceRow, settings: JsonlSettings, counts: Counter[str]) -> dict[str, Any]:
    gold = [step.value if step.action == Action.KEEP else None for step in trace.steps]
    decided = sum(value is not None for value in gold)
    counts["steps_decided"] += decided
    row: dict[str, Any] = {
        "id": trace.trace,
        "problem": _problem(trace, settings, counts),
        "steps": [_step(step, settings, counts) for step in trace.steps],
    }
    if trace.source_model:
        row["model"] = trace.source_model
    if trace.outcome:
        row["outcome"] = trace.outcome
    if settings.with_meta and trace.meta:
        row["meta"] = trace.meta
    if decided:
        row["gold"] = {"steps": gold}
    labels = _labels(trace, counts) if settings.with_votes else []
    if labels:
        row["labels"] = labels
    return row


def _problem(trace: TraceRow, settings: JsonlSettings, counts: Counter[str]) -> dict[str, Any]:
    told = {"reference_answer": trace.reference_answer, "reference_solution": trace.reference_solution}
    problem: dict[str, Any] = {"id": trace.problem, "text": trace.problem_text}
    problem |= {name: value for name, value in told.items() if value is not None}
    if settings.with_meta and (meta := _without_images(trace.problem_meta, counts)):
        problem["meta"] = meta
    return problem


def _step(step: StepRow, settings: JsonlSettings, counts: Counter[str]) -> dict[str, Any]:
    row = {"text": step.text, "tail": len(step.text) - len(step.body), "kind": step.kind}
    meta = _without_images(step.meta, counts)
    return row | ({"meta": meta} if settings.with_meta and meta else {})


def _without_images(meta: Mapping[str, Any], counts: Counter[str]) -> dict[str, Any]:
    counts["images_left_out"] += len(meta.get(IMAGES) or ())
    return {name: value for name, value in meta.items() if name != IMAGES}


def _labels(trace: TraceRow, counts: Counter[str]) -> list[dict[str, Any]]:
    labels = []
    for step in trace.steps:
        for vote in step.votes:
            if vote.rater.kind == RaterKind.REVIEW:
                counts["reviews_left_out"] += 1
                continue
            label: dict[str, Any] = {
                "step": step.position,
                "rater": vote.rater.name,
                "rater_kind": vote.rater.kind,
                "is_simulated": vote.rater.is_simulated,
                "criterion": vote.criterion,
            }
            label |= {"value": vote.value} if vote.value else {}
            label |= {"text": vote.text} if vote.text else {}
            label |= {} if vote.seconds is None else {"seconds": vote.seconds}
            labels.append(label)
    counts["labels_written"] += len(labels)
    return labels


def limits(settings: JsonlSettings) -> tuple[str, ...]:
    return (
        "Brought into a project, what was decided here becomes a gold key there.",
        "The votes are the labels the policy read; others are in the format labels.",
        "Images and the numbers behind machines' labels are not in this format.",
    )


JSONL = Format(
    name="jsonl",
    version=1,
    title="Gradus: one trace per line (JSON lines)",
    settings=JsonlSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=limits,
    reads_meta=True,
)
