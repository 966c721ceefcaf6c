"""A trace under audit, and what is known of it besides the judge's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.audit.of_traces.checks import nothing_moves
from annotate.prelabel.audit.of_traces.reading import NO_ERROR, Reading, own_positions, read, scale_of
from annotate.prelabel.audit.of_traces.variants import as_it_is
from annotate.prelabel.audit.probe import Check, Subject
from annotate.prelabel.contracts import Finding, TraceTask


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
class TraceSubject(Subject):
    task: TraceTask
    truth: Truth
    settings: Mapping[str, Any]
    votes: int = 4

    @property
    def plain(self) -> TraceTask:
        return as_it_is(self.task).task

    @property
    def flaw(self) -> str:
        return "" if self.task.steps else "the trace has no steps"

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(step.text for step in self.task.steps)

    def read(self, finding: Finding) -> Reading:
        return read(finding, scale_of(self.task.criterion, self.settings))

    def unmoved(self) -> Check:
        return nothing_moves(own_positions(self.task), as_it_is(self.task).places)


def trace_subject(task: TraceTask, settings: Mapping[str, Any], votes: int) -> TraceSubject:
    return TraceSubject(task, truth_of(task), settings, votes)


def truth_of(task: TraceTask) -> Truth:
    own = own_positions(task)
    hint = task.first_error_hint
    if hint is None:
        return Truth(None, own if task.outcome == "right" else ())
    if hint == NO_ERROR or hint >= len(task.steps):
        return Truth(NO_ERROR, own) if hint == NO_ERROR else Truth(None, ())
    wrong = task.steps[hint].position
    return Truth(wrong, tuple(position for position in own if position < wrong))
