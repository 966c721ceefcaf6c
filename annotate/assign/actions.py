"""Who reads what next. The only writer of assignments.

A lease is three columns of the row: holder, until and a token that rises with every claim. A lease that ran out
stays with its holder until somebody else claims the slot, so a long lunch costs nothing. When somebody does, the
earlier holder's answers stay where they are: they do not count, because only a submitted slot's labels do, and the
label room sets them aside when the new holder submits. Should the slot come back first, so do the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from annotate.enums import AssignmentState, RaterKind
from annotate.errors import Conflict
from annotate.models import Assignment, Person, Project, Rater, Trace

from .policy import lease_end, missing_slots
from .queries import claimable
from .returning import take_up_returned

BATCH = 1000


def rater_of(project: Project, person: Person) -> Rater:
    """The person's rater in this project. A rater of the same name without an account is somebody else's."""
    found = Rater.objects.filter(project=project, person=person).first()
    if found is not None:
        return found
    is_taken = Rater.objects.filter(project=project, name=person.username).exists()
    rater, _ = Rater.objects.get_or_create(
        project=project,
        person=person,
        defaults={
            "kind": RaterKind.PERSON,
            "name": f"{person.username}#{person.pk}" if is_taken else person.username,
        },
    )
    return rater


@transaction.atomic
def fill_queue(project: Project) -> int:
    """Give every trace as many slots as the project's overlap asks for; returns how many were added."""
    _lock(project)
    wanting = (
        Trace.objects.filter(project=project)
        .annotate(
            standing=Count("assignments", filter=~Q(assignments__state=AssignmentState.SKIPPED)),
            newest=Max("assignments__slot"),
        )
        .filter(standing__lt=project.overlap)
        .order_by("pk")
        .values_list("pk", "standing", "newest")
    )
    slots = _slots_for(wanting.iterator(), project)
    added = 0
    while some := list(islice(slots, BATCH)):
        added += len(Assignment.objects.bulk_create(some))
    return added


def _slots_for(wanting: Iterator[tuple[int, int, int | None]], project: Project) -> Iterator[Assignment]:
    for trace_id, standing, newest in wanting:
        for slot in missing_slots(standing, newest, project.overlap):
            yield Assignment(project=project, trace_id=trace_id, slot=slot, position=trace_id)


@transaction.atomic
def claim_next(project: Project, rater: Rater) -> Assignment | None:
    """The assignment the rater holds already, else one sent back to them, else the first free one of a trace they have
    not had.

    Returns None when there is nothing to take; ``queries.queue_state`` says why.
    """
    if project.rubric_id is None:
        raise Conflict("This project has no rubric yet, so there is nothing to ask. Make one first.")
    # Two tabs of one person must not end up with two traces.
    Rater.objects.select_for_update().get(pk=rater.pk)
    held = Assignment.objects.filter(project=project, holder=rater, state=AssignmentState.HELD).first()
    if held is not None:
        return _renew(held, project)
    returned = take_up_returned(project, rater)
    if returned is not None:
        return returned
    # SQLite has no row locks and ignores this: its transactions take the write lock when they begin.
    free = claimable(project, rater).select_for_update(skip_locked=True).first()
    if free is None:
        return None
    free.state = AssignmentState.HELD
    free.holder = rater
    free.token += 1
    free.opened_at = timezone.now()
    free.note = ""
    return _renew(free, project)


@transaction.atomic
def extend_lease(assignment: Assignment, token: int) -> Assignment:
    """Sign of life from the page: the lease now ends a full term from here."""
    return held_for_writing(assignment, token)


def held_for_writing(assignment: Assignment, token: int) -> Assignment:
    """The row, locked, with its lease renewed; refuses whoever lost it. Call it inside a transaction."""
    current = _locked(assignment)
    _require_lease(current, token)
    return _renew(current, current.project)


@transaction.atomic
def release_assignment(assignment: Assignment, token: int) -> None:
    """Give the slot back unread. Answers given so far wait there for the same person."""
    current = _locked(assignment)
    _require_lease(current, token)
    current.state, current.holder, current.held_until = AssignmentState.OPEN, None, None
    current.opened_at = None
    current.save(update_fields=["state", "holder", "held_until", "opened_at"])


@transaction.atomic
def skip_assignment(assignment: Assignment, token: int, *, note: str = "") -> None:
    """Leave this trace to somebody else, for good; a fresh slot keeps the wanted number of readings."""
    current = _locked(assignment)
    _require_lease(current, token)
    _finish(current, AssignmentState.SKIPPED, note=note.strip())
    _lock(current.project)
    newest = Assignment.objects.filter(trace_id=current.trace_id).aggregate(newest=Max("slot"))["newest"]
    Assignment.objects.create(
        project=current.project, trace_id=current.trace_id, slot=newest + 1, position=current.position
    )


def finish_assignment(current: Assignment) -> None:
    """Mark a row from :func:`held_for_writing` as submitted. For the label room, once it found it complete."""
    _finish(current, AssignmentState.SUBMITTED)


def _finish(current: Assignment, state: AssignmentState, note: str = "") -> None:
    current.state, current.held_until, current.finished_at = state, None, timezone.now()
    current.note = note
    current.save(update_fields=["state", "held_until", "finished_at", "note"])


def _locked(assignment: Assignment) -> Assignment:
    return (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("project__rubric", "holder")
        .get(pk=assignment.pk)
    )


def _require_lease(current: Assignment, token: int) -> None:
    if current.state in (AssignmentState.SUBMITTED, AssignmentState.SKIPPED) and current.token == token:
        raise Conflict(f"This trace is {current.get_state_display().lower()} already.")
    if current.state != AssignmentState.HELD or current.token != token:
        raise Conflict("Your lease on this trace has ended and it was taken over or given back.")


def _renew(current: Assignment, project: Project) -> Assignment:
    current.held_until = lease_end(timezone.now(), project.lease_minutes)
    current.save()
    return current


def _lock(project: Project) -> None:
    Project.objects.select_for_update().get(pk=project.pk)
