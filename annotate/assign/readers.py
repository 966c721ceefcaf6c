"""A person's row at the queue: made, locked, and its cursor kept true.

Locks are taken in one order everywhere: a held slot, then turns, then readers (by their ids), then open slots. A
claim locks its own reader and waits for nothing after that.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Least

from annotate.enums import Role
from annotate.models import Membership, Project, Rater, Reader
from annotate.prepared import Prepared

from .rules import QueueRules

FIRST = 0


@dataclass(frozen=True, slots=True)
class Seat:
    """A reader's row, with what the person's membership says of them where the rules ask for it."""

    reader: Reader
    role: Role | None = None
    skills: tuple[str, ...] = ()


def locked_seat(rater: Rater, rules: QueueRules) -> Seat:
    """Call it inside a transaction: whoever asks for the same person's seat waits."""
    found = _locked_reader.first(rater=rater.pk)
    if found is None:
        Reader.objects.get_or_create(rater=rater, defaults={"project_id": rater.project_id})
        found = _locked_reader.first(rater=rater.pk)
    assert found is not None
    return seat_with(found, rater, rules)


def seat_of(rater: Rater, rules: QueueRules) -> Seat:
    """As it stands, to be read; somebody who never asked for a trace has one that is not saved."""
    found = _reader.first(rater=rater.pk)
    return seat_with(found or Reader(rater=rater, project_id=rater.project_id), rater, rules)


_reader: Prepared[Reader] = Prepared(lambda rater: Reader.objects.filter(rater=rater))
_locked_reader: Prepared[Reader] = Prepared(
    lambda rater: Reader.objects.select_for_update(of=("self",)).filter(rater=rater)
)


def seat_with(reader: Reader, rater: Rater, rules: QueueRules) -> Seat:
    if not rules.asks_of_members or rater.person_id is None:
        return Seat(reader)
    member = Membership.objects.filter(project=rater.project_id, person=rater.person_id).first()
    return Seat(reader, Role(member.role), tuple(member.skills)) if member else Seat(reader)


def lower_cursors(project: Project, position: int) -> None:
    """A slot at ``position`` is open (again): nobody's cursor may stand behind it.

    Every row is locked, also where the cursor seems low enough: a claim under way may be about to raise it.
    """
    ids = _lock_all(project)
    Reader.objects.filter(pk__in=ids).update(cursor=Least(F("cursor"), position), cursor_moved_at=0)


def reset_cursors(project: Project) -> None:
    lock_readers(project)
    Reader.objects.filter(project=project).update(cursor=FIRST, cursor_moved_at=0)


def lock_readers(project: Project) -> None:
    """Nobody of the project claims until this transaction ends."""
    _lock_all(project)


def _lock_all(project: Project) -> Collection[int]:
    rows = Reader.objects.select_for_update(no_key=True).filter(project=project).order_by("pk")
    return list(rows.values_list("pk", flat=True))
