"""Math-Shepherd: the text with a tag after every step, and the same text with the label in the tag's place.

``{"input": "Q … Step 1: … ки\\nStep 2: … ки", "label": "Q … Step 1: … +\\nStep 2: … -", "task": "GSM8K"}``
(https://huggingface.co/datasets/peiyi9979/Math-Shepherd). A reader lines the two up character by character, so a text
that holds the tag itself cannot be said. Where the question ends and the first step begins only the words *Step 1:*
mark, so neither can a question that holds them. Such traces are refused and counted. ``+`` is true and ``-`` false, by
the rules of :mod:`annotate.export.prefixes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from annotate.errors import Rejected
from annotate.export.contracts import Format, Source, TraceRow, Written, setting
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

TAG = "ки"
SIGNS = {True: "+", False: "-"}
REFUSAL = "In traces whose text holds the tag ки, or the words Step 1: before or in the first step"


@dataclass(frozen=True, slots=True, kw_only=True)
class MathShepherdSettings(NumberedSettings):
    task: str = setting("", gettext_lazy("The name in the field task, such as GSM8K; empty: the project's."))

    def __post_init__(self) -> None:
        NumberedSettings.__post_init__(self)
        if len(self.task) > 200:
            raise Rejected("has at most 200 characters.", field="task")


def write(source: Source, folder: Path, settings: MathShepherdSettings) -> Written:
    task = settings.task or source.run.project.slug

    def row(trace: TraceRow, labels: list[bool]) -> dict[str, Any] | None:
        steps = [numbered(step.body, n, settings) for n, step in enumerate(trace.steps[: len(labels)], 1)]
        if any(TAG in text for text in (trace.problem_text, *steps)):
            return None
        if not is_told_apart(trace.problem_text, steps[0], settings):
            return None
        return {
            "input": f"{trace.problem_text} " + "\n".join(f"{step} {TAG}" for step in steps),
            "label": f"{trace.problem_text} "
            + "\n".join(f"{step} {SIGNS[label]}" for step, label in zip(steps, labels, strict=True)),
            "task": task,
        }

    with json_shards(folder) as shards:
        tallies = write_prefixes(source, shards, settings, row)
    return prefix_written(tallies, shards, settings, REFUSAL)


def limits(settings: MathShepherdSettings) -> tuple[str, ...]:
    return (
        *prefix_limits(settings),
        "+ says that a step is right; in the original it says that a model could still reach the answer.",
        "Only the words Step 1: mark where the question ends and the first step begins.",
    )


MATH_SHEPHERD = Format(
    name="math_shepherd",
    version=1,
    title="Math-Shepherd: text with tags and labels (JSON lines)",
    settings=MathShepherdSettings,
    check=check_verdicts,
    write=write,
    task="token-classification",
    limits=limits,
)
