"""A submitted reading goes back to the person who made it, and waits for nobody else.

It does not become a lease at once: the person may hold another trace just now, and a lease would run out while they
sleep. Their next claim takes it up before anything new, with a fresh token and lease.
"""

from __future__ import annotations

from django.utils.translation import gettext

from annotate import clock
from annotate.enums import AssignmentState, Purpose
from annotate.errors import Conflict
from annotate.models import Assignment, Project, Rater

from .finishing import uncount
from .policy import lease_end


def return_assignment(assignment: Assignment) -> Assignment:
    """Let a submitted reading count no more until it is submitted again. Call it inside a transaction."""
    current = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if current.state != AssignmentState.SUBMITTED:
        raise Conflict(
            gettext("This reading is %(state)s and not submitted.")
            % {"state": current.get_state_display().lower()}
        )
    if current.purpose != Purpose.WORK:
        raise Conflict(gettext("The answers to this trace are known: its readings are measured as they are."))
    uncount([current])
    current.state, current.finished_at = AssignmentState.RETURNED, None
    current.save(update_fields=["state", "finished_at"])
    return current


def take_up_returned(project: Project, rater: Rater) -> Assignment | None:
    """The reading that waits for this person, held again; the oldest where there are several."""
    waiting = Assignment.objects.filter(project=project, holder=rater, state=AssignmentState.RETURNED)
    current = waiting.select_for_update(of=("self",)).order_by("position", "slot").first()
    if current is None:
        return None
    current.state = AssignmentState.HELD
    current.token += 1
    current.opened_at = clock.now()
    current.held_until = lease_end(current.opened_at, project.lease_minutes)
    current.save(update_fields=["state", "token", "opened_at", "held_until"])
    return current
