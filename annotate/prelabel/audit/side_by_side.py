"""Run many strategies as one: their questions go out in common waves, so that the backend stays full."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from annotate.errors import GradusError
from annotate.prelabel.contracts import Completion, Finding, Request, Strategy

log = logging.getLogger(__name__)

Batch = Sequence[Request]
Answers = Sequence[Sequence[Completion]]


@dataclass(frozen=True, slots=True)
class Broke:
    """A strategy that raised instead of finding anything."""

    reason: str


def side_by_side(strategies: Sequence[Strategy]) -> Generator[Batch, Answers, list[Finding | Broke]]:
    """What each of them found, in order. One that breaks leaves the others alone."""
    ends: list[Finding | Broke | None] = [None] * len(strategies)
    waiting: dict[int, Batch] = {}
    answers: dict[int, Answers | None] = dict.fromkeys(range(len(strategies)))
    while True:
        for index, given in answers.items():
            step = _advanced(strategies[index], given)
            if isinstance(step, Finding | Broke):
                ends[index] = step
            else:
                waiting[index] = step
        if not waiting:
            return [end for end in ends if end is not None]
        everything = yield [request for batch in waiting.values() for request in batch]
        answers, taken = {}, 0
        for index, batch in waiting.items():
            answers[index] = everything[taken : taken + len(batch)]
            taken += len(batch)
        waiting.clear()


def _advanced(strategy: Strategy, answers: Answers | None) -> Batch | Finding | Broke:
    try:
        return next(strategy) if answers is None else strategy.send(answers)
    except StopIteration as end:
        found: Finding = end.value
        return found
    except GradusError as error:
        return Broke(str(error))
    except Exception as error:
        log.exception("a judge broke under audit")
        return Broke(f"the judge broke: {type(error).__name__}: {error}")
