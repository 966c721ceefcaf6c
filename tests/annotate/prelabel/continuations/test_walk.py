from __future__ import annotations

import pytest

from annotate.prelabel.continuations.rollouts import UNCLEAR, Rollouts, RolloutSettings
from annotate.prelabel.continuations.walk import AFTER_GAP, Walk
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, trace, values


def walked(verdicts: list[bool | None], last: str, **settings: bool) -> Walk:
    steps = [f"step {number}\n" for number in range(len(verdicts))]
    walk = Walk(Rollouts(trace(*steps, last), RolloutSettings(**settings)))
    for index, verdict in enumerate(verdicts):
        if not walk.take(index, verdict):
            return walk
    walk.take_last()
    return walk


def test_first_bad_step_ends_the_walk() -> None:
    walk = walked([True, False, True], RIGHT)
    assert walk.error == 1
    assert values(walk.finding()) == {0: "good", 1: "bad"}
    assert reasons(walk.finding()) == {2: "after the first error", 3: "after the first error"}
    assert walk.finding().summary["outcome"] == "located"


def test_bad_step_behind_an_unknown_one_has_no_certain_place() -> None:
    walk = walked([True, None, False], WRONG)
    assert walk.error is None
    assert values(walk.finding()) == {0: "good"}
    assert reasons(walk.finding()) == {1: UNCLEAR, 2: AFTER_GAP, 3: "after the first error"}
    assert walk.finding().summary["outcome"] == "unplaced"


def test_good_step_closes_the_gap() -> None:
    walk = walked([None, True, False], WRONG)
    assert (walk.error, values(walk.finding())) == (2, {1: "good", 2: "bad"})


@pytest.mark.parametrize(
    ("last", "is_wrong_answer_bad", "verdict", "outcome", "label"),
    [
        (RIGHT, True, True, "no error", "good"),
        (RIGHT, True, None, "no error", "good"),
        (WRONG, True, True, "located", "bad"),
        (WRONG, False, True, "unplaced", None),
        (WRONG, True, None, "unplaced", None),
        ("and so on", True, True, "unknown", None),
    ],
)
def test_last_step_is_graded(
    last: str, is_wrong_answer_bad: bool, verdict: bool | None, outcome: str, label: str | None
) -> None:
    finding = walked([verdict], last, is_wrong_answer_bad=is_wrong_answer_bad).finding()
    assert finding.summary["outcome"] == outcome
    assert values(finding).get(1) == label
    assert (1 in reasons(finding)) == (label is None)
