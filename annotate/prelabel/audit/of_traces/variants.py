"""Traces with something changed, positions counted anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from annotate.prelabel.contracts import StepTask, TraceTask


@dataclass(frozen=True, slots=True)
class Variant:
    """``places`` maps the positions of the steps that were there before to where they stand now."""

    task: TraceTask
    places: Mapping[int, int]


def with_steps(task: TraceTask, steps: Sequence[StepTask]) -> TraceTask:
    """The trace with these steps instead, and none of what was known of the old ones."""
    return replace(
        task,
        steps=tuple(replace(step, position=position) for position, step in enumerate(steps)),
        outcome=None,
        first_error_hint=None,
    )


def as_it_is(task: TraceTask) -> Variant:
    """The trace as judges see it under audit: nothing known, positions from 0."""
    return Variant(with_steps(task, task.steps), {step.position: i for i, step in enumerate(task.steps)})


def inserted(task: TraceTask, index: int, steps: Sequence[StepTask]) -> Variant:
    """``steps`` put before the step at ``index``."""
    new = [*task.steps[:index], *steps, *task.steps[index:]]
    places = {step.position: old if old < index else old + len(steps) for old, step in enumerate(task.steps)}
    return Variant(with_steps(task, new), places)


def rewritten(task: TraceTask, write: Callable[[int, StepTask], str]) -> Variant:
    """Every step's text replaced by ``write(index, step)``."""
    new = [replace(step, text=write(index, step)) for index, step in enumerate(task.steps)]
    return Variant(with_steps(task, new), as_it_is(task).places)


def reordered(task: TraceTask, order: Sequence[int]) -> Variant:
    """The steps in another order; ``order`` holds old indices."""
    places = {task.steps[old].position: new for new, old in enumerate(order)}
    return Variant(with_steps(task, [task.steps[old] for old in order]), places)


def separator_of(task: TraceTask) -> str:
    """What stands between steps here."""
    ends = [step.text[len(step.text.rstrip()) :] for step in task.steps]
    return next((end for end in ends if end), "\n")
