"""Who reads what next. With ``manage/actions.py`` the only writer of assignments, turns and readers.

A lease is three columns of the row: holder, until and a token that rises with every claim. A lease that ran out
stays with its holder until somebody else claims the slot, so a long lunch costs nothing. When somebody does, the
earlier holder's answers stay where they are: they do not count, because only a submitted slot's labels do, and the
label room sets them aside when the new holder submits. Should the slot come back first, so do the answers.

In which order rows are locked is said in ``readers.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, QuerySet, Subquery
from django.utils.translation import gettext

from annotate import clock
from annotate.enums import AssignmentState, ExamState, Purpose, RaterKind
from annotate.errors import Conflict
from annotate.models import Assignment, Person, Project, Rater, Reader, Turn
from annotate.prepared import Prepared, PreparedChange, PreparedUpdate

from .apart import slot_apart
from .claims import (
    asked,
    first_free,
    first_open,
    gold_secret,
    is_gold_due,
    is_locked_out,
    is_next_ordinary,
    own_or_expired,
    own_or_lapsed_slots,
    skills_asked,
)
from .fillings import ask_filling, work_filling
from .finishing import SaidHere, add_slot, count_finished, follow_submit, mark_exam, measure_reading, uncount
from .ordering import APART
from .policy import lease_end
from .readers import Seat, locked_seat, lower_cursors, seat_with
from .returning import take_up_returned
from .rules import QueueRules, rules_of

# The cursor moves after so many traces: until then a claim steps over no more than that.
CURSOR_EVERY = 32


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


def fill_queue(project: Project) -> int:
    """Give every trace its turn, and as many slots as the project asks for; returns how many slots were added.

    It goes batch by batch, so that people can claim and save meanwhile; filling again goes on where it stopped.
    """
    ask_filling(project, slots=True)
    return work_filling(project).n_slots


def renew_order(project: Project) -> int:
    """Work the order of the queue out again, from all that is known now; returns how many traces' turns changed.

    Called when a consensus has been run; a manager and the command ``queue`` may ask for it at any time.
    """
    if not Turn.objects.filter(project=project).exists():
        return 0
    ask_filling(project, order=True)
    return work_filling(project).n_changed


@transaction.atomic
def claim_next(project: Project, rater: Rater) -> Assignment | None:
    """The assignment the rater holds already, else one sent back to them, else the first free one of a trace they have
    not had.

    Before the queue opens that is the demonstration and the exam, where the project has one; now and then a gold
    trace that looks like any other. Returns None when there is nothing to take; ``queries.queue_state`` says why.
    """
    if project.rubric_id is None:
        raise Conflict(gettext("This project has no rubric yet, so there is nothing to ask. Make one first."))
    rules = rules_of(project)
    # Two tabs of one person must not end up with two traces.
    return _claimed(project, rater, rules, locked_seat(rater, rules))


def claim_after(project: Project, reader: Reader, rater: Rater) -> Assignment | None:
    """:func:`claim_next` in the transaction that has just counted a reading of ``rater`` and holds their ``reader``.

    A submission and the claim behind it are then one transaction: one wait for the disk, and no second look at the
    same row. The order of locks (``readers.py``) is the same.
    """
    rules = rules_of(project)
    return _claimed(project, rater, rules, seat_with(reader, rater, rules))


def _claimed(project: Project, rater: Rater, rules: QueueRules, seat: Seat) -> Assignment | None:
    now, skills = clock.now(), skills_asked(rules, seat)
    if is_next_ordinary(project, rater, rules, seat):
        # Nearly always nothing of their own, and nothing lapsed, comes first: then one statement takes the next slot.
        taken = _take_first(project, rater, skills=skills, start=seat.reader.cursor, now=now)
        if taken is not None:
            _move_cursor(seat.reader, taken, is_due=skills is not None)
            return taken
    standing = own_or_expired(project, rater, skills=skills, now=now)
    own = {one.state: one for one in reversed(standing) if one.holder_id == rater.pk}
    held = own.get(AssignmentState.HELD)
    if held is not None:
        return _kept(held, project)
    if AssignmentState.RETURNED in own and (returned := take_up_returned(project, rater)) is not None:
        return returned
    if seat.reader.paused_at is not None:
        return None
    if is_locked_out(rules, seat):
        return _claim_to_qualify(project, rater, seat)
    if is_gold_due(rules.gold_rate, seat.reader.n_finished, gold_secret(project, rater)):
        gold = _claim_apart(project, rater, Purpose.GOLD)
        if gold is not None:
            return gold
    lapsed = [one for one in standing if one.holder_id != rater.pk]
    return _claim_ordinary(project, rater, seat, skills, lapsed)


def _claim_ordinary(
    project: Project, rater: Rater, seat: Seat, skills: tuple[str, ...] | None, expired: list[Assignment]
) -> Assignment | None:
    reader = seat.reader
    found = first_open(project, rater, skills=skills, start=reader.cursor)
    is_behind = found is None and reader.cursor > 0
    if is_behind:
        # Empty is said after looking everywhere: a claim that was undone leaves its slot open behind a cursor.
        found = first_open(project, rater, skills=skills, start=0)
    for lapsed in expired:
        if found is not None and (found.position, found.slot) < (lapsed.position, lapsed.slot):
            break
        if taken := _still_lapsed(lapsed):
            return _take(taken, project, rater)
    if found is None:
        return None
    _move_cursor(reader, found, is_due=is_behind or skills is not None)
    return _take(found, project, rater)


def _move_cursor(reader: Reader, taken: Assignment, *, is_due: bool) -> None:
    if is_due or reader.n_finished - reader.cursor_moved_at >= CURSOR_EVERY:
        Reader.objects.filter(pk=reader.pk).update(cursor=taken.position, cursor_moved_at=reader.n_finished)


def _still_lapsed(lapsed: Assignment) -> Assignment | None:
    """The row, locked, unless somebody is at it this very moment or was quicker."""
    rows = Assignment.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(
        pk=lapsed.pk, token=lapsed.token, state=AssignmentState.HELD, held_until__lte=clock.now()
    ).first()


def _claim_to_qualify(project: Project, rater: Rater, seat: Seat) -> Assignment | None:
    if seat.reader.exam != ExamState.OPEN:
        return None
    return _claim_apart(project, rater, Purpose.DEMO) or _claim_apart(project, rater, Purpose.EXAM)


def _claim_apart(project: Project, rater: Rater, purpose: Purpose) -> Assignment | None:
    """A reading outside the ordinary queue: of a trace everybody may get once, in a slot opened for this person."""
    slot = slot_apart(project, rater, purpose)
    return None if slot is None else _take(slot, project, rater)


def _take_first(
    project: Project, rater: Rater, *, skills: tuple[str, ...] | None, start: int, now: datetime
) -> Assignment | None:
    """The next free slot, unless something of the person's own or something lapsed is to be looked at first."""
    until = lease_end(now, project.lease_minutes)
    taken = _claim_first.first(
        project=project.pk, rater=rater.pk, start=start, now=now, until=until, **asked(skills)
    )
    if taken is not None:
        taken.holder = rater
    return taken


