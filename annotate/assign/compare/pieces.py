"""Pairs and lineups made and asked about, a piece at a time.

Each piece is one transaction of the caller's, who has locked the project. Nothing here goes through all of a project,
and no statement is about one pair, lineup or trace alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from django.db.models import Max

from annotate.assign.compare.queries import asked_scopes, things_of
from annotate.assign.compare.slots import add_slots
from annotate.enums import COMPARED, Scope
from annotate.ingest.lining_up import check_lineups, line_up_some, next_to_line_up
from annotate.ingest.pairing import check_pairs, next_to_pair, pair_some
from annotate.models import Problem, Project

# So many pairs, or lineups, are asked about in a piece; of how many problems some are made says ``ingest/attempts.py``.
PIECE = 500
# The last part of a making. The others are the scopes of what is there already.
MAKE = "make"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made before people are asked about all there is: pairs of traces or of steps, lineups, nothing."""

    make: Literal["traces", "steps", "lineups", "none"] = "none"
    per_problem: int = 1
    size: int = 4

    def check(self) -> None:
        """Raises Rejected, naming the field."""
        if self.make == "lineups":
            check_lineups(self.size, self.per_problem)
        elif self.make != "none":
            check_pairs(self.per_problem)

    @property
    def scope(self) -> Scope:
        return Scope.LINEUP if self.make == "lineups" else Scope.PAIR


@dataclass(slots=True)
class Making:
    """How far it is; plain values that JSON holds.

    ``parts`` are what is still to be gone through, each by its name and the last key of it: what is there already
    first, so that slots stand in the order of what they are about. ``done`` and ``total`` count pairs, lineups and
    problems. ``part_seconds`` were spent at the ``part_done`` of the part that is under way, which says how long the
    rest takes: to look at a pair that has its slots is quicker than to make pairs.
    """

    wanted: dict[str, Any]
    parts: list[tuple[str, int]] = field(default_factory=list)
    cursor: int = 0
    done: int = 0
    total: int = 0
    pairs: int = 0
    lineups: int = 0
    slots: int = 0
    part_done: int = 0
    part_seconds: float = 0.0


def begin(project: Project, wanted: Wanted) -> Making:
    """A making of which nothing is done yet. What comes after this moment is no part of it."""
    making = Making(asdict(wanted))
    asked = asked_scopes(project)
    parts = [(scope.value, things_of(project, scope)) for scope in COMPARED if scope in asked]
    if wanted.make != "none":
        parts.append((MAKE, Problem.objects.filter(project=project)))
    for name, rows in parts:
        if newest := rows.aggregate(newest=Max("pk"))["newest"]:
            making.parts.append((name, newest))
            making.total += rows.count()
    return making


def make_some(project: Project, making: Making) -> int:
    """Do the next piece, and note it in ``making``; over how many pairs, lineups or problems it went."""
    if not making.parts:
        return 0
    name, upto = making.parts[0]
    keys = _make(project, making, upto) if name == MAKE else _ask(project, making, Scope(name), upto)
    making.done += len(keys)
    making.part_done += len(keys)
    if not keys or keys[-1] >= upto:
        making.parts = making.parts[1:]
        making.cursor, making.part_done, making.part_seconds = 0, 0, 0.0
    else:
        making.cursor = keys[-1]
    return len(keys)


def _ask(project: Project, making: Making, scope: Scope, upto: int) -> list[int]:
    rows = things_of(project, scope).filter(pk__gt=making.cursor, pk__lte=upto).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:PIECE])
    if scope in asked_scopes(project):
        making.slots += add_slots(project, scope, ids)
    return ids


def _make(project: Project, making: Making, upto: int) -> list[int]:
    wanted = Wanted(**making.wanted)
    if wanted.make == "lineups":
        problems = next_to_line_up(project, making.cursor, upto=upto)
        lined_up = line_up_some(project, problems, size=wanted.size, per_problem=wanted.per_problem)
        making.lineups += lined_up.n_new
        keys = lined_up.keys
    elif wanted.make != "none":
        problems = next_to_pair(project, making.cursor, per_problem=wanted.per_problem, upto=upto)
        paired = pair_some(project, wanted.make, problems, per_problem=wanted.per_problem)
        making.pairs += paired.n_new
        keys = paired.keys
    else:
        return []
    if wanted.scope in asked_scopes(project):
        # Of those that were there as well: a machine's run may have made them since this was asked for.
        making.slots += add_slots(project, wanted.scope, keys)
    return problems
