from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from annotate.consensus.belief import Belief
from annotate.consensus.doubts import About, Doubt, doubts_of
from annotate.consensus.located import Located
from annotate.stats.locate.evidence import (
    JUDGE,
    NO_ERROR,
    PERSON,
    RIGHT,
    VERIFIER,
    WRONG,
    Evidence,
    Raters,
    Reports,
    Rollouts,
    Verdicts,
)
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.model import Model

LENGTH = 6
RATERS = Raters.of([PERSON, PERSON, JUDGE, JUDGE, VERIFIER])
PEOPLE, JUDGES, CHECK = (0, 1), (2, 3), 4


def a_belief(
    reports: Sequence[tuple[int, int]] = (),
    *,
    hits: Sequence[int] = (),
    refuted: Sequence[int] = (),
    outcome: int = WRONG,
) -> Belief:
    """Reports as (rater, place); ``hits`` of eight from each prefix, the last left out."""
    rater, place = (np.array([row[i] for row in reports], dtype=np.int64) for i in (0, 1))
    n = len(hits)
    evidence = Evidence.of(
        [LENGTH],
        outcome=[outcome],
        raters=RATERS,
        reports=Reports(np.zeros(len(rater), dtype=np.int64), rater, place),
        rollouts=Rollouts(
            np.zeros(n, dtype=np.int64), np.arange(n), np.array(hits, dtype=np.int64), np.full(n, 8)
        ),
        verdicts=Verdicts(
            np.zeros(len(refuted), dtype=np.int64),
            np.full(len(refuted), CHECK),
            np.array(refuted, dtype=np.int64),
            np.ones(len(refuted), dtype=np.int64),
        ),
    )
    fit = LocationFit(Model.assumed(RATERS), 0, 0, (), ())
    located = Located(fit, (11, 12, 13, 14, 15), ("good", "bad"), "recoverable")
    return Belief(1, 1, located, evidence, fit.posterior(evidence), True, {})


def first_of(belief: Belief, **asked: bool) -> Doubt | None:
    return next(iter(doubts_of(belief, **asked)), None)


@pytest.mark.parametrize(
    ("belief", "about", "earlier", "later"),
    [
        (a_belief([(2, 3)], hits=(8, 8, 8, 6, 0)), About.ROLLOUTS_LATER, 3, 4),
        (a_belief([(2, 3)], hits=(8, 8, 8, 8, 8), outcome=RIGHT), About.ROLLOUTS_LATER, 3, NO_ERROR),
        (a_belief([(2, 4)], hits=(8, 0, 0, 0, 0)), About.ROLLOUTS_EARLIER, 1, 4),
        (a_belief([(2, NO_ERROR)], hits=(8, 0, 0, 0, 0)), About.ROLLOUTS_EARLIER, 1, NO_ERROR),
        (a_belief([(2, 1), (3, 5)]), About.JUDGES, 1, 5),
        (a_belief([(2, 1), (3, NO_ERROR)]), About.JUDGES, 1, NO_ERROR),
        (a_belief([(0, 1), (1, 2)]), About.PEOPLE, 1, 2),
        (a_belief([(0, 1), (1, NO_ERROR)]), About.PEOPLE, 1, NO_ERROR),
        (a_belief([(0, 3), (2, 1)]), About.PEOPLE_LATER, 1, 3),
        (a_belief([(0, NO_ERROR), (2, 1)]), About.PEOPLE_LATER, 1, NO_ERROR),
        (a_belief([(0, 1), (2, 3)]), About.PEOPLE_EARLIER, 1, 3),
        (a_belief([(0, 1), (2, NO_ERROR)]), About.PEOPLE_EARLIER, 1, NO_ERROR),
        (a_belief([(0, 4)], refuted=(2,)), About.REFUTED, 2, NO_ERROR),
        (a_belief([(2, NO_ERROR)], refuted=(2, 4)), About.REFUTED, 2, NO_ERROR),
    ],
    ids=lambda given: str(given) if isinstance(given, str | int) else "signals",
)
def test_the_direction_of_a_difference_is_the_question(
    belief: Belief, about: About, earlier: int, later: int
) -> None:
    found = first_of(belief)
    assert found == Doubt(about, earlier, later)
    assert f"step {earlier + 1}" in str(found)
    assert "%" not in str(found)
    assert str(found).endswith("?")


@pytest.mark.parametrize(
    "belief",
    [
        a_belief(),
        a_belief([(2, 3)]),
        a_belief([(2, 3), (3, 3), (0, 3)], hits=(8, 8, 8, 0, 0)),
        a_belief([(2, NO_ERROR)], hits=(8, 8, 8, 8, 8), outcome=RIGHT),
        # Refuted where everybody sees the first error, or behind it.
        a_belief([(2, 2)], refuted=(2, 4)),
        # Nobody has called it good.
        a_belief(refuted=(2,)),
    ],
    ids=["silence", "one judge", "all alike", "nothing lost", "refuted there", "refuted alone"],
)
def test_where_nothing_differs_nothing_is_asked(belief: Belief) -> None:
    assert doubts_of(belief) == ()


def test_whoever_labels_hears_nothing_of_what_people_said() -> None:
    """What Bob answered is in three questions for a reviewer and in none for Carol, who is to read it next."""
    belief = a_belief([(0, 1), (1, NO_ERROR), (2, 3), (3, 3)], refuted=(0,))
    assert {one.about for one in doubts_of(belief)} >= {
        About.PEOPLE,
        About.PEOPLE_EARLIER,
        About.PEOPLE_LATER,
    }
    assert doubts_of(belief, among_machines=True) == (Doubt(About.REFUTED, 0),)
    without = a_belief([(2, 3), (3, 3)], refuted=(0,))
    assert doubts_of(belief, among_machines=True) == doubts_of(without, among_machines=True)


def test_of_a_judges_votes_the_commonest_is_heard() -> None:
    assert doubts_of(a_belief([(2, 1), (2, 3), (2, 3), (3, 3)])) == ()
