"""Who compares what next. With ``filling.py`` and ``keys.py`` the only writer of comparisons.

The lease is that of an assignment: holder, until and a token that rises with every claim; one that ran out stays with
its holder until somebody else asks. A comparison is answered in one go, so no half answers wait in a slot. A claim
locks the person's own reader, as a claim of a trace does, and waits for nothing after that.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.assign.claims import is_locked_out, skills_asked
from annotate.assign.compare.finishing import add_slot, follow_comparison, use_of
from annotate.assign.compare.gold import gold_slot, is_due
from annotate.assign.compare.queries import asked_scopes, not_had, ordinary
from annotate.assign.compare.traits import skills_met
from annotate.assign.policy import lease_end
from annotate.assign.readers import locked_seat
from annotate.assign.rules import rules_of
from annotate.enums import AssignmentState, Purpose, Scope
from annotate.errors import Conflict
from annotate.models import Comparison, Project, Rater

# So many lapsed leases are tried before the first open slot is taken.
NEAR = 20


@transaction.atomic
def claim_comparison(project: Project, rater: Rater) -> Comparison | None:
    """What the rater holds already, else the first free slot of something they have not been asked about.

    Free is also what somebody's lease ran out on. Returns None when there is nothing to take;
    ``queries.compare_state`` says why.
    """
    scopes = asked_scopes(project)
    if not scopes:
        raise Conflict(gettext("This project's rubric asks people nothing about pairs or lineups."))
    rules = rules_of(project)
    seat = locked_seat(rater, rules)
    held = Comparison.objects.filter(project=project, holder=rater, state=AssignmentState.HELD).first()
    if held is not None:
        # One that is being submitted this moment is not waited for: that waits for this reader's row.
        current = _at_rest(held.pk).filter(holder=rater, state=AssignmentState.HELD).first()
        if held.scope in scopes:
            return held if current is None else _renew(current, project)
        if current is None:
            return None
        _open_again(current)
    if (returned := _take_up_returned(project, rater, scopes)) is not None:
        return returned
    if seat.reader.paused_at is not None or is_locked_out(rules, seat):
        return None
    free = gold_slot(project, rater, scopes) if is_due(project, rater, rules) else None
    free = free or _free(project, rater, scopes, skills_met(project, skills_asked(rules, seat)))
    if free is None:
        return None
    free.state, free.holder, free.token = AssignmentState.HELD, rater, free.token + 1
    free.opened_at, free.note = clock.now(), ""
    return _renew(free, project)


def _free(
    project: Project, rater: Rater, scopes: frozenset[Scope], skills: Sequence[str] | None
) -> Comparison | None:
    """The first open slot, or one before it whose lease ran out; each is one walk along the index of the queue."""
    rows = not_had(ordinary(project), rater, scopes, skills).order_by("luck", "slot", "pk")
    # SQLite has no row locks and ignores this: its transactions take the write lock when they begin.
    found = rows.filter(state=AssignmentState.OPEN).select_for_update(skip_locked=True, of=("self",)).first()
    expired = Q(state=AssignmentState.HELD, held_until__lte=clock.now())
    for lapsed in rows.filter(expired)[:NEAR]:
        if found is not None and _order(found) < _order(lapsed):
            break
        # Unless somebody is at it this very moment, or was quicker.
        if (taken := _at_rest(lapsed.pk).filter(expired, token=lapsed.token).first()) is not None:
            return taken
    return found


def _order(one: Comparison) -> tuple[int, int, int]:
    return one.luck, one.slot, one.pk


@transaction.atomic
def extend_comparison(comparison: Comparison, token: int) -> Comparison:
    """Sign of life from the page: the lease now ends a full term from here."""
    return _renew(_held(comparison, token), comparison.project)


@transaction.atomic
def release_comparison(comparison: Comparison, token: int) -> None:
    """Give it back unanswered; it may come to the same person again."""
    _open_again(_held(comparison, token))


@transaction.atomic
def take_back_comparison(project: Project, rater: Rater) -> bool:
    """Give what somebody holds to others now, not when the lease ends; whether they held anything."""
    held = _rows().filter(project=project, holder=rater, state=AssignmentState.HELD).first()
    if held is not None:
        _open_again(held)
    return held is not None


@transaction.atomic
def skip_comparison(comparison: Comparison, token: int, *, note: str = "") -> None:
    """Leave it to somebody else, for good; a fresh slot keeps the wanted number of answers."""
    # Filling counts slots with the project locked: between its counting and its adding, none may come or go.
    Project.objects.select_for_update(no_key=True).get(pk=comparison.project_id)
    current = _held(comparison, token)
    _finish(current, AssignmentState.SKIPPED, note=note.strip())
    if current.purpose == Purpose.WORK and use_of(current) == Purpose.WORK:
        add_slot(current)


def held_for_answering(comparison: Comparison, token: int) -> Comparison:
    """The row, locked; refuses whoever lost it. Call it inside a transaction."""
    return _held(comparison, token)


def finish_comparison(current: Comparison) -> None:
    """Close a row from :func:`held_for_answering`: for the label room, once the answers are written."""
    _finish(current, AssignmentState.SUBMITTED)
    follow_comparison(current)


def return_comparison(comparison: Comparison, reason: str) -> Comparison:
    """Let a submitted one count no more, and wait for whoever made it. Call it inside a transaction.

    For the label room, which sets the answers aside.
    """
    rows = _rows().filter(**comparison.subject).order_by("pk")
    current = next((row for row in rows if row.pk == comparison.pk), None)
    if current is None or current.state != AssignmentState.SUBMITTED:
        raise Conflict(gettext("This comparison is not submitted any more."))
    if current.purpose != Purpose.WORK:
        raise Conflict(gettext("The answer is known here: what people say is measured as it is."))
    current.state, current.finished_at, current.note = AssignmentState.RETURNED, None, reason
    current.save(update_fields=["state", "finished_at", "note"])
    return current


def _take_up_returned(project: Project, rater: Rater, scopes: frozenset[Scope]) -> Comparison | None:
    """What was sent back to this person, held again; the reviewer's words stay with it."""
    waiting = Comparison.objects.filter(project=project, holder=rater, state=AssignmentState.RETURNED)
    found = next((one for one in waiting.order_by("pk") if one.scope in scopes), None)
    current = found and _at_rest(found.pk).filter(holder=rater, state=AssignmentState.RETURNED).first()
    if current is None:
        return None
    current.state, current.token, current.opened_at = AssignmentState.HELD, current.token + 1, clock.now()
    return _renew(current, project)


