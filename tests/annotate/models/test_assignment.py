from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from annotate.enums import AssignmentState
from annotate.models import Assignment, Reader, Turn
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=5)


def test_slot_is_unique_so_one_row_holds_the_only_lease() -> None:
    project = a_project()
    trace = a_trace(project)
    Assignment.objects.create(
        project=project,
        trace=trace,
        slot=0,
        state=AssignmentState.HELD,
        holder=a_rater(project),
        held_until=timezone.now() + SOON,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            project=project,
            trace=trace,
            slot=0,
            state=AssignmentState.HELD,
            holder=a_rater(project),
            held_until=timezone.now() + SOON,
        )


def test_one_rater_never_holds_two_slots_of_a_trace() -> None:
    project = a_project(overlap=2)
    trace, rater = a_trace(project), a_rater(project)
    Assignment.objects.create(
        project=project, trace=trace, slot=0, state=AssignmentState.SUBMITTED, holder=rater
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            project=project,
            trace=trace,
            slot=1,
            state=AssignmentState.HELD,
            holder=rater,
            held_until=timezone.now() + SOON,
        )


@pytest.mark.parametrize(
    ("state", "is_held", "has_until"),
    [
        (AssignmentState.OPEN, True, False),
        (AssignmentState.OPEN, False, True),
        (AssignmentState.HELD, False, True),
        (AssignmentState.HELD, True, False),
        (AssignmentState.SUBMITTED, False, False),
        (AssignmentState.SUBMITTED, True, True),
        (AssignmentState.SKIPPED, False, False),
        ("lost", True, False),
    ],
)
def test_lease_fields_match_the_state(state: str, is_held: bool, has_until: bool) -> None:
    project = a_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            project=project,
            trace=a_trace(project),
            slot=0,
            state=state,
            holder=a_rater(project) if is_held else None,
            held_until=timezone.now() + SOON if has_until else None,
        )


def test_nobody_holds_two_traces_at_once() -> None:
    project = a_project()
    rater, held = a_rater(project), {"state": AssignmentState.HELD, "held_until": timezone.now() + SOON}
    Assignment.objects.create(project=project, trace=a_trace(project), slot=0, holder=rater, **held)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(project=project, trace=a_trace(project), slot=0, holder=rater, **held)


@pytest.mark.parametrize(("noun", "field"), [(Assignment, "purpose"), (Turn, "use"), (Reader, "exam")])
def test_only_known_words_can_be_written_down(noun: type[models.Model], field: str) -> None:
    project = a_project()
    trace = a_trace(project)
    Assignment.objects.create(project=project, trace=trace, slot=0)
    Turn.objects.create(project=project, trace=trace)
    Reader.objects.create(project=project, rater=a_rater(project))
    with pytest.raises(IntegrityError), transaction.atomic():
        noun._default_manager.update(**{field: "toy"})
