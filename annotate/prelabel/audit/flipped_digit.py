"""One digit of a right result made wrong: the first error must be found there, and nowhere before."""

from __future__ import annotations

from collections.abc import Iterator

from annotate.prelabel.audit.checks import first_error_is
from annotate.prelabel.audit.probe import Check, Probe, Result, Skipped, Subject
from annotate.prelabel.audit.reading import WRONG, Reading, own_positions
from annotate.prelabel.audit.sums import Sum, true_sums
from annotate.prelabel.audit.variants import as_it_is, rewritten


def flip_digit(subject: Subject) -> Iterator[Probe | Skipped]:
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
    text = _falsified(step.text, sums[-1], subject)
    changed = rewritten(task, lambda index, old: text if old.position == step.position else old.text)
    place = places[step.position]
    check = _unless_wrong_before(place, first_error_is(place, changed.task))
    yield Probe(f"step {place + 1} of {len(own_positions(task))}", changed.task, check, shown=text)


def _falsified(text: str, one: Sum, subject: Subject) -> str:
    """Another last digit: 1 to 9 more, without a carry."""
    digit = int(text[one.end - 1])
    other = (digit + 1 + subject.pick("digit", 9)) % 10
    return f"{text[: one.end - 1]}{other}{text[one.end :]}"


def _unless_wrong_before(place: int, check: Check) -> Check:
    """A step the judge called wrong before cannot show whether it saw what was done to it."""

    def checked(plain: Reading, probed: Reading) -> Result:
        if plain.tones.get(place) == WRONG or (not plain.tones and plain.whole == WRONG):
            return Result("n/a", "the judge called it wrong before the digit was changed")
        return check(plain, probed)

    return checked
