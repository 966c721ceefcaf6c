"""What is asked about a trace, given what has been said so far, and when that counts as answered (pure).

A question is asked at a place where its condition holds and its own first error does not stand before. Required is what
is asked, not optional, and not given up by a way out of the whole trace. The page's script (static/js/sheet.js) follows
the same rules; tests/e2e holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from annotate.ingest.tags import tags_in

# Criterion id and step position; position None is the trace as a whole.
Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """``is_filled``: nobody looked at this one by itself; an error further on filled it in."""

    value: str
    text: str
    is_filled: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion as far as completeness cares; the level keys in ``errors`` end a first-error criterion.

    ``kinds``: it is asked about steps of these kinds alone; empty: about every step.
    ``needs_text``: level keys that are half an answer without words. ``ends``: level keys that are a way out of the
    whole trace. ``condition`` is the id of a question that comes before, ``condition_levels`` the answers to it that
    lead here.
    """

    id: int
    title: str
    is_about_steps: bool
    stops_at_first_error: bool = False
    is_optional: bool = False
    kinds: Collection[str] = ()
    # Steps that have something to choose from or to rate; None: every step is asked about.
    only_at: Collection[int] | None = None
    errors: Collection[str] = ()
    needs_text: Collection[str] = ()
    ends: Collection[str] = ()
    condition: int | None = None
    condition_levels: Collection[str] = ()


def asked_places(
    questions: Sequence[Question], kinds: Sequence[str], answers: Mapping[Place, Answer]
) -> list[Place]:
    """Every place a question is asked at, required or not: step by step, then the trace as a whole.

    ``kinds`` are those of the steps, in their order.
    """
    asked: set[Place] = set()
    for question in questions:
        stopped = False
        for position in range(len(kinds)) if question.is_about_steps else (None,):
            place = (question.id, position)
            if (
                stopped
                or not _is_about(question, position, kinds)
                or not _is_met(question, position, asked, answers)
            ):
                continue
            asked.add(place)
            said = answers.get(place)
            stopped = question.stops_at_first_error and said is not None and said.value in question.errors
    about_steps = [q.id for q in questions if q.is_about_steps]
    in_order: list[Place] = [(pk, p) for p in range(len(kinds)) for pk in about_steps if (pk, p) in asked]
    return in_order + [(q.id, None) for q in questions if (q.id, None) in asked]


def open_places(
    questions: Sequence[Question], kinds: Sequence[str], answers: Mapping[Place, Answer]
) -> list[Place]:
    """What still needs an answer, or the words that an answer needs, in the order of :func:`asked_places`."""
    asked = asked_places(questions, kinds, answers)
    by_id = {question.id: question for question in questions}
    is_left = any(
        position is None and (said := answers.get((pk, None))) is not None and said.value in by_id[pk].ends
        for pk, position in asked
    )
    return [
        (pk, position)
        for pk, position in asked
        if not (is_left and position is not None)
        and not _is_done(by_id[pk], answers.get((pk, position)))
        and not (by_id[pk].is_optional and (pk, position) not in answers)
    ]


def first_missing(
    questions: Sequence[Question], kinds: Sequence[str], answers: Mapping[Place, Answer]
) -> Place | None:
    return next(iter(open_places(questions, kinds, answers)), None)


def _is_done(question: Question, said: Answer | None) -> bool:
    return said is not None and (bool(said.text) or said.value not in question.needs_text)


def _is_about(question: Question, position: int | None, kinds: Sequence[str]) -> bool:
    if position is None:
        return True
    if question.kinds and kinds[position] not in question.kinds:
        return False
    return question.only_at is None or position in question.only_at


def _is_met(
    question: Question, position: int | None, asked: Collection[Place], answers: Mapping[Place, Answer]
) -> bool:
    """Whether what the question depends on was asked, at this place or about the trace, and answered so."""
    if question.condition is None:
        return True
    here: Place = (question.condition, position)
    place = here if here in asked else (question.condition, None)
    said = answers.get(place) if place in asked else None
    return said is not None and not set(question.condition_levels).isdisjoint(tags_in(said.value))
