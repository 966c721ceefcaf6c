"""A server's own call for typed questions: a probability for every allowed answer, and no text.

Two shapes are in use, ``/v1/systemone`` (a state and a map of questions) and ``/v1/decisions`` (an input and a list of
them). Both put the question to the model in words of their own, with labels of their own, so their probabilities are
not those of the words of our prompt. Their ``confidence`` means different things on different servers and is not
read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from annotate.prelabel.contracts import Message

ROUTES = ("/systemone", "/decisions")
_NAME = "answer"
_INSTRUCTIONS = "Which of these is the answer to what is asked above?"


class Unanswered(Exception):
    """The server gave no probability for some of the allowed answers."""


def question_body(
    route: str, model: str, messages: Sequence[Message], choices: Sequence[str]
) -> dict[str, Any]:
    """Messages become the state, in their order; every field is one that all servers of the route know."""
    state = "\n\n".join(message.content for message in messages if message.content)
    if route == "/systemone":
        asked: dict[str, Any] = {
            "type": "choice",
            "instructions": _INSTRUCTIONS,
            "criteria": dict.fromkeys(choices),
        }
        return {"model": model, "state": state, "questions": {_NAME: asked}}
    options = [{"value": choice} for choice in choices]
    listed = {"type": "choice", "name": _NAME, "instructions": _INSTRUCTIONS, "choices": options}
    return {"model": model, "input": state, "questions": [listed]}


def probabilities(answer: Mapping[str, Any], choices: Sequence[str]) -> dict[str, float]:
    """Natural logarithms of each answer's probability, times the label mass where the server tells it.

    The mass is what the model gave to all labels together: low means that it wanted to say something else.
    """
    told = _told(answer)
    diagnostics = answer.get("diagnostics") or {}
    mass = (diagnostics.get(_NAME) or {}).get("label_mass") if isinstance(diagnostics, Mapping) else None
    found: dict[str, float] = {}
    for choice in choices:
        share = told.get(choice)
        if not isinstance(share, int | float) or not 0 < share <= 1.0001:
            continue
        found[choice] = math.log(share) + (math.log(mass) if mass else 0.0)
    if len(found) < len(choices):
        missing = [choice for choice in choices if choice not in found]
        raise Unanswered(f"the server gave no probability for {', '.join(map(repr, missing))}")
    return found


def _told(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    answers = answer.get("answers")
    if isinstance(answers, Mapping):
        told = (answers.get(_NAME) or {}).get("probabilities") or {}
    else:
        told = (
            next((one.get("probabilities") for one in answers or () if one.get("name") == _NAME), None) or {}
        )
    if isinstance(told, Mapping):
        return told
    return {str(_value(entry)): entry.get("probability") for entry in told}


def _value(entry: Mapping[str, Any]) -> Any:
    named = entry.get("value", entry.get("choice"))
    return named.get("value") if isinstance(named, Mapping) else named
