"""Lists of what is compared for managers: a page at a time by key, so that the last costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from annotate.enums import AssignmentState, Purpose, RaterKind, Scope
from annotate.models import Comparison, Label, Project

from .queries import things_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair or lineup with its ordinary comparisons, ``submitted`` of ``wanted``."""

    pk: int
    name: str
    use: str
    has_key: bool
    submitted: int
    wanted: int

    @property
    def use_name(self) -> str:
        return str(Purpose(self.use).label)


@dataclass(frozen=True, slots=True)
class ComparedPage:
    """``next_after`` None: these are the last."""

    rows: Sequence[Compared]
    next_after: int | None


def compared_page(
    project: Project, scope: Scope, *, use: str = "", after: int | None = None, size: int = PAGE
) -> ComparedPage:
    """The ``size`` pairs, or lineups, after the one with the key ``after``: three queries however many there are."""
    noun = scope.value
    things = things_of(project, scope).filter(**({"use": use} if use else {}), pk__gt=after or 0)
    gold = Label.objects.live().filter(rater__kind=RaterKind.GOLD, criterion__rubric=project.rubric_id)
    named = things.annotate(has_key=Exists(gold.filter(**{noun: OuterRef("pk")}))).order_by("pk")
    found = list(named.values_list("pk", "external_id", "use", "has_key")[: size + 1])
    shown = found[:size]
    work = Comparison.objects.filter(
        **{f"{noun}__in": [row[0] for row in shown]}, purpose=Purpose.WORK
    ).exclude(state=AssignmentState.SKIPPED)
    is_in = Q(state=AssignmentState.SUBMITTED)
    counted = work.order_by().values_list(noun).annotate(done=Count("pk", filter=is_in), wanted=Count("pk"))
    counts = {pk: (done, wanted) for pk, done, wanted in counted}
    rows = tuple(
        Compared(pk, name, used, has_key, *counts.get(pk, (0, 0))) for pk, name, used, has_key in shown
    )
    return ComparedPage(rows, shown[-1][0] if len(found) > size else None)
