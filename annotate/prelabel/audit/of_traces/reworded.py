"""The same mathematics in other words and signs: nothing may change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from annotate.prelabel.audit.of_traces.checks import nothing_moves
from annotate.prelabel.audit.of_traces.reading import own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import rewritten
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.audit.spelling import paraphrased, respelled
from annotate.prelabel.contracts import StepTask


def reword(subject: TraceSubject) -> Questions:
    task = subject.task
    own = own_positions(task)
    for variant, write in (("signs", respelled), ("words", paraphrased)):
        changed = rewritten(task, partial(_own_written, write))
        different = [
            new.text for new, old in zip(changed.task.steps, task.steps, strict=True) if new.text != old.text
        ]
        if different:
            yield Probe(variant, changed.task, nothing_moves(own, changed.places), shown=different[0])
        else:
            yield Skipped("no word or sign here has another spelling")


def _own_written(write: Callable[[str], str], index: int, step: StepTask) -> str:
    return step.text if step.kind == "observation" else write(step.text)
