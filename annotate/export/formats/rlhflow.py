"""RLHFlow's PRM data: a conversation in which the user shows step after step and the assistant says + or -.

The first turn is the problem, a space and the first step
(https://github.com/RLHFlow/RLHF-Reward-Modeling/tree/main/math-rm). Where the problem ends only the words *Step 1:*
mark: a trace whose problem holds them is refused and counted. ``+`` is true and ``-`` false, by the rules of
:mod:`annotate.export.prefixes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from annotate.export.contracts import Format, Source, TraceRow, Written
from annotate.export.prefixes import (
    NumberedSettings,
    check_verdicts,
    is_told_apart,
    numbered,
    prefix_limits,
    prefix_written,
    write_prefixes,
)
from annotate.export.shards import json_shards

SIGNS = {True: "+", False: "-"}
REFUSAL = "In traces whose text holds the words Step 1: before or in the first step"


def write(source: Source, folder: Path, settings: NumberedSettings) -> Written:
    with json_shards(folder) as shards:
        tallies = write_prefixes(
            source, shards, settings, lambda trace, labels: _row(trace, labels, settings)
        )
    return prefix_written(tallies, shards, settings, REFUSAL)


def _row(trace: TraceRow, labels: list[bool], settings: NumberedSettings) -> dict[str, Any] | None:
    if not is_told_apart(trace.problem_text, numbered(trace.steps[0].body, 1, settings), settings):
        return None
    turns: list[dict[str, str]] = []
    for number, (step, label) in enumerate(zip(trace.steps, labels, strict=False), start=1):
        text = numbered(step.body, number, settings)
        said = text if turns else f"{trace.problem_text} {text}"
        turns += [{"role": "user", "content": said}, {"role": "assistant", "content": SIGNS[label]}]
    return {"conversations": turns}


def limits(settings: NumberedSettings) -> tuple[str, ...]:
    return (*prefix_limits(settings), "Only the words Step 1: mark where the problem ends.")


RLHFLOW = Format(
    name="rlhflow",
    version=1,
    title="RLHFlow: a conversation of steps and signs (JSON lines)",
    settings=NumberedSettings,
    check=check_verdicts,
    write=write,
    task="text-classification",
    limits=limits,
)
