"""The part of a trace that a format of plain labels can say: the steps before the first one without a label.

A boolean cannot say "not known". So a trace is written up to its first step that was dropped or is still asked about,
and what is kept behind that is counted. *Neutral* becomes true, false or the end of the prefix by a setting; true is
the default, as Lightman et al. score neutral steps (arXiv:2305.20050). What stands behind the first wrong step is
written as it was decided, cut off, or called wrong throughout, as Math-Shepherd's trainers expect (arXiv:2312.08935).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext_lazy

from annotate.consensus.funnel import FunnelRow
from annotate.enums import Action, Verdict
from annotate.errors import Rejected
from annotate.export.contracts import SelectSettings, Source, StepRow, TraceRow, Written, setting
from annotate.export.shards import Shards
from annotate.ingest.first_step import first_steps, is_numbered
from annotate.models import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class HardSettings(SelectSettings):
    neutral: Literal["true", "false", "drop"] = setting(
        "true", gettext_lazy("What a neutral step becomes; drop ends the trace there.")
    )
    after_error: Literal["as_decided", "cut", "false"] = setting(
        "as_decided",
        gettext_lazy("Steps behind the first wrong one: as decided, left out, or wrong throughout."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedSettings(HardSettings):
    """For formats in which nothing but the words *Step 1:* tells the problem from the first step."""

    is_numbered: bool = setting(
        True,
        gettext_lazy(
            "Put Step 1: and so on before steps that do not begin so; readers find the first step by it."
        ),
    )


def numbered(text: str, number: int, settings: NumberedSettings) -> str:
    if not settings.is_numbered or is_numbered(text, number):
        return text
    return f"Step {number}: {text}"


def is_told_apart(problem: str, first: str, settings: NumberedSettings) -> bool:
    """Whether *Step 1:* stands where the first step begins, behind the problem and a space, and nowhere else.

    Steps that were left without numbers, on request, have it nowhere.
    """
    found = first_steps(f"{problem} {first}")
    return found == [len(problem) + 1] or not (found or settings.is_numbered)


@dataclass(slots=True)
class Tally:
    """Counts of steps and of the traces they are in."""

    steps: int = 0
    traces: int = 0

    def add(self, steps: int) -> None:
        self.steps += steps
        self.traces += steps > 0


@dataclass(slots=True)
class Tallies:
    written: Tally = field(default_factory=Tally)
    behind: Tally = field(default_factory=Tally)
    neutral: Tally = field(default_factory=Tally)
    cut: Tally = field(default_factory=Tally)
    filled: Tally = field(default_factory=Tally)
    refused: Tally = field(default_factory=Tally)
    left_out: int = 0
    right: int = 0


def check_verdicts(run: Run, settings: Any) -> None:
    """Refuse a criterion whose levels say anything else than good, neutral, bad and unsure."""
    levels = set(run.criterion.levels.values_list("key", flat=True))
    if not levels or levels - set(Verdict.values):
        known = ", ".join(sorted(levels)) or "none"
        raise Rejected(f"needs the levels good and bad; {run.criterion.key} has {known}.", field="criterion")


def prefix_of(trace: TraceRow, settings: HardSettings, tallies: Tallies) -> list[bool]:
    """The labels up to the first step without one; what is kept behind it is counted, not written."""
    labels: list[bool] = []
    filled = 0
    is_cut = False
    for step in trace.steps:
        label = _label_of(step, settings)
        if False in labels and settings.after_error != "as_decided":
            if settings.after_error == "cut":
                is_cut = True
                break
            filled += label is not False
            label = False
        if label is None:
            break
        labels.append(label)
    rest = trace.steps[len(labels) :]
    kept = sum(step.action == Action.KEEP for step in rest)
    ends_neutral = not is_cut and bool(rest) and rest[0].action == Action.KEEP
    tallies.neutral.add(int(ends_neutral))
    tallies.filled.add(filled)
    (tallies.cut if is_cut else tallies.behind).add(kept - int(ends_neutral))
    return labels


def _label_of(step: StepRow, settings: HardSettings) -> bool | None:
    if step.action != Action.KEEP:
        return None
    if step.value == Verdict.NEUTRAL:
        return None if settings.neutral == "drop" else settings.neutral == "true"
    return {Verdict.GOOD.value: True, Verdict.BAD.value: False}.get(step.value)


# What is written of a trace, and why it cannot be: one of the two is None.
Row = Callable[[TraceRow, list[bool]], "dict[str, Any] | None"]


def write_prefixes(source: Source, shards: Shards, settings: HardSettings, row: Row) -> Tallies:
    """Write every trace's prefix; ``row`` answers None where the format cannot hold the text, which is counted."""
    tallies = Tallies()
    for trace in source.traces():
        labels = prefix_of(trace, settings, tallies)
        found = row(trace, labels) if labels else None
        if labels and found is None:
            tallies.refused.add(len(labels))
        if found is None:
            tallies.left_out += 1
            continue
        if settings.weighting != "none":
            # Null where nobody voted on what was decided: that is not known, and no weight of 0.
            found["weights"] = [step.weight for step in trace.steps[: len(labels)]]
        shards.write(found, trace.split)
        tallies.written.add(len(labels))
        tallies.right += sum(labels)
    return tallies


