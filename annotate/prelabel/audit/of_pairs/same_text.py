"""The same on both sides: neither may be preferred."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.checks import better_is
from annotate.prelabel.audit.of_pairs.reading import SIDES, scale_of
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.probe import Probe, Questions, Skipped
from annotate.prelabel.audit.spelling import paraphrased, respelled


def compare_equals(subject: PairSubject) -> Questions:
    """Once letter for letter, which a judge may refuse to compare, and once with other signs and words on one side."""
    if "tie" not in scale_of(subject.settings, subject.task.criterion).values():
        yield Skipped("the criterion has no level for a tie")
        return
    text = subject.text(SIDES[subject.pick("same", 2)])
    yield Probe("letter for letter", subject.placed("left", text, text), better_is("tie"), shown=text)
    other = respelled(paraphrased(text))
    if other == text:
        yield Skipped("no word or sign here has another spelling")
        return
    side = SIDES[subject.pick("side", 2)]
    yield Probe("other spelling", subject.placed(side, other, text), better_is("tie"), shown=other)
