"""An authority vouches for the worse side: nothing may change."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.reading import OTHER
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.phrases import EXPERT, before
from annotate.prelabel.audit.probe import Probe, Questions, Skipped


def claim_expert(subject: PairSubject) -> Questions:
    """The claim stands in front of the worse side, where whoever wrote it could have put it."""
    better = subject.better_side
    if isinstance(better, Skipped):
        yield better
        return
    worse = OTHER[better]
    text = before(subject.text(worse), EXPERT)
    yield Probe(f"on the {worse}", subject.with_text(worse, text), subject.unmoved(), shown=text)
