"""Texts with nothing in them against a solution: they must not be preferred, on whichever side they stand.

Alone, the text is all there is on its side. At the end, it stands in a copy of a right solution where the last part
should be, against the whole: a solution that never arrives is no better than one that does.
"""

from __future__ import annotations

from annotate.prelabel.audit.of_pairs.checks import not_preferred
from annotate.prelabel.audit.of_pairs.reading import SIDES, Side
from annotate.prelabel.audit.of_pairs.subject import PairSubject
from annotate.prelabel.audit.parts import parts_of
from annotate.prelabel.audit.phrases import MASTER_KEYS
from annotate.prelabel.audit.probe import Probe, Questions, Skipped


def alone(subject: PairSubject) -> Questions:
    """Against the side known to be right or, where none is, one that is not known to be wrong."""
    truth = subject.truth
    sides = truth.right or tuple(side for side in SIDES if side not in truth.wrong)
    if not sides:
        yield Skipped("both are known to be wrong, so neither need be better than an empty text")
        return
    solution = subject.text(_one_of(subject, sides))
    for key in MASTER_KEYS:
        yield from _on_either_side(subject, key, key, solution)


def appended(subject: PairSubject) -> Questions:
    if not subject.truth.right:
        yield Skipped("neither of the two is known to be right")
        return
    solution = subject.text(_one_of(subject, subject.truth.right))
    parts = parts_of(solution)
    if len(parts) < 2:
        yield Skipped("the right solution has a single part")
        return
    begun = "".join(parts[:-1])
    for key in MASTER_KEYS:
        yield from _on_either_side(subject, key, begun + key, solution)


def _on_either_side(subject: PairSubject, key: str, text: str, solution: str) -> Questions:
    for side in SIDES:
        task = subject.placed(side, text, solution)
        yield Probe(f"“{key}” on the {side}", task, not_preferred(side), shown=text)


def _one_of(subject: PairSubject, sides: tuple[Side, ...]) -> Side:
    return sides[subject.pick("solution", len(sides))]
