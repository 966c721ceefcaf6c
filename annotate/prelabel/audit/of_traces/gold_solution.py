"""A solution known to be right must pass as one."""

from __future__ import annotations

from annotate.prelabel.audit.of_traces.checks import first_error_is
from annotate.prelabel.audit.of_traces.reading import NO_ERROR
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import as_it_is, with_steps
from annotate.prelabel.audit.parts import parts_of
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.contracts import StepTask


def judge_gold(subject: TraceSubject) -> Questions:
    """The problem's own worked solution; where there is none, a trace that the gold key finds no error in."""
    task = subject.task
    steps = [StepTask(0, text) for text in parts_of(task.reference_solution or "")]
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
