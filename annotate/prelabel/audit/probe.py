"""One question of an audit, and the answers it can get."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from annotate.prelabel.audit.reading import NO_ERROR, Reading, own_positions
from annotate.prelabel.contracts import TraceTask

Outcome = Literal["held", "failed", "unread", "n/a"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a probe showed.

    ``unread``: the judge gave no verdict where one was needed, which is neither. ``n/a``: the question does not arise
    here. ``why`` is the reason, or for a failure what was wanted and what came.
    """

    outcome: Outcome
    why: str = ""


HELD = Result("held")
Check = Callable[[Reading, Reading], Result]


@dataclass(frozen=True, slots=True)
class Probe:
    """``check`` compares the judge's reading of the trace as it is with that of ``task``.

    ``variant`` tells questions of one family apart, ``shown`` is the text that people see beside a failure.
    ``settings`` replace some of the judge's own.
    """

    variant: str
    task: TraceTask
    check: Check
    shown: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """The family has no question for this trace, for this reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a trace besides the judge's word.

    ``first_error`` is the gold key's (-1 none, None when there is no key). ``right`` are the positions of steps known
    to be right: those before a gold error, or all of a trace that reached the right answer. The latter is weaker, since
    a wrong step may be repaired, and is used only to plant an error of our own.
    """

    first_error: int | None
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a family makes its questions from: a trace, what is known of it, and the judge's settings."""

    task: TraceTask
    truth: Truth
    settings: Mapping[str, Any]
    votes: int = 4

    def pick(self, salt: str, n: int) -> int:
        """A number below ``n`` that depends on the trace and ``salt`` alone."""
        text = "\0".join((salt, self.task.problem, *(step.text for step in self.task.steps)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % n


Family = Callable[[Subject], Iterator[Probe | Skipped]]


def truth_of(task: TraceTask) -> Truth:
    own = own_positions(task)
    hint = task.first_error_hint
    if hint is None:
        return Truth(None, own if task.outcome == "right" else ())
    if hint == NO_ERROR or hint >= len(task.steps):
        return Truth(NO_ERROR, own) if hint == NO_ERROR else Truth(None, ())
    wrong = task.steps[hint].position
    return Truth(wrong, tuple(position for position in own if position < wrong))