def _finish(current: Comparison, state: AssignmentState, *, note: str = "") -> None:
    current.state, current.held_until, current.finished_at = state, None, clock.now()
    current.note = note
    current.save(update_fields=["state", "held_until", "finished_at", "note"])


def _rows() -> QuerySet[Comparison]:
    return Comparison.objects.select_for_update(of=("self",))


def _at_rest(pk: int) -> QuerySet[Comparison]:
    """The row, locked, unless somebody is at it this very moment."""
    return Comparison.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)


def _held(comparison: Comparison, token: int) -> Comparison:
    # Two who skip the same pair at once would both open the slot after the last one.
    rows = _rows().filter(**comparison.subject).order_by("pk")
    current = next((row for row in rows if row.pk == comparison.pk), None)
    if current is None:
        raise Conflict(gettext("What you compared is no longer in the project."))
    if current.state in (AssignmentState.SUBMITTED, AssignmentState.SKIPPED) and current.token == token:
        raise Conflict(
            gettext("This comparison is %(state)s already.") % {"state": current.get_state_display().lower()}
        )
    is_same = current.holder_id == comparison.holder_id
    if current.state != AssignmentState.HELD or current.token != token or not is_same:
        raise Conflict(
            gettext("Your lease on this comparison has ended, and it was taken over or given back.")
        )
    return current


def _open_again(current: Comparison) -> None:
    """A held slot, locked, back to the queue; one of what people are not asked about any more goes."""
    use = use_of(current)
    if current.purpose == Purpose.WORK and use != Purpose.WORK:
        current.delete()
        return
    current.state, current.holder, current.held_until = AssignmentState.OPEN, None, None
    current.opened_at, current.note = None, ""
    current.save(update_fields=["state", "holder", "held_until", "opened_at", "note"])


def _renew(current: Comparison, project: Project) -> Comparison:
    current.held_until = lease_end(clock.now(), project.lease_minutes)
    current.save()
    return current