def _first_claim(
    project: int, rater: int, start: int, now: datetime, until: datetime, **skills: Sequence[str]
) -> tuple[QuerySet[Assignment], dict[str, Any]]:
    free = first_free(project, rater, start, **skills)
    comes_first = own_or_lapsed_slots(project, rater, now, **skills)
    return Assignment.objects.filter(~Exists(comes_first), pk=Subquery(free.values("pk"))), {
        "state": AssignmentState.HELD,
        "holder": rater,
        "token": F("token") + 1,
        "opened_at": now,
        "held_until": until,
        "note": "",
    }


_claim_first: PreparedChange[Assignment] = PreparedChange(_first_claim)


def _take(free: Assignment, project: Project, rater: Rater) -> Assignment:
    free.state = AssignmentState.HELD
    free.holder = rater
    free.token += 1
    free.opened_at = clock.now()
    free.held_until = lease_end(free.opened_at, project.lease_minutes)
    free.note = ""
    _write_claim(
        pk=free.pk,
        held_until=free.held_until,
        opened_at=free.opened_at,
        holder=rater.pk,
        token=free.token,
        purpose=free.purpose,
    )
    return free


@transaction.atomic
def extend_lease(assignment: Assignment, token: int) -> Assignment:
    """Sign of life from the page: the lease now ends a full term from here."""
    current = _locked(assignment)
    _require_lease(current, token)
    return _renew(current, current.project)


def held_for_writing(assignment: Assignment, token: int) -> Assignment:
    """The row, locked, its lease kept from running down; refuses whoever lost it. Call it inside a transaction."""
    current = _locked(assignment)
    _require_lease(current, token)
    end = lease_end(clock.now(), current.project.lease_minutes)
    # A keystroke a second would write the row once a second; a lease that has hardly run down is left as it is.
    if (
        current.held_until is None
        or end - current.held_until > timedelta(minutes=current.project.lease_minutes) / 20
    ):
        current.held_until = end
        _write_lease(pk=current.pk, held_until=end)
    return current


@transaction.atomic
def release_assignment(assignment: Assignment, token: int) -> None:
    """Give the slot back unread. Answers given so far wait there for the same person."""
    current = _locked(assignment)
    _require_lease(current, token)
    open_again(current)


