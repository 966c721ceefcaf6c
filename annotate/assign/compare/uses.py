"""What pairs and lineups are used for: ordinary work, hidden gold, or nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from annotate.enums import AssignmentState, Purpose, RaterKind, Scope
from annotate.errors import Rejected
from annotate.logbook import note
from annotate.models import Comparison, Label, Project

from .queries import asked_scopes, things_of
from .slots import add_slots

BATCH = 500


@transaction.atomic
def use_compared(project: Project, scope: Scope, ids: Sequence[int], use: Purpose) -> int:
    """Use these pairs, or lineups, for that from now on; returns how many were used for something else before.

    Open slots go where nobody is to be asked any more; who holds one may finish it. What comes back into the queue gets
    the slots it lacks at once. Nothing is hidden gold without a known answer: raises Rejected.
    """
    # Filling counts slots with the project locked.
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    changed = 0
    for start in range(0, len(ids), BATCH):
        changed += _use_some(current, scope, ids[start : start + BATCH], use)
    if changed:
        note(
            "changed",
            "use of comparisons",
            project=current.pk,
            after={"use": use.value, "scope": scope.value, "changed": changed},
        )
    return changed


def known_to_somebody(project: Project, scope: Scope) -> QuerySet[Any]:
    """Those with an answer by a gold rater to what is asked now."""
    known = Label.objects.live().filter(
        rater__kind=RaterKind.GOLD,
        criterion__rubric=project.rubric_id,
        criterion__is_asked=True,
        **{scope.value: OuterRef("pk")},
    )
    return things_of(project, scope).filter(Exists(known))


def _use_some(project: Project, scope: Scope, ids: Sequence[int], use: Purpose) -> int:
    others = things_of(project, scope).filter(pk__in=ids).exclude(use=use)
    wanted = list(others.order_by("pk").values_list("pk", flat=True))
    if use == Purpose.GOLD:
        known = set(known_to_somebody(project, scope).filter(pk__in=wanted).values_list("pk", flat=True))
        if len(known) < len(wanted):
            raise Rejected(
                gettext("%(n)d of them have no known answer, so nothing could be held against them.")
                % {"n": len(wanted) - len(known)},
                field="use",
            )
    slots = Comparison.objects.filter(project=project, **{f"{scope.value}__in": wanted})
    # Whoever takes one at this moment is stepped over by nobody: their slot is held when the lock is there.
    waiting = slots.select_for_update(of=("self",)).filter(state=AssignmentState.OPEN).order_by("pk")
    gone = [one.pk for one in waiting if use != Purpose.WORK or one.purpose != Purpose.WORK]
    things_of(project, scope).filter(pk__in=wanted).update(use=use)
    Comparison.objects.filter(pk__in=gone, state=AssignmentState.OPEN).delete()
    if use == Purpose.WORK and scope in asked_scopes(project):
        add_slots(project, scope, wanted)
    return len(wanted)
