"""What was ever said about a trace, or by one person, in its order: labels are never changed, so it is all there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from annotate.enums import AssignmentState, RaterKind, RecutKind
from annotate.models import Comment, Label, Person, Project, Rater, Recut, Step, Trace
from annotate.wording import mid

from .review import Readers, Review

# What a page needs of a label, in one query.
BESIDE = (
    "rater",
    "criterion",
    "step__trace",
    "trace",
    "candidate__step__trace",
    "assignment",
    "decided_by",
    "superseded_by",
)


class Who(StrEnum):
    """Whose words to look at."""

    PEOPLE = "people"
    REVIEWERS = "reviewers"
    MACHINES = "machines"


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of a history before it is read: a label, the comments of one sending back, or a split or merge."""

    at: datetime
    label: int | None = None
    comment: int | None = None
    recut: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a history. ``state`` says what became of it; empty where it stands and counts.

    ``compared`` names what was compared, a pair or a lineup, which is no trace; ``comparison`` is the slot it was in.
    """

    at: datetime
    who: str
    kind: str
    what: str
    trace: Trace | None
    position: int | None
    criterion: str = ""
    value: str = ""
    text: str = ""
    seconds: float | None = None
    label: int | None = None
    superseded_by: int | None = None
    state: str = ""
    compared: str = ""
    comparison: int | None = None
    # The last boundary version with this step, where it was split or merged since: the position is of then.
    until: int | None = None


def marks_of(trace: Trace, *, position: int | None = None, who: Who | None = None) -> list[Mark]:
    """The lines of a trace's history, oldest first; with ``position`` of one step alone."""
    labels = Label.objects.about(trace)
    if position is not None:
        labels = labels.filter(_at(position))
    acts = Recut.objects.filter(trace=trace) if who in (None, Who.REVIEWERS) else Recut.objects.none()
    if position is not None:
        here = Step.objects.filter(trace=trace, position=position).values_list("pk", flat=True).first()
        acts = acts.filter(pk__in=[act.pk for act in acts if here in (*act.made, *act.took)])
    labels = labels.filter(_said_by(who)) if who else labels
    marks = [Mark(at, label=pk) for pk, at in labels.values_list("pk", "created_at")]
    marks += [Mark(at, recut=pk) for pk, at in acts.values_list("pk", "created_at")]
    if who in (None, Who.REVIEWERS):
        comments = Comment.objects.filter(trace=trace, returns__isnull=False)
        if position is not None:
            comments = comments.filter(step__position=position)
        marks += [Mark(at, comment=pk) for pk, at in comments.values_list("pk", "created_at")]
    return sorted(marks, key=lambda mark: (mark.at, mark.comment is None, mark.label or 0, mark.comment or 0))


def events_at(marks: Sequence[Mark], review: Review) -> list[Event]:
    """Some lines of the history of a trace under review; names of readers only where the step is decided."""
    readers, shown = review.readers, review.settled
    labels = Label.objects.select_related(*BESIDE).in_bulk([one.label for one in marks if one.label])
    comments = Comment.objects.select_related("step", "trace", "author", "returns__holder").in_bulk(
        [one.comment for one in marks if one.comment]
    )
    acts = Recut.objects.select_related("person", "trace").in_bulk([one.recut for one in marks if one.recut])
    events = []
    for mark in marks:
        if mark.label is not None:
            label = labels[mark.label]
            events.append(event_of(label, _name(label, readers, shown)))
        elif mark.recut is not None:
            events.append(_cut_anew(acts[mark.recut]))
        elif mark.comment is not None:
            events.append(_sent_back(comments[mark.comment], readers, shown))
    return events


def own_labels(project: Project, person: Person) -> QuerySet[Label]:
    """What a person has said in a project, as a reader and as a reviewer, newest first."""
    # By the rater's key: the person's labels are found by an index instead of among everybody's.
    own = list(Rater.objects.filter(project=project, person=person).values_list("pk", flat=True))
    has_decided = Label.objects.filter(decided_by__in=own).exists()
    rows = Label.objects.filter(Q(rater__in=own) | Q(decided_by__in=own) if has_decided else Q(rater__in=own))
    return rows.select_related(*BESIDE).order_by("-pk")


