"""Who sees which comments, under which name.

The rule, on which blindness rests:

- *Reviewers* (and managers and owners) see every comment of their project, except on a trace that they hold for
  labelling themselves, or have back to look at again: there they are readers like any other until they have submitted.
- *Whoever reads a trace* sees, from taking it on and for as long as it is theirs (held, submitted or sent back), their
  own comments and those that a reviewer has addressed to them. Nothing else, before or after others have submitted: no
  other reader's words, no decision, no answer.
- To readers a reviewer is "A reviewer": a reviewer may be a reader of the same trace.
- To reviewers a reader who comments is Reader A, B, C like their answers, while names are hidden and the step is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from annotate.access import STILL_TO_SAY
from annotate.enums import AssignmentState
from annotate.models import Assignment, Comment, Person, Project
from annotate.models.counting import Bounded, bounded_count
from annotate.prepared import Prepared

from .queries import comments_for
from .review import Review

THEIRS = (AssignmentState.HELD, AssignmentState.SUBMITTED, AssignmentState.RETURNED)
# By step id; None is the trace as a whole.
Threads = Mapping[int | None, Sequence["Remark"]]

# Counted one by one up to here: each is looked up with its trace.
MOST_QUESTIONS = 500


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment as one person may see it."""

    comment: Comment
    who: str
    to: str
    can_edit: bool
    can_resolve: bool
    # Who may edit a slip out of a comment does so because it should not be read.
    earlier: Sequence[Mapping[str, str]] = ()

    @property
    def is_open_question(self) -> bool:
        return self.comment.asks_reviewers and self.comment.resolved_at is None


@dataclass(frozen=True, slots=True)
class Talk:
    """The threads of one trace."""

    threads: Threads = field(default_factory=dict)

    def at(self, step: int | None) -> Sequence[Remark]:
        return self.threads.get(step, ())

    @property
    def about_trace(self) -> Sequence[Remark]:
        return self.at(None)

    @property
    def at_the_top(self) -> Sequence[Remark]:
        """What a reviewer wants the reader to see first: about the trace, to them, not resolved."""
        return [one for one in self.about_trace if one.to and one.comment.resolved_at is None]

    @property
    def remarks(self) -> list[Remark]:
        """All of it in the order it was written."""
        return sorted(
            (one for thread in self.threads.values() for one in thread), key=lambda one: one.comment.pk
        )

    @property
    def n(self) -> int:
        return sum(map(len, self.threads.values()))


def talk_of_reviewers(review: Review, person: Person) -> Talk:
    """Every comment on a trace, for somebody who reviews it."""
    readers, settled = review.readers, review.settled
    reader_of = {rater.person_id: rater for rater in readers.raters if rater.person_id is not None}

    def name(of: Person | None, step: int | None) -> str:
        if of is None:
            return gettext("Somebody who left")
        if of == person:
            return gettext("You")
        rater = reader_of.get(of.pk)
        return of.shown_name if rater is None else readers.name(rater, is_decided=step in settled)

    rows = Comment.objects.filter(trace=review.trace).select_related("author", "addressee", "step")
    return _talk(
        Remark(
            one,
            who=name(one.author, one.step_id),
            to=name(one.addressee, one.step_id) if one.addressee_id else "",
            can_edit=one.author_id == person.pk,
            can_resolve=one.resolved_at is None,
            earlier=one.earlier,
        )
        for one in rows
    )


def talk_of_reader(assignment: Assignment, person: Person) -> Talk:
    """What whoever reads a trace may see of its discussion."""
    if assignment.state not in THEIRS:
        return Talk()
    rows = _comments.all(trace=assignment.trace_id, person=person.pk)
    return _talk(
        Remark(
            one,
            who=gettext("You") if one.author_id == person.pk else gettext("A reviewer"),
            to=gettext("you") if one.addressee_id == person.pk else "",
            can_edit=one.author_id == person.pk,
            can_resolve=one.resolved_at is None,
            earlier=one.earlier if one.author_id == person.pk else (),
        )
        for one in rows
    )


_comments: Prepared[Comment] = Prepared(
    lambda trace, person: comments_for(trace, person).select_related("step")
)


def open_questions(project: Project, person: Person) -> QuerySet[Comment]:
    """What waits for a reviewer's answer, oldest first; without traces that this one is reading themselves."""
    held = Assignment.objects.filter(trace=OuterRef("trace"), holder__person=person, state__in=STILL_TO_SAY)
    rows = Comment.objects.filter(trace__project=project, asks_reviewers=True, resolved_at=None)
    return rows.exclude(Exists(held)).select_related("trace", "step", "author").order_by("pk")


def n_open_questions(project: Project, person: Person) -> Bounded:
    return bounded_count(open_questions(project, person), MOST_QUESTIONS)


def open_for_reader(project: Project, person: Person) -> QuerySet[Comment]:
    """What reviewers have written to this person about traces that are theirs, and they have not resolved."""
    theirs = Assignment.objects.filter(trace=OuterRef("trace"), holder__person=person, state__in=THEIRS)
    rows = Comment.objects.filter(trace__project=project, addressee=person, resolved_at=None)
    return rows.filter(Exists(theirs)).select_related("trace", "step").order_by("pk")


def _talk(remarks: Iterable[Remark]) -> Talk:
    threads: dict[int | None, list[Remark]] = defaultdict(list)
    for remark in remarks:
        threads[remark.comment.step_id].append(remark)
    return Talk(dict(threads))
