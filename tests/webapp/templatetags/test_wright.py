from __future__ import annotations

from itertools import pairwise

from annotate.measure.ruler.queries import Stand
from annotate.models import Ruler
from webapp.templatetags.wright import NAME_HEIGHT, NARROW, WIDE, _spread, draw, map_title

DETAIL = {
    "questions": [
        {
            "title": "Verdict",
            "measure": 0.0,
            "levels": ["Bad", "Neutral", "Good"],
            "thresholds": [
                {"lower": 0, "upper": 1, "measure": -0.5},
                {"lower": 1, "upper": 2, "measure": 0.5},
            ],
        },
        {"title": "Silent", "measure": None, "levels": ["No", "Yes"], "thresholds": []},
    ],
    "items": {"counts": [1, 3], "edges": [-1.0, 0.0, 1.0]},
    "range": [-1.0, 1.0],
}


def stand(name: str, severity: float, *, is_machine: bool = False) -> Stand:
    return Stand(1, name, is_machine, severity, 0.1)


def test_the_severer_stand_higher_and_machines_apart() -> None:
    drawn = draw(
        Ruler(detail=DETAIL),
        [stand("strict", 1.0), stand("mild", -1.0), stand("m", 0.0, is_machine=True)],
        WIDE,
    )
    people, machines = drawn.groups
    assert people.dots[0].y < drawn.zero < people.dots[1].y
    assert machines.dots[0].y == drawn.zero
    assert machines.dots[0].x > people.dots[0].x
    # Names of levels stand at their thresholds, and a question that stands nowhere is left out.
    assert [(tick.text, tick.y < drawn.zero) for tick in drawn.columns[0].ticks] == [
        ("Good", True),
        ("Neutral", False),
    ]
    assert len(drawn.columns) == 1


def test_names_never_stand_on_each_other_and_stay_in_the_picture() -> None:
    many = [stand(f"rater {i}", 0.0) for i in range(200)]
    drawn = draw(Ruler(detail=DETAIL), many, NARROW)
    group = drawn.groups[0]
    places = [name.y for name in group.names]
    assert all(b - a >= NAME_HEIGHT - 0.11 for a, b in pairwise(places))
    assert max(places) <= NARROW.height
    assert len(group.names) + group.n_unnamed == len(group.dots) == 200
    # So many intervals would be a grey wall.
    assert not any(dot.d for dot in group.dots)


def test_places_move_only_as_far_as_they_must() -> None:
    assert _spread([10.0, 100.0], 0, 200) == [10.0, 100.0]
    assert _spread([50.0, 50.0], 0, 200) == [42.5, 57.5]
    assert _spread([0.0, 0.0], 0, 200) == [0.0, 15.0]
    assert _spread([200.0, 200.0], 0, 200) == [185.0, 200.0]


def test_the_title_says_what_is_seen() -> None:
    assert "2 raters it is 2.0 logits" in map_title([stand("a", 1.0), stand("b", -1.0)])
    assert "on one scale" in map_title([])
