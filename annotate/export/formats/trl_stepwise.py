"""Stepwise supervision as TRL's PRM trainer reads it: one JSON line per trace with prompt, completions, labels.

The format of https://huggingface.co/docs/trl/dataset_formats#stepwise-supervision (TRL up to 1.13; the trainer was
removed in 1.14 and the layout lives on in others). Completions are step texts without the separators between them,
because the trainer puts its own.

A boolean cannot say "not known". So only the steps before the first one that was dropped or is still asked about are
written: a prefix, counted where it is shorter than what consensus kept (:mod:`annotate.export.prefixes`).
"""

from __future__ import annotations

from pathlib import Path

from annotate.export.contracts import Format, Source, TraceRow, Written
from annotate.export.prefixes import (
    HardSettings,
    check_verdicts,
    prefix_limits,
    prefix_written,
    write_prefixes,
)
from annotate.export.shards import json_shards

PATH = "data/train.jsonl"


def write(source: Source, folder: Path, settings: HardSettings) -> Written:
    with json_shards(folder) as shards:
        tallies = write_prefixes(source, shards, settings, _row)
    return prefix_written(tallies, shards, settings)


def _row(trace: TraceRow, labels: list[bool]) -> dict[str, object]:
    return {
        "prompt": trace.problem_text,
        "completions": [step.body for step in trace.steps[: len(labels)]],
        "labels": labels,
    }


TRL_STEPWISE = Format(
    name="trl_stepwise",
    version=1,
    title="TRL stepwise supervision (JSON lines)",
    settings=HardSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=prefix_limits,
    holds_weights=True,
)
