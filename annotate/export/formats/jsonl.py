"""Gradus's own format, as ``manage.py ingest --format jsonl`` reads it: traces exactly, with what was decided and
said.

What consensus keeps stands in ``gold.steps``; a step it dropped or asks about is null there, which is neither right
nor wrong. The votes that spoke are ``labels`` by their raters, a reviewer's decision among them under the kind
``review``: it binds the project it was made in, and comes in elsewhere as the answer key ``gold/review``. Images are
data URIs of what is kept here, each with the digest that the texts name it by, which is of the bytes as they came in;
12 MiB of them at most in a row, and one that finds no room has its digest alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from annotate.enums import Action
from annotate.export.contracts import Format, SelectSettings, Source, StepRow, TraceRow, Written, setting
from annotate.export.pictures import Pictures, without_images
from annotate.export.prefixes import check_verdicts
from annotate.export.shards import json_shards


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlSettings(SelectSettings):
    with_votes: bool = setting(True, gettext_lazy("Write who said what beside what was decided."))
    with_images: bool = setting(True, gettext_lazy("Write images beside the texts that show them."))
    with_meta: bool = setting(
        False, gettext_lazy("Write everything else that came with a trace; it may name people.")
    )


def write(source: Source, folder: Path, settings: JsonlSettings) -> Written:
    counts: Counter[str] = Counter()
    pictures = Pictures(source.run.project, is_wanted=settings.with_images)
    with json_shards(folder) as shards:
        for trace in source.traces():
            counts["steps_written"] += len(trace.steps)
            shards.write(_row(trace, settings, counts, pictures), trace.split)
    names = ("steps_written", "steps_decided", "labels_written")
    return Written(
        splits=shards.splits,
        rows=shards.rows,
        counts={"traces_written": shards.rows, **{name: counts[name] for name in names}, **pictures.counts},
    )


def _row(
    trace: TraceRow, settings: JsonlSettings, counts: Counter[str], pictures: Pictures
) -> dict[str, Any]:
    gold = [step.value if step.action == Action.KEEP else None for step in trace.steps]
    decided = sum(value is not None for value in gold)
    counts["steps_decided"] += decided
    found = pictures.of(trace)
    told = {"reference_answer": trace.reference_answer, "reference_solution": trace.reference_solution}
    problem: dict[str, Any] = {"id": trace.problem, "text": trace.problem_text}
    problem |= {name: value for name, value in told.items() if value is not None}
    row: dict[str, Any] = {
        "id": trace.trace,
        "problem": problem | _beside(trace.problem_meta, settings, pictures, found),
        "steps": [_step(step) | _beside(step.meta, settings, pictures, found) for step in trace.steps],
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


def _step(step: StepRow) -> dict[str, Any]:
    return {"text": step.text, "tail": len(step.text) - len(step.body), "kind": step.kind}


def _beside(
    meta: Mapping[str, Any], settings: JsonlSettings, pictures: Pictures, found: Mapping[str, str]
) -> dict[str, Any]:
    """What a problem or a step holds beside its text."""
    if not meta:
        return {}
    images = pictures.entries(meta, found)
    rest = without_images(meta) if settings.with_meta else {}
    return ({"images": images} if images else {}) | ({"meta": rest} if rest else {})


def _labels(trace: TraceRow, counts: Counter[str]) -> list[dict[str, Any]]:
    labels = []
    for step in trace.steps:
        for vote in step.votes:
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
        "The numbers behind machines' labels are not in this format.",
        "A reviewer's decision is a label of the kind review, and the answer key gold/review where it is brought in.",
    )


JSONL = Format(
    name="jsonl",
    version=2,
    title="Gradus: one trace per line (JSON lines)",
    settings=JsonlSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=limits,
    reads_meta=True,
)