def event_of(label: Label, who: str) -> Event:
    step = label.candidate.step if label.candidate else label.step
    compared = "Pair" if label.pair_id else "Lineup" if label.lineup_id else ""
    later: Label | None = getattr(label, "superseded_by", None)
    return Event(
        at=label.created_at,
        who=who,
        kind=label.rater.kind,
        what=_what(label),
        trace=label.trace or (step.trace if step else None),
        position=step.position if step else None,
        criterion=label.criterion.title
        + (
            f", {mid(label.candidate.get_kind_display())} {label.candidate.number}" if label.candidate else ""
        ),
        value=label.value,
        text=label.text,
        seconds=label.seconds,
        label=label.pk,
        superseded_by=later.pk if later else None,
        state=_state(label, later),
        compared=compared,
        comparison=label.evidence.get("comparison") if compared else None,
        until=step.retired_in - 1 if step and step.retired_in else None,
    )


def is_taking_back(label: Label) -> bool:
    return not label.is_live and not label.value and not label.text


def _what(label: Label) -> str:
    is_decision = label.rater.kind == RaterKind.REVIEW
    if is_taking_back(label):
        return gettext("took the decision back") if is_decision else gettext("took the answer back")
    if is_decision:
        return gettext("decided anew") if label.supersedes_id else gettext("decided")
    if label.rater.is_machine or label.rater.kind == RaterKind.GOLD:
        return gettext("labelled")
    return gettext("changed the answer") if label.supersedes_id else gettext("answered")


def _state(label: Label, later: Label | None) -> str:
    if is_taking_back(label):
        return ""
    if later is not None:
        return gettext("taken back") if is_taking_back(later) else gettext("replaced")
    if not label.is_live:
        return gettext("set aside")
    slot = label.assignment
    if slot is not None and slot.state != AssignmentState.SUBMITTED:
        return (
            gettext("sent back, not submitted again")
            if slot.state == AssignmentState.RETURNED
            else gettext("not submitted")
        )
    return ""


def _name(label: Label, readers: Readers, shown: set[int]) -> str:
    if label.decided_by is not None:
        return label.decided_by.name
    if label.rater.kind != RaterKind.PERSON:
        return label.rater.name
    step = label.candidate.step_id if label.candidate else label.step_id
    return readers.name(label.rater, is_decided=step in shown)


def _cut_anew(act: Recut) -> Event:
    n = act.position + 1
    done = (
        gettext("split step %(n)s")
        if act.kind == RecutKind.SPLIT
        else gettext("merged steps %(n)s and %(m)s")
    )
    state = gettext("boundary version %(version)s; %(carried)s answers carried over, %(aside)s set aside")
    counts = {"carried": act.counts.get("carried", 0), "aside": act.counts.get("aside", 0)}
    return Event(
        at=act.created_at,
        who=act.person.shown_name if act.person else gettext("Somebody who left"),
        kind=RaterKind.REVIEW,
        what=done % {"n": n, "m": n + 1},
        trace=act.trace,
        position=None,
        text=act.reason,
        state=state % {"version": act.version, **counts},
    )


def _sent_back(comment: Comment, readers: Readers, shown: set[int]) -> Event:
    holder = comment.returns.holder if comment.returns else None
    whose = readers.name(holder, is_decided=comment.step_id in shown) if holder else gettext("a reader")
    return Event(
        at=comment.created_at,
        who=comment.author.shown_name if comment.author else gettext(gettext("Somebody who left")),
        kind=RaterKind.REVIEW,
        what=gettext("sent the reading of %(whose)s back") % {"whose": whose},
        trace=comment.trace,
        position=comment.step.position if comment.step else None,
        text=comment.text,
    )


def _at(position: int) -> Q:
    return Q(step__retired_in=None, step__position=position) | Q(
        candidate__step__retired_in=None, candidate__step__position=position
    )


def _said_by(who: Who) -> Q:
    if who is Who.PEOPLE:
        return Q(rater__kind__in=(RaterKind.PERSON, RaterKind.GOLD))
    if who is Who.REVIEWERS:
        return Q(rater__kind=RaterKind.REVIEW)
    return ~Q(rater__kind__in=(RaterKind.PERSON, RaterKind.GOLD, RaterKind.REVIEW))
