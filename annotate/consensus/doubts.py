"""What a trace's signals differ about, as a question that a person can answer.

Rollouts speak of what can be repaired, judges and people of what is correct, verifiers of single steps. Which of them
puts the first error later than which is what a person has to look at, so the direction of the difference becomes the
question. Everything in a question is a step's number in a sentence of ours: no word of a model is in it.

What people said is in some of them. Whoever labels a trace is asked by machines' differences alone (``among_machines``)
and, as with all that machines say, only after they have committed themselves, where the project reveals pre-labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from django.utils.translation import gettext

from annotate.consensus.belief import Belief
from annotate.stats.locate.evidence import JUDGE, NO_ERROR, PERSON, RIGHT, VERIFIER
from annotate.stats.locate.shares import ROLLOUTS

# Likelihoods of two places that differ by less are the same to the eye, and to rounding.
_SAME = 1e-9


class About(StrEnum):
    """In the order in which they are asked: what is easiest to answer first."""

    REFUTED = "refuted"
    PEOPLE = "people"
    ROLLOUTS_LATER = "rollouts_later"
    ROLLOUTS_EARLIER = "rollouts_earlier"
    JUDGES = "judges"
    PEOPLE_LATER = "people_later"
    PEOPLE_EARLIER = "people_earlier"


@dataclass(frozen=True, slots=True)
class Doubt:
    """``earlier`` and ``later`` are places of the first error, as positions; ``later`` is -1 where one side finds none.

    For ``REFUTED`` ``earlier`` is the step that a check refutes.
    """

    about: About
    earlier: int
    later: int = NO_ERROR

    @property
    def step(self) -> int:
        """The position of the step to look at."""
        return self.earlier

    def __str__(self) -> str:
        """The question, in the language at hand; steps are numbered from 1."""
        said = _without_error() if self.later == NO_ERROR else _at_two_places()
        return said[self.about] % {"earlier": self.earlier + 1, "later": self.later + 1}


@dataclass(frozen=True, slots=True)
class _Named:
    """Where each kind puts the first error, by rater; ``length`` stands for no error, so that none is the latest."""

    length: int
    people: tuple[int, ...]
    judges: tuple[int, ...]
    rollouts: int | None
    refuted: tuple[int, ...]


def doubts_of(belief: Belief, *, among_machines: bool = False) -> tuple[Doubt, ...]:
    """What to ask about the trace, the first the most telling; empty where nothing differs."""
    named = _named(belief)
    people = () if among_machines else named.people
    found = [
        _refuted(named, people or named.judges),
        _between(About.PEOPLE, named, people, people),
        _between(About.ROLLOUTS_LATER, named, named.judges, _one(named.rollouts)),
        _between(About.ROLLOUTS_EARLIER, named, _one(named.rollouts), named.judges),
        _between(About.JUDGES, named, named.judges, named.judges),
        _between(About.PEOPLE_LATER, named, named.judges, people),
        _between(About.PEOPLE_EARLIER, named, people, named.judges),
    ]
    return tuple(one for one in found if one is not None)


def _named(belief: Belief) -> _Named:
    evidence, length = belief.evidence, int(belief.evidence.length[0])
    kinds, reports, verdicts = evidence.raters.kind, evidence.reports, evidence.verdicts
    place = np.where(reports.place == NO_ERROR, length, reports.place)
    by_kind = {
        kind: tuple(
            _usual(place[reports.rater == rater].tolist())
            for rater in np.unique(reports.rater[kinds[reports.rater] == kind]).tolist()
        )
        for kind in (PERSON, JUDGE)
    }
    refuted = verdicts.step[(verdicts.bad == 1) & (kinds[verdicts.rater] == VERIFIER)]
    return _Named(
        length,
        by_kind[PERSON],
        by_kind[JUDGE],
        _rolled(belief, length) if len(evidence.rollouts) else None,
        tuple(np.unique(refuted).tolist()),
    )


def _usual(places: list[int]) -> int:
    """Of several votes of one rater the commonest, the earliest among equals."""
    count = Counter(places)
    return min(count, key=lambda place: (-count[place], place))


def _rolled(belief: Belief, length: int) -> int:
    """Where rollouts by themselves put the error.

    They cannot tell a last step that is wrong from none that is; the graded answer can.
    """
    found = belief.ledger()
    at = np.flatnonzero(found.signal == ROLLOUTS)
    terms = found.terms[at[0]]
    place = int(terms.argmax())
    is_right = int(belief.evidence.outcome[0]) == RIGHT
    return length if is_right and terms[length] >= terms[place] - _SAME else place


def _refuted(named: _Named, readers: Iterable[int]) -> Doubt | None:
    """A check refutes a step that all readers place before the first error."""
    latest = min(readers, default=None)
    steps = [step for step in named.refuted if latest is not None and step < latest]
    return Doubt(About.REFUTED, steps[0]) if steps else None


def _between(about: About, named: _Named, some: Iterable[int], others: Iterable[int]) -> Doubt | None:
    """The earliest of some against the latest of the others, where that is later."""
    earliest, latest = min(some, default=None), max(others, default=None)
    if earliest is None or latest is None or earliest >= latest:
        return None
    return Doubt(about, earliest, NO_ERROR if latest == named.length else latest)


def _one(place: int | None) -> tuple[int, ...]:
    return () if place is None else (place,)


def _at_two_places() -> dict[About, str]:
    return {
        About.PEOPLE: gettext(
            "Readers place the first error at step %(earlier)d and at step %(later)d: is step %(earlier)d wrong?"
        ),
        About.ROLLOUTS_LATER: gettext(
            "Rollouts place the error later than a judge, at step %(later)d: is step %(earlier)d wrong, or only"
            " repairable?"
        ),
        About.ROLLOUTS_EARLIER: gettext(
            "Rollouts find no way on from step %(earlier)d, a judge sees the first error at step %(later)d: is step"
            " %(earlier)d wrong, or only hard to go on from?"
        ),
        About.JUDGES: gettext(
            "Judges place the first error at step %(earlier)d and at step %(later)d: is step %(earlier)d wrong?"
        ),
        About.PEOPLE_LATER: gettext(
            "A judge places the first error at step %(earlier)d, a reader at step %(later)d: is step %(earlier)d wrong?"
        ),
        About.PEOPLE_EARLIER: gettext(
            "A reader places the first error at step %(earlier)d, a judge at step %(later)d: is step %(earlier)d wrong?"
        ),
    }


def _without_error() -> dict[About, str]:
    return {
        About.REFUTED: gettext(
            "A check refutes step %(earlier)d, which everybody who read it calls good: is it wrong?"
        ),
        About.PEOPLE: gettext(
            "A reader finds the first error at step %(earlier)d, another finds none: is step %(earlier)d wrong?"
        ),
        About.ROLLOUTS_LATER: gettext(
            "A judge finds an error at step %(earlier)d, and rollouts reach the right answer from every step: is step"
            " %(earlier)d wrong, or only repairable?"
        ),
        About.ROLLOUTS_EARLIER: gettext(
            "Rollouts find no way on from step %(earlier)d, and a judge sees no error: is step %(earlier)d wrong, or"
            " only hard to go on from?"
        ),
        About.JUDGES: gettext(
            "A judge finds the first error at step %(earlier)d, another finds none: is step %(earlier)d wrong?"
        ),
        About.PEOPLE_LATER: gettext(
            "A judge finds an error at step %(earlier)d, a reader finds none: is step %(earlier)d wrong?"
        ),
        About.PEOPLE_EARLIER: gettext(
            "A reader finds an error at step %(earlier)d, a judge finds none: is step %(earlier)d wrong?"
        ),
    }
