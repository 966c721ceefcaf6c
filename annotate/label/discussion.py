"""What people write about steps and traces. The only writer of comments; nothing is ever deleted.

Who may see what is said in ``threads.py``. Whoever calls this has come through a door.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotate.access import REACH
from annotate.assign.returning import return_assignment
from annotate.enums import AssignmentState, Role
from annotate.errors import Conflict, Rejected
from annotate.models import Assignment, Comment, Membership, Person, Project, Step, Trace

LONGEST_COMMENT = 5_000
# Words that name everybody who may review; beside them the user names of those who do.
EVERYBODY = frozenset({"reviewer", "reviewers"})
_NAMED = re.compile(r"(?<![\w@])@([\w.+-]+)")


def write_comment(
    trace: Trace,
    author: Person,
    text: str,
    *,
    position: int | None = None,
    to: Assignment | None = None,
    asks_reviewers: bool = False,
) -> Comment:
    """Write about a step, or with ``position`` None about the trace.

    ``to`` is the reading of this trace whose reader is addressed; without one only reviewers see it, and its author.
    Naming a reviewer with ``@name``, or ``@reviewers``, asks them. Raises Rejected.
    """
    return Comment.objects.create(
        trace=trace,
        step=_step_at(trace, position),
        author=author,
        text=_clean(text),
        addressee=None if to is None else _reader_of(trace, to),
        asks_reviewers=asks_reviewers or names_reviewer(trace.project, text),
    )


def ask_reviewers(
    assignment: Assignment, text: str, *, position: int | None = None, asks: bool = True
) -> Comment:
    """Whoever reads a trace writes to the reviewers: nobody else will see it, whomever it names."""
    if assignment.state not in (AssignmentState.HELD, AssignmentState.SUBMITTED, AssignmentState.RETURNED):
        raise Conflict(gettext("This trace is not yours any more, so you cannot write about it."))
    reader = assignment.holder.person if assignment.holder else None
    assert reader is not None
    return write_comment(assignment.trace, reader, text, position=position, asks_reviewers=asks)


@transaction.atomic
def send_back(
    assignment: Assignment, reviewer: Person, said: Sequence[tuple[int | None, str]]
) -> list[Comment]:
    """Return a submitted reading to its reader with at least one comment, on the trace or on steps.

    Their answers stay as they left them and count no more until they submit again. Raises Rejected and Conflict.
    """
    if not said:
        raise Rejected(gettext("Say what should be looked at again."), field="text")
    reader = _reader_of(assignment.trace, assignment)
    if reader == reviewer:
        raise Conflict(gettext("This is your own reading. Let another reviewer send it back."))
    current, now = return_assignment(assignment), timezone.now()
    return [
        Comment.objects.create(
            trace=assignment.trace,
            step=_step_at(assignment.trace, position),
            author=reviewer,
            addressee=reader,
            text=_clean(text),
            returns=current,
            created_at=now,
        )
        for position, text in said
    ]


@transaction.atomic
def edit_comment(comment: Comment, person: Person, text: str) -> Comment:
    """Change one's own words; what they said before is kept. Naming a reviewer now asks them."""
    current = (
        Comment.objects.select_for_update(of=("self",)).select_related("trace__project").get(pk=comment.pk)
    )
    if current.author_id != person.pk:
        raise Conflict(gettext("Only whoever wrote a comment may change it."))
    cleaned = _clean(text)
    if cleaned == current.text:
        return current
    current.earlier = [*current.earlier, {"text": current.text, "until": timezone.now().isoformat()}]
    current.text = cleaned
    current.asks_reviewers = current.asks_reviewers or names_reviewer(current.trace.project, cleaned)
    current.save(update_fields=["text", "earlier", "asks_reviewers"])
    return current


@transaction.atomic
def resolve_comment(comment: Comment, person: Person) -> Comment:
    """Say that nothing is left to do about it; the second to say so changes nothing."""
    current = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if current.resolved_at is None:
        current.resolved_at, current.resolved_by = timezone.now(), person
        current.save(update_fields=["resolved_at", "resolved_by"])
    return current


def names_reviewer(project: Project, text: str) -> bool:
    """Whether the text names somebody who may review the project. Other words behind an @ are words (decorators)."""
    names = {name.rstrip(".-").lower() for name in _NAMED.findall(text)}
    if not names:
        return False
    reviewers = Membership.objects.filter(project=project, role__in=REACH[Role.REVIEWER])
    return not EVERYBODY.isdisjoint(names) or any(
        name.lower() in names for name in reviewers.values_list("person__username", flat=True)
    )


def _clean(text: str) -> str:
    text = text.strip()
    if not text:
        raise Rejected(gettext("Write something first."), field="text")
    if len(text) > LONGEST_COMMENT:
        raise Rejected(
            gettext("The comment is longer than %(longest_comment)s characters.")
            % {"longest_comment": LONGEST_COMMENT},
            field="text",
        )
    if "\x00" in text:
        raise Rejected(gettext("The comment contains a NUL character."), field="text")
    return text


def _step_at(trace: Trace, position: int | None) -> Step | None:
    if position is None:
        return None
    step = Step.objects.filter(trace=trace, position=position).first()
    if step is None:
        raise Rejected(
            gettext("This trace has %(n_steps)s steps.") % {"n_steps": trace.n_steps}, field="step"
        )
    return step


def _reader_of(trace: Trace, reading: Assignment) -> Person:
    if reading.trace_id != trace.pk or reading.holder is None or reading.holder.person is None:
        raise Rejected(gettext("That is nobody who reads this trace."), field="reading")
    return reading.holder.person
