"""What has to be known of a trace before one of its readers may write: its steps, its cut, and if they have spoken."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from annotate.models import Assignment, Step, Trace
from annotate.prepared import Prepared

from .queries import said_by
from .revealing import seen_by


class Opened(NamedTuple):
    """What is known of a trace as one of its readers begins to write, and whether they have spoken of it as a whole."""

    boundary: int
    has_seen: bool
    has_said: bool


class OpenedStep(NamedTuple):
    """A step, and whether the reader has said anything about it, in whatever version of the rubric."""

    position: int
    pk: int
    kind: str
    is_answered: bool


def opened(
    held: Assignment, rater: int, person: int, positions: Collection[int] | None
) -> tuple[list[OpenedStep], Opened]:
    """In one statement, so that steps and boundary version belong together."""
    about: dict[str, Any] = {"trace": held.trace_id, "rater": rater, "person": person}
    rows = []
    if positions is None:
        rows = _every_step.all(**about)
    elif positions:
        rows = _some_steps.all(positions=list(positions), **about)
    if rows:
        return [OpenedStep(*row[:4]) for row in rows], Opened(*rows[0][4:])
    known = _no_step.first(**about)
    if known is None:
        raise Trace.DoesNotExist
    return [], Opened(*known)


def _steps_of_reader(trace: int, rater: int, person: int) -> QuerySet[Step, tuple[Any, ...]]:
    # Step by step, in the list of what is selected: otherwise a database that has not counted its rows for a while
    # reads all that the rater has ever said.
    answered = Exists(said_by(rater).filter(step=OuterRef("pk")))
    has_seen, has_said = _beside(trace, rater, person)
    return (
        Step.objects.filter(trace_id=trace)
        .annotate(is_answered=answered, has_seen=has_seen, has_said=has_said)
        .order_by("position")
        .values_list(
            *("position", "pk", "kind", "is_answered", "trace__boundary_version", "has_seen", "has_said")
        )
    )


def _without_steps(trace: int, rater: int, person: int) -> QuerySet[Trace, tuple[int, bool, bool]]:
    has_seen, has_said = _beside(trace, rater, person)
    found = Trace.objects.filter(pk=trace).order_by().annotate(has_seen=has_seen, has_said=has_said)
    return found.values_list("boundary_version", "has_seen", "has_said")


def _beside(trace: int, rater: int, person: int) -> tuple[Exists, Exists]:
    return seen_by(person, trace), Exists(said_by(rater).filter(trace=trace))


_every_step: Prepared[tuple[Any, ...]] = Prepared(_steps_of_reader)
_some_steps: Prepared[tuple[Any, ...]] = Prepared(
    lambda positions, **about: _steps_of_reader(**about).filter(position__in=positions)
)
_no_step: Prepared[tuple[int, bool, bool]] = Prepared(_without_steps)
