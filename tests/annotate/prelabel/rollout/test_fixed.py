from __future__ import annotations

from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Finding
from annotate.prelabel.rollout.fixed import FixedSettings, roll_out_every_step
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, trace, values


def lone(**values_: Any) -> FixedSettings:
    return FixedSettings(**{"sc_samples": 0, **values_})


def shown(finding: Finding, key: str) -> dict[int | None, Any]:
    return {opinion.position: opinion.evidence.get(key) for opinion in finding.opinions}


def scores(finding: Finding) -> dict[int | None, float | None]:
    return {opinion.position: opinion.score for opinion in finding.opinions}


@pytest.mark.parametrize("steps", range(1, 13))
def test_fixed_finds_the_first_error_wherever_it_is(steps: int) -> None:
    for error in range(steps + 1):
        task = trace(*["step\n"] * (steps - 1), WRONG if error < steps else RIGHT)
        answer = rolled(dict.fromkeys(range(error, steps), "w"))
        finding, asked = run(roll_out_every_step(task, lone()), answer)
        assert finding.summary["first_error"] == (error if error < steps else None)
        assert [(request.about, request.n) for request in asked] == [(i, 8) for i in range(steps - 1)]


def test_fixed_asks_about_every_step_in_one_batch() -> None:
    strategy = roll_out_every_step(trace("a\n", "b\n", "c\n", RIGHT), lone(k=3, first_wave=1))
    assert [(request.about, request.n) for request in next(strategy)] == [(0, 3), (1, 3), (2, 3)]


def test_fixed_gives_the_plain_share_and_the_posterior_beside_it() -> None:
    answer = rolled({0: "rwwrwwwr", 1: "rwwwwwtt"})
    finding, _ = run(roll_out_every_step(trace("a\n", "b\n", RIGHT), lone()), answer)
    assert scores(finding) == {0: 3 / 8, 1: 1 / 6, 2: 1.0}
    assert shown(finding, "posterior_mean") == {0: 0.4, 1: 0.25, 2: None}
    assert shown(finding, "score_is") == {0: "share", 1: "share", 2: None}


def test_fixed_stop_says_nothing_after_the_first_error_but_keeps_what_was_seen() -> None:
    finding, _ = run(roll_out_every_step(trace("a\n", "b\n", "c\n", WRONG), lone()), rolled({1: "w"}))
    assert values(finding) == {0: "good", 1: "bad"}
    assert reasons(finding) == {2: "after the first error", 3: "after the first error"}
    assert {silence.position: silence.evidence.get("hits") for silence in finding.silences} == {2: 8, 3: None}


def test_fixed_all_labels_every_step_by_its_own_rollouts() -> None:
    answer = rolled({1: "w", 2: "t"})
    finding, _ = run(roll_out_every_step(trace(*"abcd", WRONG), lone(after="all")), answer)
    assert values(finding) == {0: "good", 1: "bad", 3: "good", 4: "bad"}
    assert reasons(finding) == {2: "too many rollouts without an outcome"}
    assert (finding.summary["first_error"], finding.summary["outcome"]) == (1, "located")


def test_fixed_all_does_not_place_an_error_behind_an_unknown_step() -> None:
    finding, _ = run(
        roll_out_every_step(trace(*"abc", WRONG), lone(after="all")), rolled({0: "t", 1: "w", 2: "w"})
    )
    assert values(finding) == {1: "bad", 2: "bad", 3: "bad"}
    assert (finding.summary["first_error"], finding.summary["outcome"]) == (None, "unplaced")


def test_fixed_all_grades_the_last_step_like_stop_does() -> None:
    right, _ = run(roll_out_every_step(trace("a\n", RIGHT), lone(after="all")), rolled({0: "w"}))
    assert values(right) == {0: "bad", 1: "good"}
    settings = lone(after="all", is_wrong_answer_bad=False)
    wrong, _ = run(roll_out_every_step(trace("a\n", WRONG), settings), rolled({}))
    assert (values(wrong), reasons(wrong)) == ({0: "good"}, {1: "the final answer is wrong"})


def test_fixed_confirms_the_located_step_and_the_one_before() -> None:
    task = trace(*"abcd", WRONG)
    finding, asked = run(roll_out_every_step(task, lone(confirm=True)), rolled({2: "w", 3: "w"}))
    assert [(request.about, request.n) for request in asked[4:]] == [(1, 8), (2, 8)]
    assert finding.summary["first_error"] == 2
    assert shown(finding, "score_is") == {0: "share", 1: "posterior mean", 2: "posterior mean"}
    assert scores(finding)[2] == pytest.approx(1 / 18)


def test_fixed_confirming_moves_on_when_the_step_was_not_lost() -> None:
    task = trace(*"abcd", WRONG)
    finding, asked = run(roll_out_every_step(task, lone(confirm=True)), rolled({2: "w" * 12 + "r", 3: "w"}))
    assert [(request.about, request.n) for request in asked[4:]] == [(1, 8), (2, 8), (3, 8)]
    assert finding.summary["first_error"] == 3
    assert values(finding) == {0: "good", 1: "good", 2: "good", 3: "bad"}


def test_fixed_confirming_never_rolls_out_the_last_step() -> None:
    finding, asked = run(roll_out_every_step(trace("a\n", WRONG), lone(confirm=True)), rolled({}))
    assert [(request.about, request.n) for request in asked] == [(0, 8), (0, 8)]
    assert finding.summary["first_error"] == 1
    _, asked = run(roll_out_every_step(trace(WRONG), lone(confirm=True)), rolled({}))
    assert asked == []


def test_fixed_truncated_rollouts_are_not_wrong() -> None:
    finding, _ = run(roll_out_every_step(trace("a\n", RIGHT), lone()), rolled({0: "wwwwwttt"}))
    assert reasons(finding) == {0: "too many rollouts without an outcome"}


@pytest.mark.parametrize(
    ("field", "value"), [("tau", 1.0), ("k_confirm", 4), ("k", 0), ("tau", -0.1), ("temperature", 0.0)]
)
def test_fixed_settings_name_the_field_that_is_wrong(field: str, value: float) -> None:
    with pytest.raises(Rejected) as caught:
        lone(**{field: value})
    assert caught.value.field == field
