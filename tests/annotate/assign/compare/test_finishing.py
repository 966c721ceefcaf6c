from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.enums import AssignmentState
from annotate.models import Comparison, Label, Project, Rater
from tests.annotate.assign.compare.queues import a_queue_of_lineups, a_queue_of_pairs, say, say_next, taken
from tests.factories import a_rater

pytestmark = pytest.mark.django_db


def n_slots(project: Project) -> int:
    return Comparison.objects.filter(project=project).exclude(state=AssignmentState.SKIPPED).count()


def some_readers(project: Project, n: int) -> list[Rater]:
    return [a_rater(project, name=f"reader{i}") for i in range(n)]


def test_a_disputed_pair_grows_until_a_side_has_more_than_half() -> None:
    project = a_queue_of_pairs(overlap=2, grow_to=5)
    readers = some_readers(project, 5)
    say_next(project, readers[0], "left")
    say_next(project, readers[1], "right")
    assert n_slots(project) == 3
    say_next(project, readers[2], "unsure")
    assert n_slots(project) == 4
    say_next(project, readers[3], "left")
    assert n_slots(project) == 5
    say_next(project, readers[4], "left")
    assert n_slots(project) == 5
    assert fill_comparisons(project) == 0


def test_it_never_grows_past_its_end_nor_where_all_agree() -> None:
    project = a_queue_of_pairs(overlap=2, grow_to=3, grow_when="first_error")
    for reader, value in zip(some_readers(project, 3), ("left", "right", "tie"), strict=True):
        say_next(project, reader, value)
    assert n_slots(project) == 3
    calm = a_queue_of_pairs(overlap=2, grow_to=5)
    for reader in some_readers(calm, 2):
        say_next(calm, reader, "tie")
    assert n_slots(calm) == 2


def test_growth_waits_for_comparisons_that_are_out_and_lineups_grow_too() -> None:
    project = a_queue_of_lineups(overlap=3, grow_to=4)
    readers = some_readers(project, 3)
    late = taken(project, readers[2])
    say_next(project, readers[0], "a>b>c")
    say_next(project, readers[1], "c>b>a")
    assert n_slots(project) == 3
    say(late, "a=b=c")
    assert n_slots(project) == 4


@pytest.mark.django_db(transaction=True)
def test_growth_is_exact_when_all_submit_and_somebody_fills_at_once() -> None:
    project = a_queue_of_pairs(5, overlap=2, grow_to=5, grow_when="any_step")
    raters = some_readers(project, 8)

    def work(rater: Rater) -> int:
        done = 0
        try:
            while (held := claim_comparison(project, rater)) is not None:
                say(held, ("left", "right", "tie")[rater.pk % 3])
                done += 1
                if rater == raters[0]:
                    fill_comparisons(project)
        finally:
            connection.close()
        return done

    total = 0
    for _ in range(4):  # a slot may open for somebody who had left already
        with ThreadPoolExecutor(8) as pool:
            total += sum(pool.map(work, raters))
    slots = Comparison.objects.filter(project=project)
    assert not slots.exclude(state=AssignmentState.SUBMITTED).exists()
    assert slots.count() == total
    for pair in project.pairs.all():
        said = set(Label.objects.live().filter(pair=pair).values_list("value", flat=True))
        assert slots.filter(pair=pair).count() == (5 if len(said) > 1 else 2)
