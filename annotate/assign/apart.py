"""Slots beside the ordinary queue: of gold and exam traces, which everybody may get once.

For :mod:`annotate.assign.actions`, which takes them for whoever claims.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from annotate.enums import AssignmentState, Purpose
from annotate.models import Assignment, Project, Rater, Turn

from .claims import gold_secret, next_slot_number, open_slots, special_turn
from .ordering import APART

# Two people who open slots of one gold trace at once: the later one takes the next number.
ATTEMPTS = 5
# Among so many slots next in line, the one with the lowest number lends it to a gold trace.
NEAR = 50


def slot_apart(project: Project, rater: Rater, purpose: Purpose) -> Assignment | None:
    """An open slot of a trace that the person has not had, locked or made just now; None where none is left."""
    turn = special_turn(project, rater, purpose, gold_secret(project, rater))
    if turn is None:
        return None
    left = Assignment.objects.filter(trace=turn.trace_id, state=AssignmentState.OPEN, position__gte=APART)
    found = left.select_for_update(skip_locked=True, of=("self",)).first()
    slot = found or _swapped_in(project, rater, turn) or _opened_apart(project, turn, purpose)
    slot.purpose = purpose
    return slot


def _swapped_in(project: Project, rater: Rater, turn: Turn) -> Assignment | None:
    """A slot of the special trace under the number of an ordinary one that nobody has had, which gets a new number.

    An address is the number of its assignment. One made just now would stand out from those made when the queue was
    filled; this way it is ordinary traces that do.
    """
    near = list(open_slots(project, rater, skills=None).filter(token=0).values_list("pk", flat=True)[:NEAR])
    if not near:
        return None
    rows = Assignment.objects.select_for_update(skip_locked=True, of=("self",))
    slot = rows.filter(pk=min(near), state=AssignmentState.OPEN, token=0).first()
    if slot is None:
        return None
    moved = Assignment(
        project=project, trace_id=slot.trace_id, slot=slot.slot, position=slot.position, skill=slot.skill
    )
    slot.trace_id, slot.slot = turn.trace_id, next_slot_number(turn.trace_id)
    slot.position, slot.skill = APART, ""
    try:
        with transaction.atomic():
            slot.save(update_fields=["trace", "slot", "position", "skill"])
    except IntegrityError:  # somebody else opens one of the same trace at this moment
        return None
    moved.save()
    return slot


def _opened_apart(project: Project, turn: Turn, purpose: Purpose) -> Assignment:
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return Assignment.objects.create(
                    project=project,
                    trace_id=turn.trace_id,
                    slot=next_slot_number(turn.trace_id),
                    position=APART,
                    purpose=purpose,
                )
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError
