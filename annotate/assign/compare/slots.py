"""Slots for pairs and lineups, made for some hundred at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Max

from annotate.assign.compare.queries import comparable, things_of
from annotate.assign.compare.traits import traits_of
from annotate.assign.ordering import luck_of
from annotate.assign.rules import rules_of
from annotate.enums import AssignmentState, Purpose, Scope
from annotate.models import Comparison, Project

BATCH = 1000


def add_slots(project: Project, scope: Scope, ids: Sequence[int]) -> int:
    """The slots that these pairs, or lineups, lack; how many. The project is locked.

    What has a known answer or is withdrawn gets none.
    """
    return sum(_add(project, scope, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _add(project: Project, scope: Scope, ids: Sequence[int]) -> int:
    noun, rules = scope.value, rules_of(project)
    every = things_of(project, scope).filter(pk__among=ids, use=Purpose.WORK)
    named = list(comparable(every, scope).order_by("pk").values_list("pk", "external_id"))
    rows = Comparison.objects.filter(**{f"{noun}__id__among": [pk for pk, _ in named]}).order_by()
    newest = dict(rows.values_list(noun).annotate(newest=Max("slot")))
    work = rows.filter(purpose=Purpose.WORK).exclude(state=AssignmentState.SKIPPED)
    standing = Counter(work.values_list(noun, flat=True))
    traits = traits_of(project, rules, scope, [pk for pk, _ in named])
    slots = []
    for pk, name in named:
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
    return len(slots)
