from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.enums import Action
from annotate.export.contracts import StepRow
from annotate.export.scores import p_good, soft_min, trace_scores

UNIT = st.floats(0, 1)


def a_step(value: str, probability: float | None, action: Action = Action.KEEP) -> StepRow:
    return StepRow(0, "thought", "x", "x", action, value, probability, "", ())


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (a_step("good", 0.75), 0.75),
        (a_step("bad", 0.75), 0.25),
        (a_step("neutral", 0.75), None),
        (a_step("good", None), None),
        (a_step("", 0.75, Action.ASK), None),
    ],
    ids=["good", "bad", "neutral", "none", "asked"],
)
def test_the_probability_of_good(step, expected):
    assert p_good(step) == expected


def test_scores_by_hand():
    assert trace_scores([0.5, 0.25, 1.0]) == {
        "min": 0.25,
        "product": 0.125,
        "last": 1.0,
        "mean": pytest.approx(1.75 / 3),
        "pure": pytest.approx(
            (0.25 + 0.5 * math.exp(-2.5) + math.exp(-7.5)) / (1 + math.exp(-2.5) + math.exp(-7.5))
        ),
    }


@pytest.mark.parametrize("steps", [[], [0.5, None]], ids=["no-step", "one-unknown"])
def test_one_unknown_step_and_there_is_no_score(steps):
    assert set(trace_scores(steps).values()) == {None}


@given(st.lists(UNIT, min_size=1, max_size=30))
def test_pure_lies_between_the_lowest_and_the_mean(rewards):
    found = soft_min(rewards)
    assert min(rewards) - 1e-9 <= found <= sum(rewards) / len(rewards) + 1e-9


@given(st.lists(UNIT, min_size=1, max_size=10))
def test_pure_comes_to_the_lowest_when_it_is_cold(rewards):
    assert soft_min(rewards, 1e-4) == pytest.approx(min(rewards), abs=1e-2)
