from __future__ import annotations

from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Finding
from annotate.prelabel.rollout.relative import RelativeSettings, measure_progress
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, trace, values


def small(**values_: Any) -> RelativeSettings:
    """Ten rollouts everywhere, so that shares can be read off the letters."""
    return RelativeSettings(**{"sc_samples": 10, "k": 10, **values_})


def share(hits: int, of: int = 10) -> str:
    return "r" * hits + "w" * (of - hits)


def progress(finding: Finding) -> dict[int | None, Any]:
    return {opinion.position: opinion.evidence.get("progress") for opinion in finding.opinions}


def test_relative_divides_the_share_after_by_the_share_before() -> None:
    answer = rolled({None: share(5), 0: share(4), 1: share(8), 2: share(6)})
    finding, _ = run(measure_progress(trace(*"abc", RIGHT), small()), answer)
    assert progress(finding) == {0: 0.8, 1: 2.0, 2: 0.75}
    assert values(finding) == {0: "good", 1: "good", 2: "bad"}
    assert [opinion.score for opinion in finding.opinions] == [0.4, 0.8, 0.6]
    assert [opinion.evidence["before"] for opinion in finding.opinions] == [0.5, 0.4, 0.8]
    assert reasons(finding) == {3: "after the first error"}
    assert finding.summary["first_error"] == 2


@pytest.mark.parametrize(("epsilon", "label"), [(0.5, "good"), (0.8, "bad"), (1.0, "bad")])
def test_relative_epsilon_sets_how_much_must_be_kept(epsilon: float, label: str) -> None:
    answer = rolled({None: share(10), 0: share(6)})
    finding, _ = run(measure_progress(trace("a\n", RIGHT), small(epsilon=epsilon)), answer)
    assert values(finding)[0] == label


@pytest.mark.parametrize(
    ("hits", "rollouts"), [(1, 128), (9, 128), (10, 64), (50, 64), (90, 64), (91, 32), (100, 32)]
)
def test_relative_draws_more_on_harder_questions(hits: int, rollouts: int) -> None:
    answer = rolled({None: share(hits, 100)})
    _, asked = run(measure_progress(trace("a\n", RIGHT), RelativeSettings(sc_samples=100)), answer)
    assert [(request.about, request.n) for request in asked] == [(None, 100), (0, rollouts)]


def test_relative_k_caps_what_the_pass_rate_asks_for() -> None:
    assert RelativeSettings(k=48).rollouts_at(0.01) == 48
    assert RelativeSettings(k=48).rollouts_at(0.95) == 32


def test_relative_never_solved_question_teaches_nothing() -> None:
    finding, asked = run(measure_progress(trace("a\n", WRONG), small()), rolled({None: "w"}))
    assert reasons(finding) == {
        None: "the question was never solved from the start, so no error can be located"
    }
    assert (finding.opinions, [request.about for request in asked]) == ((), [None])
    assert finding.summary["self_confidence"] == 0.0


@pytest.mark.parametrize("letters", ["t", "f", "rrrrrrrttt"])
def test_relative_question_of_unknown_pass_rate_is_left_alone(letters: str) -> None:
    finding, asked = run(measure_progress(trace("a\n", WRONG), small()), rolled({None: letters}))
    assert reasons(finding) == {None: "the pass rate of the question is unknown"}
    assert [request.about for request in asked] == [None]


def test_relative_ratio_of_just_epsilon_is_enough() -> None:
    answer = rolled({None: share(9), 0: share(18, 25)})
    assert 18 / 25 / 0.9 < 0.8, "in floating point it would not be"
    finding, _ = run(measure_progress(trace("a\n", RIGHT), small(k=25, k_mid=25)), answer)
    assert values(finding)[0] == "good"


def test_relative_stops_drawing_at_the_first_bad_step() -> None:
    answer = rolled({None: "r", 1: "w"})
    finding, asked = run(measure_progress(trace(*"abcd", WRONG), small()), answer)
    assert [request.about for request in asked] == [None, 0, 1]
    assert values(finding) == {0: "good", 1: "bad"}


def test_relative_paper_rule_calls_everything_after_it_bad_without_counts() -> None:
    finding, asked = run(
        measure_progress(trace(*"abc", RIGHT), small(after_error="bad")), rolled({None: "r", 1: share(7)})
    )
    assert values(finding) == {0: "good", 1: "bad", 2: "bad", 3: "bad"}
    assert finding.summary["first_error"] == 1
    assert [request.about for request in asked] == [None, 0, 1]
    later = finding.opinions[2]
    assert (later.score, later.evidence) == (
        None,
        {"self_confidence": 1.0, "self_confidence_n": 10, "implied_by": 1},
    )


def test_relative_step_of_unknown_share_passes_the_measure_on() -> None:
    answer = rolled({None: share(10), 0: "t", 1: share(9), 2: share(9)})
    finding, _ = run(measure_progress(trace(*"abc", RIGHT), small()), answer)
    assert progress(finding) == {1: 0.9, 2: 1.0, 3: None}
    assert reasons(finding) == {0: "too many rollouts without an outcome"}


@pytest.mark.parametrize("after_error", ["stop", "bad"])
def test_relative_error_behind_an_unknown_step_has_no_place(after_error: str) -> None:
    answer = rolled({None: share(10), 0: "t", 1: share(5)})
    finding, _ = run(measure_progress(trace(*"abc", RIGHT), small(after_error=after_error)), answer)
    assert (finding.opinions, finding.summary["outcome"]) == ((), "unplaced")


def test_relative_last_step_is_graded() -> None:
    right, asked = run(measure_progress(trace("a\n", RIGHT), small()), rolled({}))
    assert values(right) == {0: "good", 1: "good"}
    assert [request.about for request in asked] == [None, 0]
    wrong, _ = run(measure_progress(trace("a\n", WRONG), small()), rolled({}))
    assert values(wrong) == {0: "good", 1: "bad"}
    assert wrong.opinions[-1].evidence["final_answer"] == "wrong"


@pytest.mark.parametrize(
    ("field", "values_"),
    [
        ("sc_samples", {"sc_samples": 0}),
        ("epsilon", {"epsilon": 0.0}),
        ("k_low", {"k_low": 0}),
        ("k_mid", {"k_mid": 2000}),
        ("k_high", {"k_high": -1}),
        ("low", {"low": -0.1}),
        ("high", {"low": 0.5, "high": 0.4}),
    ],
)
def test_relative_settings_name_the_field_that_is_wrong(field: str, values_: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        RelativeSettings(**values_)
    assert caught.value.field == field
