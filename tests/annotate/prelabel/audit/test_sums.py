from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.audit.flipped_digit import flip_digit
from annotate.prelabel.audit.probe import Probe, Skipped, Subject, truth_of
from annotate.prelabel.audit.reworded import paraphrased, respelled
from annotate.prelabel.audit.shuffled import shuffle
from annotate.prelabel.audit.sums import true_sums
from tests.annotate.prelabel.audit.judges import trace


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("so 10 - 3 = 7.", ["7"]),
        ("10−3=7", ["7"]),
        ("1.5 × 4 = 6", ["6"]),
        ("7 / 2 = 3.5", ["3.5"]),
        ("2 + 3 = 5 and 2 * 3 = 6", ["5", "6"]),
        ("10 - 3 = 8", []),  # false
        ("7 / 3 = 2.33", []),  # rounded
        ("4 / 0 = 0", []),
        ("1 + 2 + 3 = 6", []),  # a chain: 2 + 3 is no sum of its own
        ("2 + 3 = 5 + 0", []),
        ("x2 + 3 = 5", []),
        ("2 + 3 = 5x", []),
        ("2 + 3 = 5.5", []),
        ("2^2 + 3 = 7", []),
        ("", []),
    ],
)
def test_only_certain_sums_are_found(text, results):
    assert [found.result for found in true_sums(text)] == results


@given(st.integers(0, 999), st.integers(0, 999))
def test_a_flipped_digit_makes_exactly_one_true_sum_false(left, right):
    text = f"We add {left} + {right} = {left + right}.\n"
    (probe,) = flip_digit(Subject(trace(text, first_error=-1), truth_of(trace(text, first_error=-1)), {}))
    assert isinstance(probe, Probe)
    flipped = probe.task.steps[0].text
    assert list(true_sums(flipped)) == []
    assert len(flipped) == len(text)
    assert sum(one != other for one, other in zip(text, flipped, strict=True)) == 1


def test_steps_behind_a_gold_error_are_never_falsified():
    texts = ("1 + 1 = 2\n", "2 + 2 = 5\n", "3 + 3 = 6\n", "4 + 4 = 8\n")
    task = trace(*texts, first_error=1)
    (probe,) = flip_digit(Subject(task, truth_of(task), {}))
    assert [step.text for step in probe.task.steps[1:]] == list(texts[1:])


def test_a_right_outcome_is_enough_to_plant_an_error_but_is_no_key():
    truth = truth_of(trace(outcome="right"))
    assert (truth.first_error, truth.right) == (None, (0, 1, 2))
    assert truth_of(trace(outcome="wrong")).right == ()


def test_signs_and_words_change_and_numbers_do_not():
    assert respelled("So 10 - 3 = 7 and 2*3=6.") == "So 10 − 3=7 and 2×3 = 6."
    assert paraphrased("So it is, thus 7.") == "Therefore it is, hence 7."


def test_independent_neighbours_change_places_and_others_do_not():
    problem = "Ann buys 2 red pens at 3 each and 4 blue ones at 5 each. What does she pay?"
    free = trace("Red: 2 × 3 = 6.\n", "Blue: 4 × 5 = 20.\n", "Sum: 6 + 20 = 26.\n", problem=problem)
    (probe,) = shuffle(Subject(free, truth_of(free), {}))
    assert [step.text for step in probe.task.steps] == [
        "Blue: 4 × 5 = 20.\n",
        "Red: 2 × 3 = 6.\n",
        "Sum: 6 + 20 = 26.\n",
    ]
    for texts in (
        ("10 - 3 = 7.\n", "7 + 7 = 14.\n"),  # the second needs the first
        ("2 × 3 = 6.\n", "Then 4 × 5 = 20.\n"),
        ("1. 2 × 3 = 6.\n", "2. 4 × 5 = 20.\n"),
    ):
        bound = trace(*texts, problem=problem)
        (skipped,) = shuffle(Subject(bound, truth_of(bound), {}))
        assert isinstance(skipped, Skipped)
