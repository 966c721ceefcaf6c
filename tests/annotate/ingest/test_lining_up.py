from __future__ import annotations

import pytest

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest.lining_up import count_lineups, line_up
from annotate.models import Entrant, Lineup
from tests.factories import a_project, some_attempts

pytestmark = pytest.mark.django_db
RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def test_right_and_wrong_are_taken_in_turn_and_each_trace_once() -> None:
    project = a_project()
    traces = some_attempts(project, *"abcdefg", outcomes=[None, RIGHT, RIGHT, WRONG, RIGHT, WRONG, None])
    assert line_up(project, size=4, per_problem=2) == 2
    first, second = (
        set(Entrant.objects.filter(lineup=one).values_list("trace", flat=True))
        for one in Lineup.objects.order_by("pk")
    )
    assert first == {traces[i].pk for i in (1, 3, 2, 5)}
    assert second == {traces[i].pk for i in (4, 0, 6)}


def test_asking_again_makes_nothing_new_and_counting_writes_nothing() -> None:
    project = a_project()
    some_attempts(project, *"abcd")
    assert count_lineups(project) == 1
    assert not Lineup.objects.exists()
    assert line_up(project) == 1
    assert (count_lineups(project), line_up(project)) == (0, 0)


def test_texts_that_say_the_same_and_problems_with_fewer_than_three_are_left_out() -> None:
    project = a_project()
    some_attempts(project, "a", "b", "b", "a")
    some_attempts(project, "a", "b")
    assert line_up(project) == 0


def test_places_are_drawn() -> None:
    project = a_project()
    for i in range(20):
        some_attempts(project, f"a{i}", f"b{i}", f"c{i}", outcomes=[RIGHT, WRONG, WRONG])
    line_up(project, size=3)
    firsts = Entrant.objects.filter(trace__outcome=RIGHT).values_list("place", flat=True)
    assert {firsts.filter(place=place).count() > 1 for place in range(3)} == {True}


@pytest.mark.parametrize(
    ("size", "per_problem", "field"), [(2, 1, "size"), (9, 1, "size"), (3, 0, "lineups")]
)
def test_what_is_no_lineup_is_refused(size: int, per_problem: int, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        line_up(a_project(), size=size, per_problem=per_problem)
    assert caught.value.field == field
