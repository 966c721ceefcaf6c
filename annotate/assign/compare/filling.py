"""Pairs and lineups made of traces, and the slots in which people are asked about them: all of it, at once.

Where that is much, a worker does the same in pieces (``making.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from annotate.assign.compare.pieces import Wanted, begin, make_some
from annotate.assign.compare.queries import ordinary
from annotate.assign.compare.traits import traits_of
from annotate.assign.rules import rules_of
from annotate.enums import COMPARED, AssignmentState, Scope
from annotate.ingest.pairing import Sides
from annotate.models import Comparison, Project

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """What making comparisons came to: new pairs, new lineups, and slots for people; or that a worker has it to do."""

    pairs: int = 0
    lineups: int = 0
    slots: int = 0
    is_left: bool = False


@transaction.atomic
def make_now(project: Project, wanted: Wanted) -> Made:
    """Make what is wanted, and give every pair and lineup as many slots as the project asks for.

    What a project's rubric asks nobody about gets none, nor what has a known answer or is withdrawn. Slots are never
    taken away.
    """
    wanted.check()
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    making = begin(current, wanted)
    while making.parts:
        make_some(current, making)
    return Made(making.pairs, making.lineups, making.slots)


def make_pairs(project: Project, sides: Sides, *, per_problem: int = 1) -> Made:
    """Pair traces, or the steps where they part, and ask people about every pair there is."""
    return make_now(project, Wanted(sides, per_problem))


def make_lineups(project: Project, *, size: int = 4, per_problem: int = 1) -> Made:
    """Line traces up, and ask people about every lineup there is."""
    return make_now(project, Wanted("lineups", per_problem, size))


def fill_comparisons(project: Project) -> int:
    """Give every pair and lineup as many slots as the project asks for; returns how many were added."""
    return make_now(project, Wanted()).slots


def renew_skills(project: Project) -> None:
    """Note anew what open slots ask of their readers: for when a project asks by another key.

    Piece by piece, each in a transaction of its own, so that people go on meanwhile.
    """
    for scope in COMPARED:
        noun, last = scope.value, 0
        waiting = ordinary(project).filter(**{f"{noun}__isnull": False}, state=AssignmentState.OPEN)
        named = waiting.order_by(noun).values_list(noun, flat=True).distinct()
        while ids := list(named.filter(**{f"{noun}__gt": last})[:BATCH]):
            last = ids[-1]
            with transaction.atomic():
                current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
                _note_skills(current, scope, waiting, ids)


def _note_skills(project: Project, scope: Scope, waiting: QuerySet[Comparison], ids: Sequence[int]) -> None:
    by_skill: dict[str, list[int]] = defaultdict(list)
    for pk, traits in traits_of(project, rules_of(project), scope, ids).items():
        by_skill[traits.skill].append(pk)
    for skill, things in by_skill.items():
        stale = waiting.filter(**{f"{scope.value}__in": things}).exclude(skill=skill)
        stale.order_by().update(skill=skill)
