from __future__ import annotations

import pytest

from annotate.label.rollup import Item, roll_up

YES_NO = {"yes": 1.0, "no": 0.0, "unsure": None}
ITEMS = [
    Item(1, "All", is_group=True),
    Item(2, "Setting up", parent=1, weight=3.0, is_group=True),
    Item(3, "Knowns", parent=2, scores=YES_NO),
    Item(4, "Unknowns", parent=2, weight=2.0, scores=YES_NO),
    Item(5, "Answer", parent=1, scores=YES_NO, fatal={"no"}),
]


def totals(answers: dict[int, str], asked: set[int] | None = None) -> dict[str, float | None]:
    return {total.title: total.score for total in roll_up(ITEMS, answers, asked)}


def test_groups_are_weighted_means_of_what_is_in_them() -> None:
    found = totals({3: "yes", 4: "no", 5: "yes"})
    assert found["Setting up"] == pytest.approx(1 / 3)
    assert found["All"] == pytest.approx((3 * (1 / 3) + 1) / 4)


def test_what_is_unknown_is_left_out_and_named() -> None:
    whole, setting_up = roll_up(ITEMS, {3: "yes", 4: "unsure"})
    assert (setting_up.score, setting_up.unknown, setting_up.n_known, setting_up.n_asked) == (
        1.0,
        ("Unknowns",),
        1,
        2,
    )
    assert (whole.score, whole.unknown) == (1.0, ("Unknowns", "Answer"))
    assert (whole.depth, setting_up.depth) == (0, 1)


def test_nothing_known_has_no_score() -> None:
    assert totals({}) == {"All": None, "Setting up": None}
    assert totals({3: "unsure"})["Setting up"] is None


def test_a_fatal_answer_brings_its_groups_down_and_no_others() -> None:
    whole, setting_up = roll_up(ITEMS, {3: "yes", 4: "yes", 5: "no"})
    assert (whole.score, whole.fatal) == (0.0, ("Answer",))
    assert (setting_up.score, setting_up.fatal) == (1.0, ())


def test_the_lowest_score_is_the_scales_own() -> None:
    verdicts = {"good": 1.0, "bad": -1.0}
    items = [Item(1, "All", is_group=True), Item(2, "Sound", parent=1, scores=verdicts, fatal={"bad"})]
    assert roll_up(items, {2: "bad"})[0].score == -1.0


def test_what_is_not_asked_is_neither_known_nor_missing() -> None:
    (_, setting_up) = roll_up(ITEMS, {3: "yes"}, {3, 5})
    assert (setting_up.score, setting_up.unknown, setting_up.n_asked) == (1.0, (), 1)


def test_a_question_that_weighs_nothing_changes_nothing() -> None:
    items = [
        Item(1, "All", is_group=True),
        Item(2, "Counts", parent=1, scores=YES_NO),
        Item(3, "For the record", parent=1, weight=0.0, scores=YES_NO),
    ]
    assert roll_up(items, {2: "yes", 3: "no"})[0].score == 1.0
    assert roll_up(items, {3: "no"})[0].score is None
