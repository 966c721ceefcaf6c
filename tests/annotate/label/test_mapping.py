from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.enums import CriterionKind, Scope
from annotate.errors import Rejected
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.label.mapping import (
    Move,
    as_json,
    carried_shares,
    carried_value,
    check_moves,
    from_json,
    usual_moves,
)


def levels(*keys: str) -> tuple[LevelPreset, ...]:
    return tuple(LevelPreset(key, key.title()) for key in keys)


VERDICT = CriterionPreset("verdict", "Verdict", "", levels("good", "bad", "unsure"))
JUDGEMENT = CriterionPreset("judgement", "Judgement", "", levels("right", "wrong"))
SLIPS = CriterionPreset(
    "slips",
    "Slips",
    "",
    levels("sign", "sum", "unit"),
    kind=CriterionKind.TAGS,
    severities=("minor", "fatal"),
)
WHY = CriterionPreset("why", "Why", "", (), kind=CriterionKind.TEXT)
RENAMED = Move("judgement", {"good": "right", "bad": "wrong", "unsure": None})


def test_what_keeps_its_key_goes_to_it_and_the_rest_is_set_aside() -> None:
    shorter = replace(VERDICT, levels=levels("good", "bad"))
    assert usual_moves([VERDICT, WHY], [shorter, JUDGEMENT]) == {
        "verdict": Move("verdict", {"good": "good", "bad": "bad", "unsure": None}),
        "why": Move(None, {}),
    }


def test_a_key_that_asks_something_else_is_no_counterpart() -> None:
    for other in (replace(VERDICT, scope=Scope.TRACE), replace(VERDICT, kind=CriterionKind.TAGS)):
        assert usual_moves([VERDICT], [other])["verdict"].to is None
    # One level is chosen in both, whatever the scale is called.
    assert usual_moves([VERDICT], [replace(VERDICT, kind=CriterionKind.ORDINAL)])["verdict"].to == "verdict"


def test_answers_become_what_their_level_becomes() -> None:
    assert carried_value("good", RENAMED, JUDGEMENT) == "right"
    assert carried_value("unsure", RENAMED, JUDGEMENT) is None
    assert carried_value("", Move("why"), WHY) == ""


def test_tags_are_merged_at_their_worst_and_what_is_unknown_goes() -> None:
    move = Move("slips", {"sign": "sum", "sum": "sum", "unit": None})
    assert carried_value("sign:fatal sum:minor unit:fatal", move, SLIPS) == "sum:fatal"
    assert carried_value("unit:fatal", move, SLIPS) is None
    # A severity is not made up, and one that is no longer known is not guessed.
    assert carried_value("sum", move, SLIPS) is None
    assert carried_value("sum:major", move, SLIPS) is None
    assert carried_value("sum:major", move, replace(SLIPS, severities=())) == "sum"


def test_probabilities_follow_unless_some_lay_on_what_is_set_aside() -> None:
    merged = Move("judgement", {"good": "right", "bad": "wrong", "unsure": "wrong"})
    assert carried_shares({"good": 0.5, "bad": 0.25, "unsure": 0.25}, merged) == {"right": 0.5, "wrong": 0.5}
    assert carried_shares({"good": 0.5, "bad": 0.25, "unsure": 0.25}, RENAMED) is None
    assert carried_shares({"good": 0.75, "bad": 0.25, "unsure": 0.0}, RENAMED) == {
        "right": 0.75,
        "wrong": 0.25,
    }
    assert carried_shares(None, RENAMED) is None


@pytest.mark.parametrize(
    ("moves", "field", "why"),
    [
        ({"other": Move(None)}, "other", "no question other"),
        ({"verdict": Move("gone")}, "verdict", "has no question gone"),
        ({"verdict": Move("why")}, "verdict", "is a verdict about a step"),
        ({"verdict": Move("judgement", {"great": "right"})}, "verdict.great", "Verdict has no level great"),
        ({"verdict": Move("judgement", {"good": "fine"})}, "verdict.good", "Judgement has no level fine"),
        (
            {"verdict": RENAMED, "second": Move("judgement", {})},
            "second",
            "cannot both become Judgement",
        ),
    ],
)
def test_moves_that_cannot_be_made_are_named(moves: dict[str, Move], field: str, why: str) -> None:
    with pytest.raises(Rejected, match=why) as caught:
        check_moves(moves, [VERDICT, replace(VERDICT, key="second")], [JUDGEMENT, WHY])
    assert caught.value.field == field


def test_moves_are_written_down_and_read_again() -> None:
    moves = {"verdict": RENAMED, "why": Move(None)}
    assert from_json(as_json(moves), {}) == moves


def test_what_is_left_out_moves_as_usual() -> None:
    usual = usual_moves([VERDICT, WHY], [VERDICT, WHY])
    given = from_json({"verdict": {"levels": {"unsure": None}}}, usual)
    assert given == {
        "verdict": Move("verdict", {"good": "good", "bad": "bad", "unsure": None}),
        "why": Move("why", {}),
    }
    assert from_json({"verdict": {"to": None}}, usual)["verdict"] == Move(None, {})


@pytest.mark.parametrize(
    "given", [[], {"verdict": "judgement"}, {"verdict": {"to": 3}}, {"verdict": {"levels": []}}]
)
def test_what_is_no_mapping_is_refused(given: object) -> None:
    with pytest.raises(Rejected):
        from_json(given, {})
