from __future__ import annotations

import pytest

from annotate.assign.readings import Said, agreement_with_key, disagreement, is_in_dispute, seconds_per_step


def said(*readers: str) -> list[Said]:
    """One text per reader, a letter per step: g good, b bad (an error), n neutral, - no answer."""
    return [
        Said(reader, (1, position), letter, is_error=letter == "b")
        for reader, letters in enumerate(readers)
        for position, letter in enumerate(letters)
        if letter != "-"
    ]


@pytest.mark.parametrize(
    ("readers", "expected"),
    [
        ([], None),
        (["ggg"], None),
        (["ggg", "ggg"], 0.0),
        (["ggg", "gbg"], 1 / 3),
        (["g", "g", "b"], 2 / 3),
        (["g", "b", "n"], 1.0),
        # the place only one of them reached says nothing
        (["gb-", "gbg"], 0.0),
    ],
)
def test_disagreement_is_the_share_of_pairs_that_differ(readers: list[str], expected: float | None) -> None:
    assert disagreement(said(*readers)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "readers", "expected"),
    [
        ("no_majority", ["g"], False),
        ("no_majority", ["gg", "gg"], False),
        ("no_majority", ["gg", "gb"], True),
        ("no_majority", ["gg", "gb", "gb"], False),
        ("no_majority", ["g", "b", "n"], True),
        ("any_step", ["gg", "gb", "gb"], True),
        ("any_step", ["gg", "gg"], False),
        ("first_error", ["gbg", "gbb"], False),
        ("first_error", ["gbg", "bgg"], True),
        ("first_error", ["gbg", "ggg"], True),
        ("first_error", ["gbg", "ggg", "ggn"], False),
        ("share", ["ggggg", "ggggb"], False),
        ("share", ["gggg", "ggbb"], True),
    ],
)
def test_a_dispute_is_one_by_the_stated_rule(rule: str, readers: list[str], expected: bool) -> None:
    assert is_in_dispute(rule, said(*readers), most_share=0.3) is expected


def test_a_key_is_held_against_what_was_answered() -> None:
    key = {(1, 0): {"good"}, (1, 1): {"good", "neutral"}, (1, 2): {"bad"}}
    assert agreement_with_key({(1, 0): "good", (1, 1): "neutral", (1, 2): "bad"}, key) == 1
    assert agreement_with_key({(1, 0): "bad"}, key) == 0
    assert agreement_with_key({(1, 0): "good", (1, 1): "bad", (2, 0): "x"}, key) == 0.5
    assert agreement_with_key({(2, 0): "x"}, key) is None
    assert agreement_with_key({}, {}) is None


def test_a_steps_seconds_are_those_of_all_its_questions() -> None:
    assert seconds_per_step([(1, 2.0), (1, 3.0), (2, 1.0), (3, 9.0)]) == 5.0
    assert seconds_per_step([]) is None
