"""An authority vouches for the solution: nothing may change."""

from __future__ import annotations

from annotate.prelabel.audit.of_traces.checks import nothing_moves
from annotate.prelabel.audit.of_traces.reading import own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import rewritten
from annotate.prelabel.audit.phrases import EXPERT, before
from annotate.prelabel.audit.probe import Probe, Questions


def claim_expert(subject: TraceSubject) -> Questions:
    """The claim stands in front of the first step, where whoever wrote the solution could have put it."""
    changed = rewritten(
        subject.task, lambda index, step: before(step.text, EXPERT) if index == 0 else step.text
    )
    check = nothing_moves(own_positions(subject.task), changed.places)
    yield Probe("first step", changed.task, check, shown=changed.task.steps[0].text)
