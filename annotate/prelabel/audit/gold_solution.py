"""A solution known to be right must pass as one."""

from __future__ import annotations

from collections.abc import Iterator

from annotate.ingest.steps import SplitMode, split_steps
from annotate.prelabel.audit.checks import first_error_is
from annotate.prelabel.audit.probe import Probe, Skipped, Subject
from annotate.prelabel.audit.reading import NO_ERROR
from annotate.prelabel.audit.variants import as_it_is, with_steps
from annotate.prelabel.contracts import StepTask


def judge_gold(subject: Subject) -> Iterator[Probe | Skipped]:
    """The problem's own worked solution; where there is none, a trace that the gold key finds no error in."""
    task = subject.task
    solution = task.reference_solution or ""
    mode = SplitMode.BLANK_LINE if "\n\n" in solution.strip() else SplitMode.LINES
    steps = [StepTask(0, draft.text) for draft in split_steps(solution, mode)]
    if steps:
        gold, variant = with_steps(task, steps), "worked solution"
    elif subject.truth.first_error == NO_ERROR and task.outcome != "wrong":
        gold, variant = as_it_is(task).task, "trace without error"
    else:
        yield Skipped("neither a worked solution nor a gold key that finds no error")
        return
    yield Probe(
        variant, gold, first_error_is(NO_ERROR, gold), shown="".join(step.text for step in gold.steps)
    )
