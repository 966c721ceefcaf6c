from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.enums import RaterKind
from annotate.models import Comparison, Entrant, Label, Lineup
from tests.factories import a_comparing_project, a_criterion, a_lineup, a_pair, a_rater, some_attempts

pytestmark = pytest.mark.django_db


def test_the_database_refuses_what_no_slot_may_say() -> None:
    project = a_comparing_project()
    first, second, third = some_attempts(project, "one", "two", "three")
    pair, other, lineup = a_pair(first, second), a_pair(first, third), a_lineup(first, second, third)
    bob, carol, now = a_rater(project), a_rater(project), timezone.now()
    held = {"state": "held", "holder": bob, "held_until": now}
    Comparison.objects.create(project=project, pair=pair, slot=0, luck=1, **held)
    refused: tuple[dict[str, Any], ...] = (
        {"pair": pair, "slot": 0},
        {"pair": pair, "lineup": lineup, "slot": 1},
        {"slot": 1},
        {"pair": pair, "slot": 1, "state": "submitted", "holder": bob},
        {"pair": other, "slot": 0, **held},
        {"pair": pair, "slot": 1, "state": "held", "holder": carol},
        {"pair": pair, "slot": 1, "state": "open", "holder": carol},
        {"pair": pair, "slot": 1, "state": "submitted"},
        {"pair": pair, "slot": 1, "state": "returned"},
        {"pair": pair, "slot": 1, "purpose": "exam"},
    )
    for fields in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            Comparison.objects.create(project=project, luck=1, **fields)
    assert Comparison.objects.count() == 1


def test_a_lineup_has_three_to_eight_places_each_of_another_trace() -> None:
    project = a_comparing_project()
    first, second, third = some_attempts(project, "one", "two", "three")
    lineup = a_lineup(first, second, third)
    for fields in ({"trace": first, "place": 3}, {"trace": first, "place": 0}, {"trace": first, "place": 8}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Entrant.objects.create(lineup=lineup, **fields)
    for size in (2, 9):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lineup.objects.create(project=project, problem=first.problem, external_id=f"{size}", size=size)


def test_a_label_about_a_lineup_is_one_per_rater_and_never_changes() -> None:
    project = a_comparing_project(preset="ranking")
    traces = some_attempts(project, "one", "two", "three")
    lineup, other = a_lineup(*traces), a_lineup(*traces)
    criterion, judge = a_criterion(project, "ranking"), a_rater(project, RaterKind.JUDGE)
    label = Label.objects.create(rater=judge, criterion=criterion, lineup=lineup, value="a>b>c")
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.create(rater=judge, criterion=criterion, lineup=lineup, value="b>a>c")
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(lineup=other)
