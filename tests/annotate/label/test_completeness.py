from __future__ import annotations

from annotate.label.completeness import Place, Question, first_missing, wanted_places

VERDICT = Question(1, "Verdict", is_about_steps=True, errors={"bad"})
FIRST_ERROR = Question(2, "First error", is_about_steps=True, stops_at_first_error=True, errors={"bad"})
WHOLE = Question(3, "Overall", is_about_steps=False)


def test_first_missing_goes_step_by_step_and_the_trace_comes_last() -> None:
    answers: dict[Place, str] = {(1, 0): "good", (1, 1): "bad"}
    assert first_missing([WHOLE, VERDICT], 3, answers) == (1, 2)
    assert first_missing([WHOLE, VERDICT], 2, answers) == (3, None)
    assert first_missing([WHOLE, VERDICT], 2, {**answers, (3, None): "good"}) is None


def test_a_first_error_criterion_ends_at_the_error() -> None:
    answers: dict[Place, str] = {(2, 0): "good", (2, 1): "bad"}
    assert list(wanted_places([FIRST_ERROR], 5, answers)) == [(2, 0), (2, 1)]
    assert first_missing([FIRST_ERROR], 5, answers) is None


def test_a_first_error_criterion_without_an_error_asks_to_the_end() -> None:
    assert len(list(wanted_places([FIRST_ERROR], 5, {(2, 0): "good"}))) == 5


def test_an_error_further_down_does_not_excuse_what_comes_before_it() -> None:
    assert first_missing([FIRST_ERROR], 5, {(2, 3): "bad"}) == (2, 0)
