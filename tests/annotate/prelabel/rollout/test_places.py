from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.rollout.places import NOT_CHOSEN, PlacesSettings, roll_out_places
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, trace, values


def only(*positions: int, **settings: Any) -> tuple[Any, PlacesSettings]:
    task = replace(trace("a\n", "b\n", "c\n", WRONG), places=frozenset(positions))
    return task, PlacesSettings(places=("7:1",), **settings)


def test_only_the_chosen_steps_are_rolled_out_and_labelled_by_their_own_counts() -> None:
    finding, asked = run(roll_out_places(*only(0, 2)), rolled({2: "w"}))
    assert [(request.about, request.n) for request in asked] == [(0, 8), (2, 8)]
    assert values(finding) == {0: "good", 2: "bad"}
    assert [(one.evidence["hits"], one.evidence["misses"]) for one in finding.opinions] == [(8, 0), (0, 8)]


def test_a_trace_of_which_nothing_was_chosen_is_passed_over() -> None:
    for task, settings in (only(), only(3), only(9)):
        finding, asked = run(roll_out_places(task, settings), rolled({}))
        assert asked == []
        assert reasons(finding) == {None: NOT_CHOSEN}


def test_without_places_every_step_but_the_last_is_rolled_out() -> None:
    _, asked = run(roll_out_places(trace("a\n", "b\n", RIGHT), PlacesSettings(k=3)), rolled({}))
    assert [(request.about, request.n) for request in asked] == [(0, 3), (1, 3)]


def test_rollouts_without_an_outcome_leave_no_label() -> None:
    finding, _ = run(roll_out_places(*only(1)), rolled({1: "t"}))
    assert values(finding) == {}
    assert list(reasons(finding)) == [1]


@pytest.mark.parametrize("line", ["3", "0:1", "1:0", "a:1", "1:1:1", " 1:1", "1:1000000"])
def test_a_line_that_names_no_place_is_refused(line: str) -> None:
    with pytest.raises(Rejected, match="should be like 41:3") as refusal:
        PlacesSettings(places=(line,))
    assert refusal.value.field == "places"