def open_again(current: Assignment) -> None:
    """A held slot, locked, back to the queue, where its trace's turn stands now."""
    turn = Turn.objects.filter(trace=current.trace_id).first()
    is_ordinary = current.purpose == Purpose.WORK
    if turn is not None and is_ordinary:
        is_ordinary = turn.use == Purpose.WORK
        current.position, current.skill = (turn.position if is_ordinary else APART), turn.skill
    current.state, current.holder, current.held_until = AssignmentState.OPEN, None, None
    current.opened_at = None
    current.save(update_fields=["state", "holder", "held_until", "opened_at", "position", "skill"])
    if is_ordinary:
        lower_cursors(current.project, current.position)


@transaction.atomic
def skip_assignment(assignment: Assignment, token: int, *, note: str = "") -> None:
    """Leave this trace to somebody else, for good; a fresh slot keeps the wanted number of readings.

    A skipped exam trace counts as one with nothing right.
    """
    current = _locked(assignment)
    _require_lease(current, token)
    _finish(current, AssignmentState.SKIPPED, note=note.strip())
    assert current.holder is not None
    if current.purpose == Purpose.WORK:
        turn = Turn.objects.select_for_update().filter(trace=current.trace_id).first() or Turn(
            trace_id=current.trace_id, position=current.position, skill=current.skill
        )
        if turn.use == Purpose.WORK:
            add_slot(current.project, turn)
            lower_cursors(current.project, turn.position)
    reader = count_finished(current.holder, skipped=1)
    if current.purpose == Purpose.EXAM:
        mark_exam(reader, rules_of(current.project))


def finish_assignment(current: Assignment, said: Sequence[SaidHere]) -> Reader:
    """Mark a row from :func:`held_for_writing` as submitted. For the label room, once it found it complete.

    ``said`` is what the reading now says, place by place. Returns the reader's row, locked.
    """
    measure_reading(current, said)
    _finish(current, AssignmentState.SUBMITTED)
    return follow_submit(current)


def reopen_assignments(project: Project, pks: Sequence[int]) -> int:
    """Let submitted slots be read again, by whoever comes first; the answers wait in them. Returns how many were."""
    slots = Assignment.objects.select_for_update(of=("self",)).filter(
        project=project, pk__in=pks, state=AssignmentState.SUBMITTED
    )
    reopened = list(slots.order_by("pk"))
    uncount(reopened)
    for current in reopened:
        current.finished_at = None
        current.save(update_fields=["finished_at"])
        open_again(current)
    return len(reopened)


def _finish(current: Assignment, state: AssignmentState, note: str = "") -> None:
    current.state, current.held_until, current.finished_at = state, None, clock.now()
    current.note = note
    _write_end(
        pk=current.pk,
        now=current.finished_at,
        state=state,
        note=note,
        score=current.score,
        seconds_per_step=current.seconds_per_step,
    )


_locked_slot: Prepared[Assignment] = Prepared(
    lambda pk: Assignment.objects.select_for_update().filter(pk=pk).order_by()
)
_write_end: PreparedUpdate = PreparedUpdate(
    lambda pk, now, **said: (
        Assignment.objects.filter(pk=pk),
        {"held_until": None, "finished_at": now, **said},
    ),
    kinds={"score": float, "seconds_per_step": float},
)
_write_claim: PreparedUpdate = PreparedUpdate(
    lambda pk, held_until, opened_at, **said: (
        Assignment.objects.filter(pk=pk),
        {"state": AssignmentState.HELD, "held_until": held_until, "opened_at": opened_at, "note": "", **said},
    )
)
_write_lease: PreparedUpdate = PreparedUpdate(
    lambda pk, held_until: (Assignment.objects.filter(pk=pk), {"held_until": held_until})
)


def _locked(assignment: Assignment) -> Assignment:
    current = _locked_slot.first(pk=assignment.pk)
    if current is None:
        raise Assignment.DoesNotExist
    # The project, the trace and the person came with the row that was asked for; only the lease can have changed.
    for name in ("project", "trace", "holder"):
        is_same = getattr(current, f"{name}_id") == getattr(assignment, f"{name}_id")
        if is_same and name in assignment._state.fields_cache:
            setattr(current, name, getattr(assignment, name))
    return current


def _require_lease(current: Assignment, token: int) -> None:
    if current.state in (AssignmentState.SUBMITTED, AssignmentState.SKIPPED) and current.token == token:
        raise Conflict(
            gettext("This trace is %(state)s already.") % {"state": current.get_state_display().lower()}
        )
    if current.state != AssignmentState.HELD or current.token != token:
        raise Conflict(gettext("Your lease on this trace has ended and it was taken over or given back."))


def _kept(held: Assignment, project: Project) -> Assignment:
    """What the person holds, its lease renewed unless the row is being written to, which renews it as well."""
    row = Assignment.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        pk=held.pk, state=AssignmentState.HELD, holder=held.holder_id
    )
    current = row.first()
    return held if current is None else _renew(current, project)


def _renew(current: Assignment, project: Project) -> Assignment:
    current.held_until = lease_end(clock.now(), project.lease_minutes)
    _write_lease(pk=current.pk, held_until=current.held_until)
    return current
