"""Machines of which one repeats the other, found before anything is learnt.

Two readers who agree are both right, or one speaks for both, and nothing that two of them say tells which. A model that
may choose makes them infallible: that explains their agreement best. So machines that agree nearly always count as one
family, unless others bear them out; a family teaches nothing of itself.

Kappa compares the places that two machines name with what their habits alone would make of it, and what they say of
steps likewise. At 0.8 or more they are one, if the others who met them contradict them at least twice as often as they
contradict each other. Two excellent judges look like that as well where nobody else is as good: then they are believed
as one is, until somebody else reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.coincidence import meetings
from annotate.stats.locate.evidence import PERSON, Evidence, Raters
from annotate.stats.locate.signals import n_sources
from annotate.stats.locate.sums import sums

# Chance-corrected agreement from which two machines are one, on at least so many common readings.
KAPPA = 0.8
FEWEST = 30
# How much oftener others must contradict them than they each other.
_TIMES = 2.0
# Traces that are compared; more say nothing new.
_MOST_TRACES = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """(n_raters, n_raters) how often two raters differ, as a share of what chance would make (1 − kappa), and on how
    many readings that rests; both symmetric.
    """

    differ: FloatArray
    n: FloatArray


def without_copies(evidence: Evidence) -> tuple[Evidence, int]:
    """The same with machines that repeat each other in one family, and how many those are."""
    raters = evidence.raters
    is_copy = copies(raters, likeness(_some(evidence)))
    if not is_copy.any():
        return evidence, 0
    family = raters.family.copy()
    for one, other in zip(*np.nonzero(np.triu(is_copy)), strict=True):
        family[family == family[other]] = family[one]
    return evidence.by(Raters(raters.kind, family)), int(is_copy.any(axis=1).sum())


def copies(raters: Raters, found: Likeness) -> BoolArray:
    """(n_raters, n_raters) Whether two machines of different families are one."""
    n = len(raters)
    is_alike = (found.n >= FEWEST) & (1 - found.differ >= KAPPA)
    is_machine = raters.kind != PERSON
    is_alike &= is_machine[:, None] & is_machine & (raters.family[:, None] != raters.family)
    copied = np.zeros((n, n), dtype=np.bool_)
    # Whoever is as alike as they are bears nobody out: three copies would vouch for each other.
    vouches = (found.n >= FEWEST) & ~is_alike
    for one, other in zip(*np.nonzero(np.triu(is_alike)), strict=True):
        kin = np.isin(raters.family, raters.family[[one, other]])
        beside = [vouches[j] & ~kin & ~is_alike[one] & ~is_alike[other] for j in (one, other)]
        heard = [
            found.differ[j, where] @ found.n[j, where] for j, where in zip((one, other), beside, strict=True)
        ]
        on = sum(float(found.n[j, where].sum()) for j, where in zip((one, other), beside, strict=True))
        apart = sum(map(float, heard)) / on if on else 1.0
        copied[one, other] = copied[other, one] = apart >= _TIMES * found.differ[one, other]
    return copied


def likeness(evidence: Evidence) -> Likeness:
    """Of every two raters who read the same traces or looked at the same steps."""
    reports, verdicts = evidence.reports, evidence.verdicts
    longest = int(evidence.length.max(initial=1))
    agreed = _agreed(reports.trace, reports.rater, reports.place + 1, longest + 1, len(evidence.raters))
    step = verdicts.trace * longest + verdicts.step
    looked = _agreed(step, verdicts.rater, verdicts.bad, 2, len(evidence.raters))
    room, excess, n = (a + b for a, b in zip(agreed, looked, strict=True))
    return Likeness(1 - excess / np.maximum(room, 1e-9), n)


def _some(evidence: Evidence) -> Evidence:
    """As many traces of which two speak as are enough."""
    several = np.flatnonzero(n_sources(evidence) > 1)
    if len(several) > _MOST_TRACES:
        several = np.sort(np.random.default_rng(0).choice(several, _MOST_TRACES, replace=False))
    return evidence.take(several)


def _agreed(
    unit: IntArray, rater: IntArray, said: IntArray, n_said: int, n_raters: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By pairs of raters: room above chance, agreement above it, and the number of common readings."""
    order = np.argsort(unit, kind="stable")
    unit, rater, said = unit[order], rater[order], said[order]
    one, other = meetings(unit)
    differ = rater[one] != rater[other]
    one, other = one[differ], other[differ]
    habit = sums(rater * n_said + said, np.ones(len(rater)), n_raters * n_said).reshape(n_raters, n_said)
    habit = habit / np.maximum(habit.sum(axis=1, keepdims=True), 1)
    chance = (habit[rater[one]] * habit[rater[other]]).sum(axis=1)
    pair, size = rater[one] * n_raters + rater[other], n_raters * n_raters
    found = (1 - chance, (said[one] == said[other]) - chance, np.ones(len(one)))
    square = [sums(pair, amount, size).reshape(n_raters, n_raters) for amount in found]
    return tuple(table + table.T for table in square)  # type: ignore[return-value]
