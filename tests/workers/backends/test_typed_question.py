from __future__ import annotations

import math
from typing import Any

import pytest

from annotate.prelabel.contracts import Message
from workers.backends.typed_question import Unanswered, probabilities, question_body

TURNS = (Message("system", "Be strict."), Message("user", "Is step 2 right?"))
CHOICES = ("good", "bad")


def test_systemone_asks_with_the_fields_that_every_server_of_it_knows() -> None:
    body = question_body("/systemone", "m", TURNS, CHOICES)
    assert set(body) == {"model", "state", "questions"}
    assert body["state"] == "Be strict.\n\nIs step 2 right?"
    (question,) = body["questions"].values()
    assert (question["type"], question["criteria"]) == ("choice", {"good": None, "bad": None})


def test_decisions_asks_with_a_list() -> None:
    body = question_body("/decisions", "m", TURNS, CHOICES)
    assert set(body) == {"model", "input", "questions"}
    assert body["questions"][0]["choices"] == [{"value": "good"}, {"value": "bad"}]


SYSTEMONE: dict[str, Any] = {
    "answers": {"answer": {"probabilities": {"good": 0.8, "bad": 0.2}, "confidence": 0.1}}
}
LISTED = [{"value": "good", "probability": 0.8}, {"value": "bad", "probability": 0.2}]
NESTED = [{"choice": {"value": "good"}, "probability": 0.8}, {"choice": {"value": "bad"}, "probability": 0.2}]


@pytest.mark.parametrize(
    "answer",
    [
        SYSTEMONE,
        {"answers": [{"name": "answer", "probabilities": LISTED}]},
        {"answers": [{"name": "answer", "probabilities": NESTED}]},
    ],
)
def test_probabilities_are_read_from_every_shape(answer: dict[str, Any]) -> None:
    found = probabilities(answer, CHOICES)
    assert {choice: round(math.exp(value), 9) for choice, value in found.items()} == {"good": 0.8, "bad": 0.2}


def test_label_mass_shows_what_the_model_wanted_to_say_instead() -> None:
    found = probabilities({**SYSTEMONE, "diagnostics": {"answer": {"label_mass": 0.5}}}, CHOICES)
    assert math.exp(found["good"]) == pytest.approx(0.4)
    assert math.exp(found["bad"]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"answers": None},
        {"answers": {"answer": {}}},
        {"answers": [{"name": "answer", "type": "refusal"}]},
        {"answers": {"answer": {"probabilities": {"good": 1.0, "bad": 0.0}}}},
        {"answers": {"answer": {"probabilities": {"good": "much", "bad": 0.2}}}},
        {"answers": {"answer": {"probabilities": {"good": math.nan, "bad": 0.2}}}},
    ],
)
def test_missing_probability_is_never_a_zero(answer: dict[str, Any]) -> None:
    with pytest.raises(Unanswered, match="no probability for"):
        probabilities(answer, CHOICES)
