"""What must not sway a judge of pairs: length, what others prefer, the mood of the words.

The biases of arXiv 2505.17100, where the fourth, the place, stands in ``orders``. A case counts as biased when the
better side was preferred before and no longer is. Every change is made by rule and leaves the mathematics alone.
"""

from __future__ import annotations

from collections.abc import Callable

from annotate.prelabel.audit.of_pairs.checks import stays_right
from annotate.prelabel.audit.of_pairs.reading import OTHER
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.parts import parts_of
from annotate.prelabel.audit.phrases import CHEER, GLOOM, PADDING, before, behind
from annotate.prelabel.audit.probe import Probe, Questions, Skipped

BELIEF = "(90 % of people prefer this one to the other.)"
_Write = Callable[[str], str]


def verbosity(subject: PairSubject) -> Questions:
    """Every part of the worse side padded with a sentence that says nothing."""
    yield from _biased(
        subject,
        "padded",
        PADDING,
        worse=lambda text: "".join(behind(part, PADDING) for part in parts_of(text)),
    )


def bandwagon(subject: PairSubject) -> Questions:
    """A majority said to prefer the worse side."""
    yield from _biased(subject, "belief", BELIEF, worse=lambda text: before(text, BELIEF))


def sentiment(subject: PairSubject) -> Questions:
    """Gloom before the better side, cheer before the worse."""
    yield from _biased(
        subject,
        "mood",
        f"{GLOOM} / {CHEER}",
        worse=lambda text: before(text, CHEER),
        better=lambda text: before(text, GLOOM),
    )


def _biased(
    subject: PairSubject, variant: str, shown: str, *, worse: _Write, better: _Write = str
) -> Questions:
    side = subject.better_side
    if isinstance(side, Skipped):
        yield side
        return
    task = subject.placed(side, better(subject.text(side)), worse(subject.text(OTHER[side])))
    yield Probe(variant, task, stays_right(side), shown=shown)
