"""How probable each of a few allowed answers is, read out of what a backend sent back.

Backends differ in what they can tell: the probability of every allowed answer (``typed`` or ``tokens``, see
``Completion.choices``) or only texts. Probabilities are taken where there are any; else each text is a vote. An
answer that the backend could not read makes the whole reading void: leaving it at 0 would move its share to the others
without a word.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.prelabel.contracts import Completion

Source = Literal["typed", "tokens", "text"]

# From the least to the most direct; an average is as direct as the least direct of its parts.
_SOURCES: tuple[Source, ...] = ("text", "tokens", "typed")
# Room for what servers round; beyond it these are not probabilities of exclusive answers.
_MASS_TOLERANCE = 0.01
_END_MARKS = ".!?,;:"


class Unread(Exception):
    """No reading; ``str()`` is the reason, in words for the owner."""


@dataclass(frozen=True, slots=True)
class ChoiceReading:
    """``probabilities`` of the allowed answers, adding up to 1.

    ``mass`` is the probability that the model gave to all of them together before that, None where only texts came
    back. ``votes`` completions were read, ``unread`` could not be.
    """

    probabilities: Mapping[str, float]
    mass: float | None
    source: Source
    votes: int
    unread: int = 0

    @property
    def best(self) -> str | None:
        """The most probable answer; None where two share the first place."""
        top = max(self.probabilities.values())
        leaders = [choice for choice, p in self.probabilities.items() if math.isclose(p, top, abs_tol=1e-12)]
        return leaders[0] if len(leaders) == 1 else None

    def evidence(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "probabilities": {choice: round(p, 6) for choice, p in self.probabilities.items()},
            "read_from": self.source,
            "votes": self.votes,
        }
        if self.mass is not None:
            facts["mass"] = round(self.mass, 6)
        if self.unread:
            facts["unread"] = self.unread
        return facts


def read_choices(completions: Sequence[Completion], choices: Sequence[str]) -> ChoiceReading:
    """The probabilities of ``choices`` according to the completions of one request for them.

    Several completions with probabilities are averaged. Raises Unread when nothing can be read, ValueError when two
    choices could not be told apart in a text.
    """
    names = {_folded(choice): choice for choice in choices}
    if len(names) != len(choices) or "" in names:
        raise ValueError(f"choices must differ by more than case and punctuation: {list(choices)}")
    told = [completion for completion in completions if completion.choices]
    if told:
        readings = [_told(completion, choices) for completion in told]
        return averaged(readings, unread=len(completions) - len(told))
    return _counted(completions, choices, names)


def averaged(readings: Sequence[ChoiceReading], *, unread: int = 0) -> ChoiceReading:
    """The mean of readings of the same choices, as when labels were shown in several orders."""
    if not readings:
        raise ValueError("there is no reading to average")
    choices = list(readings[0].probabilities)
    if any(set(reading.probabilities) != set(choices) for reading in readings):
        raise ValueError("the readings are of different choices")
    masses = [reading.mass for reading in readings if reading.mass is not None]
    return ChoiceReading(
        {c: math.fsum(reading.probabilities[c] for reading in readings) / len(readings) for c in choices},
        math.fsum(masses) / len(masses) if len(masses) == len(readings) else None,
        min((reading.source for reading in readings), key=_SOURCES.index),
        sum(reading.votes for reading in readings),
        unread + sum(reading.unread for reading in readings),
    )


def order_gap(readings: Sequence[ChoiceReading]) -> float:
    """How far the order of the labels alone moved a probability: the largest spread of any choice, 0 to 1."""
    spreads = [
        max(reading.probabilities[choice] for reading in readings)
        - min(reading.probabilities[choice] for reading in readings)
        for choice in readings[0].probabilities
    ]
    return max(spreads)


def label_orders(choices: Sequence[str], wanted: int) -> tuple[tuple[str, ...], ...]:
    """Up to ``wanted`` different orders: as given, reversed, then rotations, each beside its reversal."""
    orders: list[tuple[str, ...]] = []
    for shift in range(len(choices)):
        turned = (*choices[shift:], *choices[:shift])
        orders += [turned, turned[::-1]]
    return tuple(dict.fromkeys(orders))[:wanted]


def _told(completion: Completion, choices: Sequence[str]) -> ChoiceReading:
    missing = [choice for choice in choices if choice not in completion.choices]
    if missing:
        raise Unread(f"the backend gave no probability for {', '.join(map(repr, missing))}")
    logs = {choice: completion.choices[choice] for choice in choices}
    broken = [choice for choice, value in logs.items() if not math.isfinite(value)]
    if broken:
        raise Unread(f"the log-probability of {broken[0]!r} is not finite")
    top = max(logs.values())
    total = top + math.log(math.fsum(math.exp(value - top) for value in logs.values()))
    if total > math.log1p(_MASS_TOLERANCE):
        raise Unread("the probabilities of the answers add up to more than 1")
    return ChoiceReading(
        {choice: math.exp(value - total) for choice, value in logs.items()},
        min(1.0, math.exp(total)),
        "typed" if completion.choice_source == "typed" else "tokens",
        1,
    )


def _counted(
    completions: Sequence[Completion], choices: Sequence[str], names: Mapping[str, str]
) -> ChoiceReading:
    # A text that was cut may have gone on: "good" is then not known to be the whole answer.
    finished = [completion for completion in completions if completion.finish_reason == "stop"]
    votes = Counter(names[said] for c in finished if (said := _folded(c.text)) in names)
    read = votes.total()
    if not read:
        raise Unread(_why_unread(completions, finished))
    shares = {choice: votes[choice] / read for choice in choices}
    return ChoiceReading(shares, None, "text", read, len(completions) - read)


def _folded(text: str) -> str:
    return text.strip().rstrip(_END_MARKS).rstrip().casefold()


def _why_unread(completions: Sequence[Completion], finished: Sequence[Completion]) -> str:
    if finished:
        return "no answer was one of the allowed words"
    errors = [completion.error for completion in completions if completion.error]
    if errors:
        return errors[0]
    reasons = {
        "length": "the answer was cut off",
        "refused": "the model refused",
        "timeout": "no answer in time",
    }
    return (
        reasons.get(completions[0].finish_reason, "the answer failed")
        if completions
        else "no answer came back"
    )
