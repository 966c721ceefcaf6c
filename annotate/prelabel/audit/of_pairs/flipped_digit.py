"""A right solution against a copy of itself with one digit of a true sum made wrong: the original must be preferred."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.checks import better_is
from annotate.prelabel.audit.of_pairs.reading import SIDES
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.audit.sums import falsified, true_sums


def flip_digit(subject: PairSubject) -> Questions:
    """Which sum, which digit and which side the original stands on depend on the pair alone."""
    right = subject.truth.right
    if not right:
        yield Skipped("neither of the two is known to be right")
        return
    original = subject.text(right[subject.pick("solution", len(right))])
    sums = list(true_sums(original))
    if not sums:
        yield Skipped("the right solution holds no sum that could be falsified")
        return
    one = sums[subject.pick("flip", len(sums))]
    copy = falsified(original, one, more=1 + subject.pick("digit", 9))
    side = SIDES[subject.pick("side", 2)]
    task = subject.placed(side, original, copy)
    yield Probe(f"original on the {side}", task, better_is(side), shown=copy)
