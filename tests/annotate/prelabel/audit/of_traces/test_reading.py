from __future__ import annotations

import pytest

from annotate.prelabel.audit.of_traces.reading import (
    BETWEEN,
    NO_ERROR,
    RIGHT,
    SOMEWHERE,
    WRONG,
    Reading,
    own_positions,
    read,
    scale_of,
    spoken,
)
from annotate.prelabel.contracts import (
    CriterionTask,
    Finding,
    LevelTask,
    Opinion,
    Silence,
    StepTask,
    TraceTask,
)
from tests.annotate.prelabel.audit.of_traces.judges import VERDICT


@pytest.mark.parametrize(
    ("tones", "whole", "place"),
    [
        ({0: RIGHT, 1: WRONG, 2: RIGHT}, None, 1),
        ({0: RIGHT, 1: BETWEEN, 2: RIGHT}, None, NO_ERROR),
        ({0: RIGHT, 1: RIGHT}, None, None),  # the last step is open
        ({1: WRONG}, None, None),  # the first is, and could be the error
        ({0: WRONG}, None, 0),  # what follows the first error does not matter
        ({}, RIGHT, NO_ERROR),
        ({}, WRONG, SOMEWHERE),
        ({}, BETWEEN, None),
        ({}, None, None),
    ],
)
def test_the_first_error_is_open_where_a_step_before_it_is(tones, whole, place):
    assert Reading(tones, whole).first_error((0, 1, 2)) == place


def test_tones_come_from_the_judges_own_words_or_from_the_number_line():
    five = CriterionTask(
        "rigour", "Rigour", levels=tuple(LevelTask(f"l{i}", "", score=i) for i in range(1, 6))
    )
    assert scale_of(five, {}).tones == {"l1": -1, "l2": -1, "l3": 0, "l4": 1, "l5": 1}
    assert scale_of(VERDICT, {"good": "neutral", "bad": "bad"}).tones == {"good": 1, "neutral": 1, "bad": -1}
    assert scale_of(None, {}).tones == {"good": 1, "bad": -1}
    assert scale_of(VERDICT, {}).tone("unsure") is None


def test_opinions_on_other_criteria_are_not_read():
    finding = Finding(
        (
            Opinion(0, "good"),
            Opinion(1, "bad", criterion="style"),
            Opinion(None, "bad"),
            Opinion(2, "unsure"),
        ),
        (Silence(3, "cut off"),),
    )
    reading = read(finding, scale_of(VERDICT, {}))
    assert (reading.tones, reading.whole) == ({0: RIGHT}, WRONG)
    assert reading.why_open(2) == "the judge said unsure"
    assert reading.why_open(3) == "cut off"
    assert Reading().why_open() == "no verdict"


def test_what_the_environment_answered_is_judged_by_nobody():
    steps = (StepTask(0, "call"), StepTask(1, "result", kind="observation"), StepTask(2, "so"))
    assert own_positions(TraceTask("?", steps)) == (0, 2)


def test_places_are_spoken_from_one():
    assert [spoken(place) for place in (0, NO_ERROR, SOMEWHERE, None)] == [
        "first error at step 1",
        "no error",
        "an error somewhere",
        "open",
    ]
