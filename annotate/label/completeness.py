"""When a trace counts as answered (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

# Criterion id and step position; position None is the trace as a whole.
Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion as far as completeness cares. ``errors`` are the level keys that end a first-error criterion."""

    id: int
    title: str
    is_about_steps: bool
    stops_at_first_error: bool = False
    errors: Collection[str] = ()


def wanted_places(
    questions: Sequence[Question], n_steps: int, answers: Mapping[Place, str]
) -> Iterator[Place]:
    """Every place that needs an answer, step by step, then the trace as a whole."""
    ends = {q.id: _end(q, n_steps, answers) for q in questions if q.is_about_steps}
    for position in range(n_steps):
        yield from ((q.id, position) for q in questions if q.is_about_steps and position < ends[q.id])
    yield from ((q.id, None) for q in questions if not q.is_about_steps)


def first_missing(questions: Sequence[Question], n_steps: int, answers: Mapping[Place, str]) -> Place | None:
    return next((place for place in wanted_places(questions, n_steps, answers) if place not in answers), None)


def _end(question: Question, n_steps: int, answers: Mapping[Place, str]) -> int:
    """One past the last step the question is put about."""
    if not question.stops_at_first_error:
        return n_steps
    errors = (p for p in range(n_steps) if answers.get((question.id, p)) in question.errors)
    return next(errors, n_steps - 1) + 1
