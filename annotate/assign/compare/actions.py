"""Who compares what next. The only writer of comparisons.

The lease is that of an assignment: holder, until and a token that rises with every claim; one that ran out stays with
its holder until somebody else asks. A comparison is answered in one go, so no half answers wait in a slot. A claim
locks the person's own reader, as a claim of a trace does, and waits for nothing after that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.assign.claims import is_locked_out
from annotate.assign.compare.queries import asked_scopes, comparable, not_had
from annotate.assign.ordering import luck_of
from annotate.assign.policy import lease_end
from annotate.assign.readers import locked_seat
from annotate.assign.rules import rules_of
from annotate.enums import AssignmentState, Scope
from annotate.errors import Conflict
from annotate.ingest.lining_up import line_up
from annotate.ingest.pairing import Sides, pair_steps, pair_traces
from annotate.models import Comparison, Lineup, Pair, Project, Rater

BATCH = 1000
# So many lapsed leases are tried before the first open slot is taken.
NEAR = 20


@dataclass(frozen=True, slots=True)
class Made:
    """What making comparisons came to: new pairs, new lineups, and slots for people."""

    pairs: int = 0
    lineups: int = 0
    slots: int = 0


@transaction.atomic
def make_pairs(project: Project, sides: Sides, *, per_problem: int = 1) -> Made:
    """Pair traces, or the steps where they part, and ask people about every pair there is."""
    make = pair_traces if sides == "traces" else pair_steps
    return Made(pairs=make(project, per_problem=per_problem), slots=fill_comparisons(project))


@transaction.atomic
def make_lineups(project: Project, *, size: int = 4, per_problem: int = 1) -> Made:
    """Line traces up, and ask people about every lineup there is."""
    made = line_up(project, size=size, per_problem=per_problem)
    return Made(lineups=made, slots=fill_comparisons(project))


@transaction.atomic
def fill_comparisons(project: Project) -> int:
    """Give every pair and lineup as many slots as the project's overlap asks for; returns how many were added.

    What a project's rubric asks nobody about gets none. Slots are never taken away.
    """
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    seed = rules_of(current).seed
    scopes = asked_scopes(current)
    added = 0
    if Scope.PAIR in scopes:
        added += _add_slots(current, "pair", comparable(current.pairs.all(), Scope.PAIR), seed)
    if Scope.LINEUP in scopes:
        added += _add_slots(current, "lineup", comparable(current.lineups.all(), Scope.LINEUP), seed)
    return added


def _add_slots(project: Project, noun: str, things: QuerySet[Pair] | QuerySet[Lineup], seed: int) -> int:
    rows = Comparison.objects.filter(project=project, **{f"{noun}__isnull": False}).order_by()
    newest = dict(rows.values_list(noun).annotate(newest=Max("slot")))
    standing = Counter(rows.exclude(state=AssignmentState.SKIPPED).values_list(noun, flat=True))
    slots: list[Comparison] = []
    for pk, name in things.order_by("pk").values_list("pk", "external_id").iterator(chunk_size=BATCH):
        # Numbers go on behind the last; a skipped slot keeps its own.
        first = newest.get(pk, -1) + 1
        for slot in range(first, first + project.overlap - standing[pk]):
            slots.append(
                Comparison(project=project, slot=slot, luck=luck_of(seed, name), **{f"{noun}_id": pk})
            )
    Comparison.objects.bulk_create(slots, batch_size=BATCH)
    return len(slots)


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
    held = _rows().filter(project=project, holder=rater, state=AssignmentState.HELD).first()
    if held is not None:
        if held.scope in scopes:
            return _renew(held, project)
        _open_again(held)
    if seat.reader.paused_at is not None or is_locked_out(rules, seat):
        return None
    free = _free(project, rater, scopes)
    if free is None:
        return None
    free.state, free.holder, free.token = AssignmentState.HELD, rater, free.token + 1
    free.opened_at, free.note = clock.now(), ""
    return _renew(free, project)


def _free(project: Project, rater: Rater, scopes: frozenset[Scope]) -> Comparison | None:
    """The first open slot, or one before it whose lease ran out; each is one walk along the index of the queue."""
    rows = not_had(Comparison.objects.filter(project=project), rater, scopes).order_by("luck", "slot", "pk")
    # SQLite has no row locks and ignores this: its transactions take the write lock when they begin.
    found = rows.filter(state=AssignmentState.OPEN).select_for_update(skip_locked=True, of=("self",)).first()
    expired = Q(state=AssignmentState.HELD, held_until__lte=clock.now())
    for lapsed in rows.filter(expired)[:NEAR]:
        if found is not None and _order(found) < _order(lapsed):
            break
        # Unless somebody is at it this very moment, or was quicker.
        still = Comparison.objects.select_for_update(skip_locked=True, of=("self",)).filter(expired)
        if (taken := still.filter(pk=lapsed.pk, token=lapsed.token).first()) is not None:
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
def skip_comparison(comparison: Comparison, token: int, *, note: str = "") -> None:
    """Leave it to somebody else, for good; a fresh slot keeps the wanted number of answers."""
    # Filling counts slots with the project locked: between its counting and its adding, none may come or go.
    Project.objects.select_for_update(no_key=True).get(pk=comparison.project_id)
    current = _held(comparison, token)
    finish_comparison(current, AssignmentState.SKIPPED, note=note.strip())
    about: dict[str, Any] = {**current.subject}
    newest = Comparison.objects.filter(**about).aggregate(newest=Max("slot"))["newest"]
    Comparison.objects.create(project_id=current.project_id, slot=newest + 1, luck=current.luck, **about)


def held_for_answering(comparison: Comparison, token: int) -> Comparison:
    """The row, locked; refuses whoever lost it. Call it inside a transaction."""
    return _held(comparison, token)


def finish_comparison(
    current: Comparison, state: AssignmentState = AssignmentState.SUBMITTED, *, note: str = ""
) -> None:
    """Close a row from :func:`held_for_answering`: for the label room, once the answers are written."""
    current.state, current.held_until, current.finished_at = state, None, clock.now()
    current.note = note
    current.save(update_fields=["state", "held_until", "finished_at", "note"])


def _rows() -> QuerySet[Comparison]:
    return Comparison.objects.select_for_update(of=("self",))


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
    current.state, current.holder, current.held_until = AssignmentState.OPEN, None, None
    current.opened_at = None
    current.save(update_fields=["state", "holder", "held_until", "opened_at"])


def _renew(current: Comparison, project: Project) -> Comparison:
    current.held_until = lease_end(clock.now(), project.lease_minutes)
    current.save()
    return current
