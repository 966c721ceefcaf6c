from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Request, TokenScore
from annotate.prelabel.judge.likelihood import (
    LikelihoodSettings,
    judge_likelihood,
    probability_bad,
)
from annotate.settings import build_settings
from tests.annotate.prelabel.answering import reasons, run, trace, values

SETTINGS = LikelihoodSettings(slope=2.0, intercept=-4.0, threshold=0.5)


def scored(*regrets: float, best: float = -0.2) -> Completion:
    tokens = tuple(TokenScore(i, i + 1, best - regret, best) for i, regret in enumerate(regrets))
    return Completion("", "stop", scores=tokens, model="judge")


def test_judge_asks_every_step_at_once_and_continues_the_steps_before() -> None:
    task = trace("one\n", "two\n", "three")
    finding, asked = run(judge_likelihood(task, SETTINGS), lambda request, sample: scored(0.0))
    assert [(request.n, request.score, request.about) for request in asked] == [
        (0, "one\n", 0),
        (0, "two\n", 1),
        (0, "three", 2),
    ]
    assert [m.role for m in asked[0].messages] == ["user"], "no steps yet, so no begun turn"
    assert [request.messages[-1].content for request in asked[1:]] == ["one\n", "one\ntwo\n"]
    assert values(finding) == {0: "good", 1: "good", 2: "good"}


def test_judge_takes_the_largest_regret_and_shows_its_token() -> None:
    finding, _ = run(
        judge_likelihood(trace("a 4b"), SETTINGS), lambda request, sample: scored(0.1, 0.0, 3.0, 0.2)
    )
    (opinion,) = finding.opinions
    p_bad = 1 / (1 + math.exp(-(2.0 * 3.0 - 4.0)))
    assert opinion.value == "bad"
    assert opinion.score == pytest.approx(1 - p_bad)
    assert opinion.distribution == {"good": pytest.approx(1 - p_bad), "bad": pytest.approx(p_bad)}
    shown = {name: opinion.evidence[name] for name in ("token", "start", "end", "regret", "tokens")}
    assert shown == {"token": "4", "start": 2, "end": 3, "regret": pytest.approx(3.0), "tokens": 4}


def test_judge_goes_on_after_a_bad_step() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return scored(9.0 if request.about == 0 else 0.0)

    finding, _ = run(judge_likelihood(trace("a", "b"), SETTINGS), answer)
    assert values(finding) == {0: "bad", 1: "good"}
    assert finding.summary == {"first_error": 0, "judged": 2, "steps": 2}


def test_threshold_belongs_to_bad() -> None:
    settings = LikelihoodSettings(slope=1.0, intercept=0.0, threshold=0.5)
    finding, _ = run(judge_likelihood(trace("a"), settings), lambda request, sample: scored(0.0))
    assert values(finding) == {0: "bad"}


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion("", "stop"), "the backend returned no log-probabilities"),
        (Completion("", "error", error="the context is full"), "the context is full"),
        (scored(float("inf")), "a log-probability is not finite"),
    ],
)
def test_judge_without_usable_scores_is_silent(completion: Completion, reason: str) -> None:
    finding, _ = run(judge_likelihood(trace("a"), SETTINGS), lambda request, sample: completion)
    assert (finding.opinions, reasons(finding)) == ((), {0: reason})


def test_judge_has_nothing_to_say_about_an_empty_step() -> None:
    finding, _ = run(judge_likelihood(trace(" \n", "b"), SETTINGS), lambda request, sample: scored(0.0))
    assert reasons(finding) == {0: "the step is empty"}
    assert values(finding) == {1: "good"}


@given(regret=st.floats(0, 1e6), more=st.floats(0, 1e6))
def test_probability_stays_a_probability_and_rises_with_regret(regret: float, more: float) -> None:
    low, high = probability_bad(regret, SETTINGS), probability_bad(regret + more, SETTINGS)
    assert 0 <= low <= high <= 1


@pytest.mark.parametrize(("missing", "value"), [("slope", None), ("threshold", 1.0), ("slope", -1.0)])
def test_curve_that_cannot_be_used_names_the_field(missing: str, value: float | None) -> None:
    file: dict[str, float] = {"slope": 1.0, "intercept": 0.0, "threshold": 0.5}
    if value is None:
        del file[missing]
    else:
        file[missing] = value
    with pytest.raises(Rejected) as caught:
        build_settings(LikelihoodSettings, file)
    assert caught.value.field == missing
