from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.label.spread import Spread, spread_of, spread_of_pair
from annotate.models import Comparison, Step
from tests.factories import a_comparing_project, a_lineup, a_pair, a_project, a_trace, some_attempts

pytestmark = pytest.mark.django_db


def texts(spread: Spread) -> tuple[list[str], list[list[str]]]:
    return [step.text for step in spread.shared], [
        [step.text for step in side.steps] for side in spread.sides
    ]


def test_what_two_traces_begin_with_is_there_once() -> None:
    project = a_project()
    left = a_trace(project, texts=["same\n", "l\n", "end"])
    right = a_trace(project, texts=["same\n", "r\n", "end"], problem=left.problem)
    spread = spread_of_pair(a_pair(left, right))
    assert texts(spread) == (["same\n"], [["l\n", "end"], ["r\n", "end"]])
    assert [side.title for side in spread.sides] == ["Left", "Right"]
    assert (spread.problem, spread.trace_ids) == (left.problem, (left.pk, right.pk))


def test_a_trace_that_is_the_beginning_of_the_other_keeps_its_last_step() -> None:
    project = a_project()
    left = a_trace(project, texts=["a", "b"])
    right = a_trace(project, texts=["a", "b", "c"], problem=left.problem)
    assert texts(spread_of_pair(a_pair(left, right))) == (["a"], [["b"], ["b", "c"]])


def test_the_same_words_as_thought_and_as_action_are_not_the_same() -> None:
    project = a_project()
    left, right = (a_trace(project, texts=["a", text]) for text in "bc")
    Step.objects.filter(trace=right, position=0).update(kind="action")
    assert texts(spread_of_pair(a_pair(left, right))) == ([], [["a", "b"], ["a", "c"]])


def test_two_steps_come_after_what_is_before_them_and_nothing_after() -> None:
    project = a_project()
    left = a_trace(project, texts=["a", "b", "l", "later"])
    right = a_trace(project, texts=["a", "b", "r", "much later"], problem=left.problem)
    sides = [trace.steps.get(position=2) for trace in (left, right)]
    spread = spread_of_pair(a_pair(*sides))
    assert texts(spread) == (["a", "b"], [["l"], ["r"]])
    assert spread.is_of_steps


def test_a_lineup_stands_in_the_order_of_its_places() -> None:
    project = a_comparing_project(preset="ranking")
    one, two, three = some_attempts(project, "one", "two", "three")
    lineup = a_lineup(three, one, two)
    comparison = Comparison(project=project, lineup=lineup, slot=0, luck=0)
    with CaptureQueriesContext(connection) as queries:
        spread = spread_of(comparison)
    assert len(queries) == 2
    assert texts(spread) == ([], [["three"], ["one"], ["two"]])
    assert [(side.title, side.letter) for side in spread.sides][2] == ("Solution C", "c")
