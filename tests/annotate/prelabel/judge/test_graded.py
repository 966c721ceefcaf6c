from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, LevelTask, Request, StepTask, TraceTask
from annotate.prelabel.judge.graded import STRATEGY, GradedSettings, judge_graded
from tests.annotate.prelabel.answering import reasons, run, said, trace, values
from tests.annotate.prelabel.criteria import VERDICT, scale, told


def graded_trace(*steps: str) -> TraceTask:
    return replace(trace(*steps), criterion=VERDICT, criteria=(VERDICT,))


def scores(**shares: float) -> Completion:
    """``s9=0.8`` puts 0.8 on the score 9; what is left is spread thinly over the others."""
    given = {name[1:]: p for name, p in shares.items()}
    return told({str(s): given.get(str(s), 1e-9) for s in range(1, 10)})


def test_every_step_is_asked_at_once_for_one_of_nine_scores() -> None:
    _, asked = run(judge_graded(graded_trace("a\n", "b\n"), GradedSettings()), lambda r, s: scores(s9=0.9))
    assert [(r.about, r.n, r.choices) for r in asked] == [
        (0, 5, tuple("123456789")),
        (1, 5, tuple("123456789")),
    ]
    text = asked[1].messages[-1].content
    assert "around 1 means Bad: Wrong." in text
    assert "around 9 means Good: Correct." in text
    assert "Unsure" not in text, "a machine says unsure by falling silent"


def test_label_is_the_level_nearest_to_the_mean_score() -> None:
    finding, _ = run(
        judge_graded(graded_trace("a"), GradedSettings()), lambda r, s: scores(s9=0.45, s7=0.3, s5=0.15)
    )
    (opinion,) = finding.opinions
    mean = (0.45 * 9 + 0.3 * 7 + 0.15 * 5) / 0.9
    assert opinion.value == "good"
    assert opinion.score == pytest.approx((mean - 5) / 4, abs=1e-6)
    assert opinion.distribution == pytest.approx(
        {"good": 0.6 / 0.9, "neutral": 0.3 / 0.9, "bad": 0}, abs=1e-6
    )
    assert opinion.evidence["mass"] == pytest.approx(0.9)


def test_trust_leans_to_the_surest_score() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return scores(s9=0.55, s1=0.45)

    plain, _ = run(judge_graded(graded_trace("a"), GradedSettings()), answer)
    trust, _ = run(judge_graded(graded_trace("a"), GradedSettings(method="trust")), answer)
    assert values(plain) == {0: "neutral"}
    assert values(trust) == {0: "good"}, "(0.55/0.45)^10 = 7.4 to 1"


def test_judge_of_two_minds_is_flagged() -> None:
    finding, _ = run(judge_graded(graded_trace("a"), GradedSettings()), lambda r, s: scores(s1=0.5, s9=0.5))
    (opinion,) = finding.opinions
    assert (opinion.value, opinion.evidence["is_split"]) == ("neutral", True)
    assert opinion.evidence["variance"] == pytest.approx(16, abs=1e-3)
    assert finding.summary == {"judged": 1, "split": [0]}


def test_trace_criterion_is_asked_once_about_the_whole() -> None:
    whole = scale("quality", scope="trace")
    task = replace(trace("a", "b"), criterion=whole, criteria=(whole,))
    finding, asked = run(judge_graded(task, GradedSettings()), lambda r, s: scores(s9=0.9))
    assert [r.about for r in asked] == [None]
    assert values(finding) == {None: "l1"}


def test_votes_speak_where_nothing_better_is_to_be_had() -> None:
    finding, _ = run(
        judge_graded(graded_trace("a"), GradedSettings(votes=4)),
        lambda r, s: said(["9", "8", "2", "nine"][s]),
    )
    (opinion,) = finding.opinions
    assert opinion.evidence["mean"] == pytest.approx(19 / 3, abs=1e-6)
    assert (opinion.evidence["votes"], opinion.evidence["unread"], opinion.evidence["read_from"]) == (
        3,
        1,
        "text",
    )


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (scores(s9=0.3), "the model wanted to say something else"),
        (told({"9": 0.9}), "the backend gave no probability for '1', '2', '3', '4', '5', '6', '7', '8'"),
        (Completion("", "refused"), "the model refused"),
        (Completion("9", "length"), "the answer was cut off"),
    ],
)
def test_what_cannot_be_read_is_silent(completion: Completion, reason: str) -> None:
    finding, _ = run(judge_graded(graded_trace("a"), GradedSettings()), lambda r, s: completion)
    assert (finding.opinions, reasons(finding)) == ((), {0: reason})


@pytest.mark.parametrize(("source", "labels"), [("typed", {0: "good"}), ("tokens", {})])
def test_scores_of_several_tokens_need_a_backend_that_is_asked_for_them(source: str, labels: object) -> None:
    shares = {str(s): 0.9 if s == 20 else 0.001 for s in range(1, 21)}
    finding, _ = run(
        judge_graded(graded_trace("a"), GradedSettings(high=20)),
        lambda r, s: told(shares, source),  # type: ignore[arg-type]
    )
    assert values(finding) == labels


def test_observations_are_not_judged_and_empty_steps_are_silent() -> None:
    steps = (StepTask(0, "look", "action"), StepTask(1, "a cat", "observation"), StepTask(2, " \n"))
    task = TraceTask("Pets?", steps, criterion=VERDICT)
    finding, asked = run(judge_graded(task, GradedSettings()), lambda r, s: scores(s9=0.9))
    assert [r.about for r in asked] == [0]
    assert reasons(finding) == {2: "the step is empty"}


def test_trace_of_empty_steps_asks_nothing() -> None:
    finding, asked = run(judge_graded(graded_trace(" "), GradedSettings()), lambda r, s: scores(s9=0.9))
    assert (asked, reasons(finding)) == ([], {0: "the step is empty"})


def test_criterion_without_a_number_line_is_an_error() -> None:
    flat = replace(VERDICT, levels=(LevelTask("yes", "Yes", "", 1.0), LevelTask("unsure", "Unsure")))
    with pytest.raises(Rejected, match="no two levels with different scores"):
        run(judge_graded(replace(trace("a"), criterion=flat), GradedSettings()), lambda r, s: said(""))
    with pytest.raises(Rejected, match="labels no criterion"):
        run(judge_graded(trace("a"), GradedSettings()), lambda r, s: said(""))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"low": -1}, "low"),
        ({"high": 2}, "high"),
        ({"high": 101}, "high"),
        ({"method": "guess"}, "method"),
        ({"temperature_scale": 0.0}, "temperature_scale"),
        ({"split_from": 0.0}, "split_from"),
        ({"min_mass": 1.5}, "min_mass"),
        ({"temperature": 0.0}, "temperature"),
        ({"votes": 0}, "votes"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"orders": 0}, "orders"),
        ({"prompt": "no-such@v1"}, "prompt"),
    ],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
