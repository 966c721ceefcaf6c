"""Qwen2.5-Math-PRM: a chat whose answer has ``<extra_0>`` after every step, and one label for each.

System, user and assistant message as on https://huggingface.co/Qwen/Qwen2.5-Math-PRM-7B; the label of a step is read
at its ``<extra_0>``. In use, steps are cut at blank lines: a step that holds one would be two there, so such traces
are refused, or the blank lines are closed. A text that holds the mark itself is always refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.utils.translation import gettext_lazy

from annotate.export.contracts import Format, Source, TraceRow, Written, setting
from annotate.export.prefixes import (
    HardSettings,
    check_verdicts,
    prefix_limits,
    prefix_written,
    write_prefixes,
)
from annotate.export.shards import json_shards

MARK = "<extra_0>"
SYSTEM = r"Please reason step by step, and put your final answer within \boxed{}."
REFUSAL = "In traces whose text holds <extra_0> or a blank line inside a step"
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class QwenSettings(HardSettings):
    system: str = setting(SYSTEM, gettext_lazy("What the model is told first."))
    blank_lines: Literal["refuse", "close"] = setting(
        "refuse", gettext_lazy("A blank line inside a step: leave the trace out, or close the line.")
    )


def write(source: Source, folder: Path, settings: QwenSettings) -> Written:
    def row(trace: TraceRow, labels: list[bool]) -> dict[str, Any] | None:
        steps = [step.body for step in trace.steps[: len(labels)]]
        if settings.blank_lines == "close":
            steps = [_BLANK.sub("\n", step) for step in steps]
        if MARK in trace.problem_text or any(MARK in step or _BLANK.search(step) for step in steps):
            return None
        return {
            "messages": [
                {"role": "system", "content": settings.system},
                {"role": "user", "content": trace.problem_text},
                {"role": "assistant", "content": "".join(step + MARK for step in steps)},
            ],
            "labels": [int(label) for label in labels],
        }

    with json_shards(folder) as shards:
        tallies = write_prefixes(source, shards, settings, row)
    return prefix_written(tallies, shards, settings, REFUSAL)


def limits(settings: QwenSettings) -> tuple[str, ...]:
    closed = ("Blank lines inside steps have been closed.",) if settings.blank_lines == "close" else ()
    return (*prefix_limits(settings), *closed)


QWEN_PRM = Format(
    name="qwen_prm",
    version=1,
    title="Qwen PRM: a chat with <extra_0> after every step (JSON lines)",
    settings=QwenSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=limits,
    holds_weights=True,
)
