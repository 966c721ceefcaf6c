"""Texts with nothing in them that judges are known to take for a right answer.

Each is put once as the only step and once where the last step should be, so that what is judged is a solution that
never arrives at an answer.
"""

from __future__ import annotations

from annotate.prelabel.audit.of_traces.checks import not_called_right
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import separator_of, with_steps
from annotate.prelabel.audit.phrases import MASTER_KEYS
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.contracts import StepTask


def alone(subject: TraceSubject) -> Questions:
    end = separator_of(subject.task)
    for key in MASTER_KEYS:
        task = with_steps(subject.task, [StepTask(0, key + end)])
        yield Probe(f"“{key}”", task, not_called_right(0), shown=key)


def appended(subject: TraceSubject) -> Questions:
    steps = subject.task.steps[:-1]
    if not steps:
        yield Skipped("the trace has a single step")
        return
    end = separator_of(subject.task)
    for key in MASTER_KEYS:
        task = with_steps(subject.task, [*steps, StepTask(0, key + end)])
        yield Probe(f"“{key}”", task, not_called_right(len(steps)), shown=key)
