"""One digit of a right result made wrong: the first error must be found there, and nowhere before."""

from __future__ import annotations

from annotate.prelabel.audit.of_traces.checks import first_error_is
from annotate.prelabel.audit.of_traces.reading import WRONG, Reading, own_positions
from annotate.prelabel.audit.of_traces.subject import TraceSubject
from annotate.prelabel.audit.of_traces.variants import as_it_is, rewritten
from annotate.prelabel.audit.probe import Check, Probe, Questions, Result, Skipped
from annotate.prelabel.audit.sums import falsified, true_sums


def flip_digit(subject: TraceSubject) -> Questions:
    """In a step known to be right, and only where a true sum becomes a false one."""
    task, right = subject.task, subject.truth.right
    if not right:
        yield Skipped("no step here is known to be right")
        return
    places = as_it_is(task).places
    found = [
        (step, sums) for step in task.steps if step.position in right and (sums := [*true_sums(step.text)])
    ]
    if not found:
        yield Skipped("no step known to be right holds a sum that could be falsified")
        return
    step, sums = found[subject.pick("flip", len(found))]
    text = falsified(step.text, sums[-1], more=1 + subject.pick("digit", 9))
    changed = rewritten(task, lambda index, old: text if old.position == step.position else old.text)
    place = places[step.position]
    check = _unless_wrong_before(place, first_error_is(place, changed.task))
    yield Probe(f"step {place + 1} of {len(own_positions(task))}", changed.task, check, shown=text)


def _unless_wrong_before(place: int, check: Check) -> Check:
    """A step the judge called wrong before cannot show whether it saw what was done to it."""

    def checked(plain: Reading, probed: Reading) -> Result:
        if plain.tones.get(place) == WRONG or (not plain.tones and plain.whole == WRONG):
            return Result("n/a", "the judge called it wrong before the digit was changed")
        return check(plain, probed)

    return checked
