"""Stepwise supervision with the probability that a step is right in place of true and false.

Rows as of TRL's stepwise supervision, with ``labels`` as numbers from 0 to 1, and ``scores`` of the whole trace by
min, product, last, mean and PURE's soft minimum (:mod:`annotate.export.scores`) where every one of its steps has a
probability. Only policies that give probabilities (``posterior``, ``dawid_skene``, ``scan``) have such labels: a share
of votes is none. Of ``posterior`` also the steps of tier C are here, too uncertain for a level. A step without
a probability ends the trace, or counts as certain by a setting, which the row marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext_lazy

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, Tier, Verdict
from annotate.errors import Rejected
from annotate.export.contracts import (
    Format,
    SelectSettings,
    Source,
    StepRow,
    TraceRow,
    Written,
    setting,
)
from annotate.export.prefixes import Tally, check_verdicts
from annotate.export.scores import p_good, trace_scores
from annotate.export.shards import json_shards
from annotate.models import Run

_SOFT_TIERS = (Tier.A, Tier.B, Tier.C)
_CERTAIN = {Verdict.GOOD.value: 1.0, Verdict.BAD.value: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftSettings(SelectSettings):
    without: Literal["stop", "certain"] = setting(
        "stop", gettext_lazy("A kept step without a probability: end the trace there, or write 1 or 0.")
    )


def check(run: Run, settings: SoftSettings) -> None:
    check_verdicts(run, settings)
    if settings.without == "stop" and not run.consensus.filter(probability__isnull=False).exists():
        raise Rejected(
            f"{run.name} gives no probabilities. Run dawid_skene or scan, or choose without = certain.",
            field="without",
        )


def write(source: Source, folder: Path, settings: SoftSettings) -> Written:
    written, behind, certain = Tally(), Tally(), Tally()
    with json_shards(folder) as shards:
        for trace in source.traces():
            labels = _labels(trace, settings)
            kept = sum(step.action == Action.KEEP for step in trace.steps)
            behind.add(kept - len(labels))
            written.add(len(labels))
            certain.add(sum(p_good(step) is None for step in trace.steps[: len(labels)]))
            if labels:
                shards.write(_row(trace, labels, settings), trace.split)
    return Written(
        splits=shards.splits,
        rows=written.traces,
        counts={
            "traces_written": written.traces,
            "steps_written": written.steps,
            "steps_cut_off": behind.steps,
            "steps_taken_as_certain": certain.steps,
        },
        funnel=(
            FunnelRow(
                "no_probability",
                "Kept, but without a probability or behind such a step",
                Action.DROP.value,
                behind.steps,
                behind.traces,
            ),
            FunnelRow("written", "Written", Action.KEEP.value, written.steps, written.traces),
        ),
    )


def _labels(trace: TraceRow, settings: SoftSettings) -> list[float]:
    labels: list[float] = []
    for step in trace.steps:
        label = _label(step, settings)
        if label is None:
            break
        labels.append(label)
    return labels


def _label(step: StepRow, settings: SoftSettings) -> float | None:
    # What a policy with tiers gives none is undecided, or stands behind an error.
    if step.p_correct is not None and step.tier not in (settings.tiers or _SOFT_TIERS):
        return None
    known = p_good(step)
    if known is None and settings.without == "certain" and step.action == Action.KEEP:
        return _CERTAIN.get(step.value)
    return known


def _row(trace: TraceRow, labels: list[float], settings: SoftSettings) -> dict[str, object]:
    steps = trace.steps[: len(labels)]
    row: dict[str, object] = {
        "prompt": trace.problem_text,
        "completions": [step.body for step in steps],
        "labels": labels,
        "is_certain": [p_good(step) is None for step in steps],
        "scores": trace_scores([p_good(step) for step in trace.steps]),
    }
    if settings.weighting != "none":
        row["weights"] = [step.weight for step in steps]
    return row


def limits(settings: SoftSettings) -> tuple[str, ...]:
    return (
        "A label is the probability of good. Where three levels were possible, that of bad turned round counts neutral"
        " steps as good.",
        "Neutral steps, and steps without a decision, end a trace.",
        "A trace has scores only where each of its steps has a probability.",
    )


SOFT_LABELS = Format(
    name="soft_labels",
    version=1,
    title="Stepwise supervision with probabilities (JSON lines)",
    settings=SoftSettings,
    check=check,
    write=write,
    task="token-classification",
    limits=limits,
    holds_weights=True,
    tiers=_SOFT_TIERS,
)