def prefix_counts(tallies: Tallies) -> dict[str, int]:
    more = {
        "steps_cut_after_error": tallies.cut.steps,
        "steps_filled_after_error": tallies.filled.steps,
        "traces_refused": tallies.refused.traces,
    }
    return {
        "traces_written": tallies.written.traces,
        "traces_left_out": tallies.left_out,
        "traces_cut_short": tallies.behind.traces,
        "steps_written": tallies.written.steps,
        "steps_cut_off": tallies.behind.steps,
        "steps_neutral_cut": tallies.neutral.steps,
        "labels_true": tallies.right,
        "labels_false": tallies.written.steps - tallies.right,
    } | {name: n for name, n in more.items() if n}


def prefix_funnel(tallies: Tallies, settings: HardSettings, refusal: str = "") -> tuple[FunnelRow, ...]:
    """From what consensus kept to what is written. ``refusal`` says what the format cannot hold."""
    lost = [("behind_a_gap", "Kept, but behind a step that was not", tallies.behind)]
    if settings.neutral == "drop":
        lost.insert(0, ("neutral", "Neutral, which ends the prefix", tallies.neutral))
    if settings.after_error == "cut":
        lost.append(("after_error", "Kept, but behind the first wrong step", tallies.cut))
    if refusal:
        lost.append(("refused", refusal, tallies.refused))
    rows = [FunnelRow(key, title, Action.DROP.value, t.steps, t.traces) for key, title, t in lost]
    if settings.after_error == "false":
        filled = tallies.filled
        rows.append(
            FunnelRow(
                "filled",
                "Called wrong for standing behind an error",
                Action.KEEP.value,
                filled.steps,
                filled.traces,
            )
        )
    written = FunnelRow(
        "written", "Written", Action.KEEP.value, tallies.written.steps, tallies.written.traces
    )
    return (*rows, written)


def prefix_written(tallies: Tallies, shards: Shards, settings: HardSettings, refusal: str = "") -> Written:
    return Written(
        splits=shards.splits,
        rows=tallies.written.traces,
        counts=prefix_counts(tallies),
        funnel=prefix_funnel(tallies, settings, refusal),
    )


def prefix_limits(settings: HardSettings) -> tuple[str, ...]:
    neutral = {
        "true": "A neutral step is labelled true.",
        "false": "A neutral step is labelled false.",
        "drop": "A neutral step ends the trace: it and all behind it are left out.",
    }[settings.neutral]
    behind = {
        "as_decided": "Steps behind the first wrong one are labelled as they were decided.",
        "cut": "A trace ends with its first wrong step.",
        "false": "Every step behind the first wrong one is labelled wrong, whatever was decided about it.",
    }[settings.after_error]
    return (
        neutral,
        behind,
        "A trace ends before its first step without a label; it may be shorter than what the model wrote.",
        "Trainers that cut long inputs silently lose the labels of late steps.",
    )
