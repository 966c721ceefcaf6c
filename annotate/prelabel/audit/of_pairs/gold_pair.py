"""A pair of which it is known which side is better, as it is."""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.checks import better_is
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.probe import Probe, Questions, Skipped


def judge_gold(subject: PairSubject) -> Questions:
    """A gold label may also say that the two are equal; then neither may be preferred."""
    better = subject.truth.better
    if better is None:
        assert isinstance(subject.better_side, Skipped)
        yield subject.better_side
        return
    shown = "" if better == "tie" else subject.text(better)
    yield Probe(subject.truth.source, subject.plain, better_is(better), shown=shown)
