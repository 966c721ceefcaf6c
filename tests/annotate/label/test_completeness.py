from __future__ import annotations

from annotate.label.completeness import Answer, Place, Question, asked_places, first_missing, open_places

VERDICT = Question(1, "Verdict", is_about_steps=True, errors={"bad"})
FIRST_ERROR = Question(2, "First error", is_about_steps=True, stops_at_first_error=True, errors={"bad"})
WHOLE = Question(3, "Overall", is_about_steps=False)
CRITIQUE = Question(4, "Critique", is_about_steps=True, condition=2, condition_levels={"bad"})
EXIT = Question(5, "Exit", is_about_steps=False, needs_text={"give-up"}, ends={"bad-problem", "give-up"})
PROGRESS = Question(6, "Progress", is_about_steps=False, condition=5, condition_levels={"found", "solution"})
NOTE = Question(7, "Note", is_about_steps=True, is_optional=True)


def said(answers: dict[Place, str], **texts: str) -> dict[Place, Answer]:
    """Answers by place; ``q5="because"`` gives the trace-wide answer to question 5 its words."""
    words = {(int(name[1:]), None): text for name, text in texts.items()}
    return {place: Answer(value, words.get(place, "")) for place, value in answers.items()}


def steps(n: int) -> list[str]:
    return ["thought"] * n


def test_first_missing_goes_step_by_step_and_the_trace_comes_last() -> None:
    answers: dict[Place, str] = {(1, 0): "good", (1, 1): "bad"}
    assert first_missing([WHOLE, VERDICT], steps(3), said(answers)) == (1, 2)
    assert first_missing([WHOLE, VERDICT], steps(2), said(answers)) == (3, None)
    assert first_missing([WHOLE, VERDICT], steps(2), said({**answers, (3, None): "good"})) is None


def test_a_first_error_criterion_ends_at_the_error() -> None:
    answers = said({(2, 0): "good", (2, 1): "bad"})
    assert asked_places([FIRST_ERROR], steps(5), answers) == [(2, 0), (2, 1)]
    assert first_missing([FIRST_ERROR], steps(5), answers) is None


def test_a_first_error_criterion_without_an_error_asks_to_the_end() -> None:
    assert len(asked_places([FIRST_ERROR], steps(5), said({(2, 0): "good"}))) == 5


def test_an_error_further_down_does_not_excuse_what_comes_before_it() -> None:
    assert first_missing([FIRST_ERROR], steps(5), said({(2, 3): "bad"})) == (2, 0)


def test_a_conditional_question_is_asked_where_the_other_one_was_answered_so() -> None:
    answers = said({(2, 0): "good", (2, 1): "bad"})
    assert asked_places([FIRST_ERROR, CRITIQUE], steps(4), answers) == [(2, 0), (2, 1), (4, 1)]
    assert open_places([FIRST_ERROR, CRITIQUE], steps(4), answers) == [(4, 1)]


def test_a_condition_counts_only_where_its_own_question_is_asked() -> None:
    # A second error behind the first is not assessed, so its critique is not wanted either.
    answers = said({(2, 0): "bad", (2, 2): "bad"})
    assert asked_places([FIRST_ERROR, CRITIQUE], steps(4), answers) == [(2, 0), (4, 0)]


def test_a_question_about_steps_may_depend_on_the_trace_and_on_a_tag_with_a_severity() -> None:
    about_trace = Question(8, "Slips", is_about_steps=False)
    where = Question(9, "Where", is_about_steps=True, condition=8, condition_levels={"sign"})
    assert asked_places([about_trace, where], steps(2), {}) == [(8, None)]
    answers = said({(8, None): "sign:minor unit:fatal"})
    assert asked_places([about_trace, where], steps(2), answers) == [(9, 0), (9, 1), (8, None)]


def test_a_way_out_leaves_open_steps_unanswered_and_keeps_the_answered_ones() -> None:
    answers = said({(1, 0): "good", (5, None): "bad-problem"})
    questions = [VERDICT, EXIT, PROGRESS]
    assert open_places(questions, steps(3), answers) == []
    assert (1, 0) in asked_places(questions, steps(3), answers)
    # Taken back, everything is wanted again.
    assert first_missing(questions, steps(3), said({(1, 0): "good"})) == (1, 1)


def test_an_answer_that_needs_a_reason_is_open_without_one() -> None:
    answers: dict[Place, str] = {(5, None): "give-up"}
    assert open_places([VERDICT, EXIT], steps(3), said(answers)) == [(5, None)]
    assert open_places([VERDICT, EXIT], steps(3), said(answers, q5="It has no figure.")) == []


def test_the_other_ways_out_ask_for_the_steps_and_for_the_progress() -> None:
    answers = said({(1, 0): "good", (5, None): "solution"})
    assert open_places([VERDICT, EXIT, PROGRESS], steps(2), answers) == [(1, 1), (6, None)]


def test_an_optional_question_is_asked_and_blocks_nothing() -> None:
    assert asked_places([NOTE], steps(2), {}) == [(7, 0), (7, 1)]
    assert open_places([NOTE], steps(2), {}) == []


def test_half_an_answer_to_an_optional_question_is_still_half() -> None:
    exit_if_one_likes = Question(5, "Exit", is_about_steps=False, is_optional=True, needs_text={"give-up"})
    assert open_places([exit_if_one_likes], steps(1), said({(5, None): "give-up"})) == [(5, None)]


def test_a_question_about_actions_leaves_what_the_tools_said_alone() -> None:
    about_actions = Question(1, "Verdict", is_about_steps=True, kinds={"action"})
    kinds = ["thought", "action", "observation", "action"]
    assert asked_places([about_actions, NOTE], kinds, {})[:3] == [(7, 0), (1, 1), (7, 1)]
    assert open_places([about_actions], kinds, said({(1, 1): "good"})) == [(1, 3)]
