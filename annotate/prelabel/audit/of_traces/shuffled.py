"""Two steps that do not need each other change places: each must be judged as before."""

from __future__ import annotations

import re

from annotate.prelabel.audit.of_traces.checks import nothing_moves
from annotate.prelabel.audit.of_traces.reading import own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import reordered
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.audit.sums import numbers, true_sums
from annotate.prelabel.contracts import StepTask

# Words that lean on what was said before, and numbered steps, which would stand in the wrong order.
_LEANING = re.compile(
    r"\b(?:so far|then|next|now|this|that|these|those|it|its|they|them|previous|above|remaining|rest|left|also"
    r"|therefore|thus|hence|finally|step)\b|^\W*(?:so|and|but)\b|^\s*\(?\d+[.):]",
    re.IGNORECASE,
)


def shuffle(subject: TraceSubject) -> Questions:
    """Neighbours with a true sum each, all of whose numbers the problem states; anything less certain is left."""
    task = subject.task
    given = numbers(task.problem)
    for index, (one, other) in enumerate(zip(task.steps, task.steps[1:], strict=False)):
        if _is_free(one, given) and _is_free(other, given) and not _shares_result(one, other):
            order = [*range(index), index + 1, index, *range(index + 2, len(task.steps))]
            changed = reordered(task, order)
            check = nothing_moves(own_positions(task), changed.places)
            yield Probe(
                f"steps {index + 1} and {index + 2}", changed.task, check, shown=other.text + one.text
            )
            return
    yield Skipped("no two neighbouring steps are certain not to need each other")


def _is_free(step: StepTask, given: set[str]) -> bool:
    sums = list(true_sums(step.text))
    if step.kind == "observation" or not sums or _LEANING.search(step.text):
        return False
    results = {one.result for one in sums}
    return numbers(step.text) - results <= given


def _shares_result(one: StepTask, other: StepTask) -> bool:
    results = [{found.result for found in true_sums(step.text)} for step in (one, other)]
    return bool(results[0] & numbers(other.text) or results[1] & numbers(one.text))
