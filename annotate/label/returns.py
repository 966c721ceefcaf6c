"""Readings that were sent back: where they are now, and what changed since. Not for annotators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from annotate.enums import AssignmentState
from annotate.models import Assignment, Comment, Label, Project, Trace

from .answers import Spot
from .decisions import spot_of


@dataclass(frozen=True, slots=True)
class Change:
    """An answer before a reading was sent back and now; empty where there is none."""

    criterion: str
    position: int | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Returned:
    """One sending back. ``changes`` are those since, up to the next sending back of the same reading."""

    assignment: Assignment
    comments: tuple[Comment, ...]
    changes: tuple[Change, ...] = ()
    is_last: bool = True

    @property
    def sent_at(self) -> datetime:
        return self.comments[0].created_at

    @property
    def is_back(self) -> bool:
        return not self.is_last or self.assignment.state == AssignmentState.SUBMITTED

    @property
    def stands(self) -> str:
        """Where the reading is, in words."""
        if self.is_back:
            return gettext("came back")
        return {
            AssignmentState.RETURNED: gettext("waits for its reader"),
            AssignmentState.HELD: gettext("is being looked at again"),
            AssignmentState.SKIPPED: gettext("was left to somebody else"),
        }.get(AssignmentState(self.assignment.state), gettext("was put back in the queue"))


def returned_of(trace: Trace) -> list[Returned]:
    """Every sending back of readings of a trace, oldest first, with what changed since."""
    comments = Comment.objects.filter(trace=trace, returns__isnull=False)
    found = _grouped(comments.select_related("returns__holder__person", "author", "step").order_by("pk"))
    if not found:
        return []
    rows = Label.objects.filter(assignment__in={one.assignment.pk for one in found})
    # What was said of steps that have been split or merged since stands at places that are no more.
    rows = rows.exclude(step__retired_in__isnull=False).exclude(candidate__step__retired_in__isnull=False)
    labels = list(rows.select_related("criterion", "step", "candidate__step").order_by("pk"))
    following: dict[int, datetime] = {}
    told: list[Returned] = []
    for one in reversed(found):
        until = following.get(one.assignment.pk)
        slot = one.assignment
        own = [row for row in labels if (row.assignment_id, row.rater_id) == (slot.pk, slot.holder_id)]
        changes = _changes(own, one.sent_at, until)
        told.append(Returned(one.assignment, one.comments, changes, is_last=until is None))
        following[one.assignment.pk] = one.sent_at
    return told[::-1]


def sent_back(project: Project, *, most: int = 50) -> list[Returned]:
    """The readings sent back last, newest first, without what changed."""
    rows = Comment.objects.filter(trace__project=project, returns__isnull=False)
    newest = rows.select_related("returns__trace", "step", "author").order_by("-pk")[: 4 * most]
    return _grouped(reversed(newest))[::-1][:most]


def _grouped(comments: Iterable[Comment]) -> list[Returned]:
    groups: dict[tuple[int, datetime], list[Comment]] = defaultdict(list)
    for comment in comments:
        assert comment.returns_id is not None
        groups[comment.returns_id, comment.created_at].append(comment)
    return [
        Returned(group[0].returns, tuple(group)) for group in groups.values() if group[0].returns is not None
    ]


def _changes(labels: Sequence[Label], since: datetime, until: datetime | None) -> tuple[Change, ...]:
    before: dict[Spot, str] = {}
    after: dict[Spot, str] = {}
    title: dict[Spot, str] = {}
    for label in labels:
        place, said = _spot_of(label), label.value or label.text
        title[place] = label.criterion.title + (
            f", {label.candidate.kind} {label.candidate.number}" if label.candidate else ""
        )
        if label.created_at <= since:
            before[place] = said
        elif until is None or label.created_at <= until:
            after[place] = said
    return tuple(
        Change(title[place], place[1], before.get(place, ""), after[place])
        for place in sorted(
            after, key=lambda place: (place[1] is None, place[1] or 0, place[0], place[2] or 0)
        )
        if before.get(place, "") != after[place]
    )


def _spot_of(label: Label) -> Spot:
    """Criterion, step and, for a rating, the text that is rated, which belongs to a step of its own."""
    criterion, position, candidate = spot_of(label)
    if label.candidate is not None:
        position = label.candidate.step.position
    return criterion, position, candidate
