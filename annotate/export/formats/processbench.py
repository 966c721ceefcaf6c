"""ProcessBench: a solution and the index of its first wrong step, -1 for none (arXiv 2412.06559).

The index can only be given where every step before it is known to be right (good or neutral), and -1 only where every
step is. Any other trace is left out and counted: an unknown step may be the first error. Steps behind the error are
written without a label, as the format has it. ``final_answer_correct`` has no value for an answer that nobody could
grade, so such traces are left out as well, unless ``ungraded`` says to write null.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext_lazy

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, Outcome, Verdict
from annotate.export.contracts import Format, SelectSettings, Source, TraceRow, Written, setting
from annotate.export.prefixes import check_verdicts
from annotate.export.shards import json_shards

NO_ERROR = -1
_GRADED = {Outcome.RIGHT.value: True, Outcome.WRONG.value: False}
_LOST = (
    ("unknown_before_error", "In traces with an unknown step before the first error"),
    ("neutral", "In traces with a neutral step before the first error"),
    ("ungraded", "In traces whose answer was not graded"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessBenchSettings(SelectSettings):
    neutral: Literal["true", "drop"] = setting(
        "true", gettext_lazy("A neutral step is no error, or leaves the trace out.")
    )
    ungraded: Literal["leave_out", "null"] = setting(
        "leave_out",
        gettext_lazy("A trace whose final answer nobody graded; null is no value that ProcessBench has."),
    )


def write(source: Source, folder: Path, settings: ProcessBenchSettings) -> Written:
    steps: Counter[str] = Counter()
    traces: Counter[str] = Counter()
    errors = 0
    with json_shards(folder) as shards:
        for trace in source.traces():
            label, lost = _first_error(trace, settings)
            if not lost and settings.ungraded == "leave_out" and trace.outcome not in _GRADED:
                lost = "ungraded"
            steps[lost or "written"] += sum(step.action == Action.KEEP for step in trace.steps)
            traces[lost or "written"] += 1
            if not lost:
                errors += label != NO_ERROR
                shards.write(_row(trace, label), trace.split)
    return Written(
        splits=shards.splits,
        rows=traces["written"],
        counts={
            "traces_written": traces["written"],
            "traces_with_an_error": errors,
            **{f"traces_{key}": traces[key] for key, _title in _LOST},
        },
        funnel=(
            *(FunnelRow(key, title, Action.DROP.value, steps[key], traces[key]) for key, title in _LOST),
            FunnelRow("written", "Written", Action.KEEP.value, steps["written"], traces["written"]),
        ),
    )


def _first_error(trace: TraceRow, settings: ProcessBenchSettings) -> tuple[int, str]:
    """The index, and the reason why there is none (empty where there is)."""
    for step in trace.steps:
        if step.action != Action.KEEP or step.value not in Verdict.values or step.value == Verdict.UNSURE:
            return NO_ERROR, "unknown_before_error"
        if step.value == Verdict.NEUTRAL and settings.neutral == "drop":
            return NO_ERROR, "neutral"
        if step.value == Verdict.BAD:
            return step.position, ""
    return NO_ERROR, ""


def _row(trace: TraceRow, label: int) -> dict[str, object]:
    return {
        "id": trace.trace,
        "generator": trace.source_model,
        "problem": trace.problem_text,
        "steps": [step.body for step in trace.steps],
        "final_answer_correct": _GRADED.get(trace.outcome or ""),
        "label": label,
    }


def limits(settings: ProcessBenchSettings) -> tuple[str, ...]:
    return (
        "Only the first error is named; what stands behind it may be right or wrong.",
        "Separators between steps are lost, as in ProcessBench itself.",
    )


PROCESSBENCH = Format(
    name="processbench",
    version=1,
    title="ProcessBench: the first wrong step (JSON lines)",
    settings=ProcessBenchSettings,
    check=check_verdicts,
    write=write,
    task="text-classification",
    limits=limits,
)
