"""Stepwise supervision as TRL's PRM trainer reads it: one JSON line per trace with prompt, completions, labels.

The format of https://huggingface.co/docs/trl/dataset_formats#stepwise-supervision (TRL up to 1.13; the trainer was
removed in 1.14 and the layout lives on in others). Completions are step texts without the separators between them,
because the trainer puts its own.

A boolean cannot say "not known". So only the steps before the first one that was dropped or is still asked about are
written: a prefix, counted where it is shorter than what consensus kept. *Neutral* becomes true, false or the end of the
prefix by a setting; true is the default, as Lightman et al. score neutral steps (arXiv:2305.20050).

With ``soft_targets`` every line also holds ``soft_labels``, the probability that each step is correct, for trainers
that can use it; TRL's own does not read it. Steps of tier C have no level: where they are asked for, their label is
whether they are more probably correct than not, and only the soft label says how sure that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, Tier, Verdict
from annotate.errors import Rejected
from annotate.export.contracts import Format, Source, Split, TraceRow, Written
from annotate.export.json_lines import json_line
from annotate.export.tiers import TierSettings, check_tiers, is_chosen, limits_of_tiers
from annotate.models import Run

PATH = "data/train.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlSettings(TierSettings):
    neutral: Literal["true", "false", "drop"] = "true"
    soft_targets: bool = False

    def __post_init__(self) -> None:
        TierSettings.__post_init__(self)
        if Tier.D in self.tiers:
            raise Rejected("holds steps nobody has decided, which have no label to write.", field="tiers")
        if Tier.C in self.tiers and not self.soft_targets:
            raise Rejected("has soft targets only; switch soft_targets on, or leave C out.", field="tiers")


@dataclass(slots=True)
class _Tally:
    """Counts of steps and of the traces they are in."""

    steps: int = 0
    traces: int = 0

    def add(self, steps: int) -> None:
        self.steps += steps
        self.traces += steps > 0


@dataclass(slots=True)
class _Tallies:
    written: _Tally = field(default_factory=_Tally)
    behind: _Tally = field(default_factory=_Tally)
    neutral: _Tally = field(default_factory=_Tally)
    left_out: int = 0
    right: int = 0


def check(run: Run, settings: TrlSettings) -> None:
    levels = set(run.criterion.levels.values_list("key", flat=True))
    if not levels or levels - set(Verdict.values):
        known = ", ".join(sorted(levels)) or "none"
        raise Rejected(f"needs the levels good and bad; {run.criterion.key} has {known}.", field="criterion")
    check_tiers(run, settings)
    if settings.soft_targets and not run.consensus.filter(p_correct__isnull=False).exists():
        raise Rejected(f"the policy {run.name} gives no probability for every step.", field="soft_targets")


def write(source: Source, folder: Path, settings: TrlSettings) -> Written:
    tallies = _Tallies()
    target = folder / PATH
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for trace in source.traces():
            labels = _prefix(trace, settings, tallies)
            tallies.written.add(len(labels))
            tallies.right += sum(labels)
            if labels:
                file.write(_line(trace, labels, settings))
            else:
                tallies.left_out += 1
    return Written(
        splits=(Split("default", PATH, is_default=True),),
        rows=tallies.written.traces,
        counts=_counts(tallies),
        funnel=_funnel(tallies, settings),
    )


def _prefix(trace: TraceRow, settings: TrlSettings, tallies: _Tallies) -> list[bool]:
    """The labels up to the first step without one; what is kept behind it is counted, not written."""
    labels = list(_known(trace, settings))
    rest = trace.steps[len(labels) :]
    kept = sum(is_chosen(step, settings.tiers) for step in rest)
    ends_neutral = bool(rest) and is_chosen(rest[0], settings.tiers) and rest[0].value == Verdict.NEUTRAL
    tallies.neutral.add(int(ends_neutral))
    tallies.behind.add(kept - int(ends_neutral))
    return labels


def _known(trace: TraceRow, settings: TrlSettings) -> Iterator[bool]:
    meaning = {Verdict.GOOD: True, Verdict.BAD: False}
    if settings.neutral != "drop":
        meaning[Verdict.NEUTRAL] = settings.neutral == "true"
    for step in trace.steps:
        if not is_chosen(step, settings.tiers) or (settings.soft_targets and step.p_correct is None):
            return
        if step.tier == Tier.C and step.p_correct is not None:
            yield step.p_correct >= 0.5
        elif step.value in meaning:
            yield meaning[Verdict(step.value)]
        else:
            return


def _line(trace: TraceRow, labels: list[bool], settings: TrlSettings) -> str:
    row: dict[str, Any] = {
        "prompt": trace.problem_text,
        "completions": [step.body for step in trace.steps[: len(labels)]],
        "labels": labels,
    }
    if settings.soft_targets:
        row["soft_labels"] = [step.p_correct for step in trace.steps[: len(labels)]]
    return json_line(row)


def _counts(tallies: _Tallies) -> dict[str, int]:
    return {
        "traces_written": tallies.written.traces,
        "traces_left_out": tallies.left_out,
        "traces_cut_short": tallies.behind.traces,
        "steps_written": tallies.written.steps,
        "steps_cut_off": tallies.behind.steps,
        "steps_neutral_cut": tallies.neutral.steps,
        "labels_true": tallies.right,
        "labels_false": tallies.written.steps - tallies.right,
    }


def _funnel(tallies: _Tallies, settings: TrlSettings) -> tuple[FunnelRow, ...]:
    lost = [("behind_a_gap", "Kept, but behind a step that was not", tallies.behind)]
    if settings.neutral == "drop":
        lost.insert(0, ("neutral", "Neutral, which ends the prefix", tallies.neutral))
    rows = [FunnelRow(key, title, Action.DROP.value, t.steps, t.traces) for key, title, t in lost]
    written = FunnelRow(
        "written", "Written", Action.KEEP.value, tallies.written.steps, tallies.written.traces
    )
    return (*rows, written)


def limits(settings: TrlSettings) -> tuple[str, ...]:
    neutral = {
        "true": "A neutral step is labelled true.",
        "false": "A neutral step is labelled false.",
        "drop": "A neutral step ends the trace: it and all behind it are left out.",
    }[settings.neutral]
    soft = (
        "soft_labels are probabilities that a step is correct; labels of tier C are only their rounding.",
    )
    return (
        *limits_of_tiers(settings),
        *(soft if settings.soft_targets else ()),
        neutral,
        "A trace ends before its first step without a label; it may be shorter than what the model wrote.",
        "Trainers that cut long inputs silently lose the labels of late steps.",
    )


TRL_STEPWISE = Format(
    name="trl_stepwise",
    version=1,
    title="TRL stepwise supervision (JSON lines)",
    settings=TrlSettings,
    check=check,
    write=write,
    task="token-classification",
    limits=limits,
)
