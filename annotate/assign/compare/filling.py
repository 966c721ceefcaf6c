"""Pairs and lineups made of traces, and the slots in which people are asked about them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from annotate.assign.compare.queries import asked_scopes, comparable, ordinary
from annotate.assign.compare.traits import traits_of
from annotate.assign.ordering import luck_of
from annotate.assign.rules import rules_of
from annotate.enums import COMPARED, AssignmentState, Purpose, Scope
from annotate.ingest.lining_up import line_up
from annotate.ingest.pairing import Sides, pair_steps, pair_traces
from annotate.models import Comparison, Project

BATCH = 1000


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
    """Give every pair and lineup as many slots as the project asks for; returns how many were added.

    What a project's rubric asks nobody about gets none, nor what has a known answer or is withdrawn. Slots are never
    taken away.
    """
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    scopes = asked_scopes(current)
    return sum(add_slots(current, scope) for scope in COMPARED if scope in scopes)


def add_slots(project: Project, scope: Scope, ids: Sequence[int] | None = None) -> int:
    """The slots that pairs, or lineups, lack, of those of ``ids`` or of all. The project is locked."""
    noun, rules = scope.value, rules_of(project)
    every: QuerySet[Any] = project.lineups.all() if scope == Scope.LINEUP else project.pairs.all()
    things = comparable(every.filter(use=Purpose.WORK), scope)
    rows = Comparison.objects.filter(project=project, **{f"{noun}__isnull": False}).order_by()
    if ids is not None:
        things, rows = things.filter(pk__in=ids), rows.filter(**{f"{noun}__in": ids})
    newest = dict(rows.values_list(noun).annotate(newest=Max("slot")))
    work = rows.filter(purpose=Purpose.WORK).exclude(state=AssignmentState.SKIPPED)
    standing = Counter(work.values_list(noun, flat=True))
    added = 0
    named = things.order_by("pk").values_list("pk", "external_id").iterator(chunk_size=BATCH)
    for some in _batched(named):
        traits = traits_of(project, rules, scope, [pk for pk, _ in some])
        slots = []
        for pk, name in some:
            # Numbers go on behind the last; a skipped slot keeps its own.
            first = newest.get(pk, -1) + 1
            for slot in range(first, first + traits[pk].overlap - standing[pk]):
                one = Comparison(
                    project=project, slot=slot, luck=luck_of(rules.seed, name), skill=traits[pk].skill
                )
                setattr(one, f"{noun}_id", pk)
                slots.append(one)
        # Growth may have opened the next slot of one of them this moment: it is one of those that are wanted.
        Comparison.objects.bulk_create(slots, ignore_conflicts=True)
        added += len(slots)
    return added


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


def _batched(rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    rest = iter(rows)
    while some := list(islice(rest, BATCH)):
        yield some
