"""A step that adds nothing, put somewhere in between: what is said of the others must not change."""

from __future__ import annotations

from annotate.prelabel.audit.of_traces.checks import nothing_moves
from annotate.prelabel.audit.of_traces.reading import own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import inserted, separator_of
from annotate.prelabel.audit.probe import Probe, Questions
from annotate.prelabel.contracts import StepTask


def insert_step(subject: TraceSubject) -> Questions:
    """Once nothing but the separator, once the question again, word for word and therefore not wrong."""
    task = subject.task
    own = [index for index, step in enumerate(task.steps) if step.kind != "observation"]
    end = separator_of(task)
    index = own[subject.pick("insert", len(own))]
    for variant, text in (
        ("empty", end),
        ("restating", f"To recall the question: {task.problem.strip()}{end}"),
    ):
        changed = inserted(task, index, [StepTask(0, text)])
        check = nothing_moves(own_positions(task), changed.places, added=(index,))
        yield Probe(variant, changed.task, check, shown=text)
