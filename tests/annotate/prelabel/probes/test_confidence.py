from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, FinishReason, Request, TokenScore
from annotate.prelabel.probes.confidence import (
    STRATEGY,
    ConfidenceSettings,
    potential,
    probe_confidence,
)
from tests.annotate.prelabel.answering import reasons, run, trace, values

TOKENS = (TokenScore(0, 1, -3.0, -0.5), TokenScore(1, 2, -1.0, -1.0))
FORCED = ConfidenceSettings(opening="\n\nAnswer: ", n=4, min_known=2)


def drawn(text: str, p: float = 0.5, finish: FinishReason = "stop") -> Completion:
    """Two tokens, each of probability ``p``."""
    return Completion(text, finish, completion_tokens=2, logprob=2 * math.log(p))


@pytest.mark.parametrize(("signal", "score"), [("likelihood", -4.0), ("certainty", -1.25)])
def test_signals_of_the_step_as_written(signal: str, score: float) -> None:
    settings = ConfidenceSettings(signal=signal, threshold=-1.5)  # type: ignore[arg-type]
    finding, asked = run(
        probe_confidence(trace("ab"), settings), lambda r, s: Completion("", "stop", scores=TOKENS)
    )
    (opinion,) = finding.opinions
    assert (asked[0].n, asked[0].score) == (0, "ab")
    assert opinion.score == pytest.approx(score)
    assert opinion.value == ("bad" if signal == "likelihood" else "good")
    assert (opinion.evidence["mean_logprob"], opinion.evidence["is_ranking_only"]) == (-2.0, True)


@pytest.mark.parametrize(
    ("accuracy", "confidence", "expected"),
    [(1, 1, 1.0), (0, 1, -1.0), (0, 0, 0.0), (1, 0, 0.5), (0.5, 0.5, 0.125)],
)
def test_potential_by_hand(accuracy: float, confidence: float, expected: float) -> None:
    assert potential(accuracy, confidence) == pytest.approx(expected)


@given(st.floats(0, 1), st.floats(0, 1))
def test_potential_stays_between_sure_of_the_wrong_and_sure_of_the_right(a: float, c: float) -> None:
    assert -1 <= potential(a, c) <= 1 + 1e-12


def test_forced_answers_are_short_drawn_and_graded() -> None:
    texts = [drawn(" 42", 0.8), drawn("42", 0.8), drawn("41", 0.4), drawn("42", 0.8, "length")]
    finding, asked = run(probe_confidence(trace("a\n"), FORCED), lambda r, s: texts[s])
    request = asked[1]
    assert (request.n, request.sampling.temperature, request.sampling.max_tokens) == (4, 0.6, 10)
    assert (request.messages[-1].content, request.sampling.stop) == ("a\nAnswer:", ("\n",))
    (opinion,) = finding.opinions
    accuracy, sure = 2 / 3, (0.8 + 0.8 + 0.4) / 3
    assert opinion.score == pytest.approx(potential(accuracy, sure))
    assert (opinion.evidence["known"], opinion.evidence["is_saturated"]) == (3, False), "one was cut off"


def test_saturation_is_flagged() -> None:
    finding, _ = run(probe_confidence(trace("a\n"), FORCED), lambda r, s: drawn("42", 0.99))
    assert finding.opinions[0].evidence["is_saturated"]


def test_potential_gain_is_the_rise_over_the_step() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return drawn("42" if request.about == 0 else "7", 0.5)

    settings = ConfidenceSettings(signal="potential_gain", n=4, min_known=2)
    finding, _ = run(probe_confidence(trace("a\n", "b\n"), settings), answer)
    sure_right, sure_wrong = potential(1, 0.5), potential(0, 0.5)
    assert [o.score for o in finding.opinions] == pytest.approx(
        [sure_right - sure_wrong, sure_wrong - sure_right]
    )
    assert values(finding) == {0: "good", 1: "bad"}


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (drawn("who knows"), "only 0 of 4 answers can be graded"),
        (drawn("42", finish="length"), "only 0 of 4 answers can be graded"),
        (Completion("", "timeout", error="no answer in time"), "no answer in time"),
        (Completion("42", "stop"), "the backend told no likelihood of its answers"),
    ],
)
def test_unknown_answers_are_silence(completion: Completion, reason: str) -> None:
    finding, _ = run(probe_confidence(trace("a\n"), FORCED), lambda r, s: completion)
    assert (finding.opinions, reasons(finding)) == ((), {0: reason})


def test_unknown_start_silences_a_gain_and_no_potential() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return drawn("42") if request.about == 0 else drawn("hm")

    gain = ConfidenceSettings(signal="potential_gain", n=4, min_known=2)
    finding, _ = run(probe_confidence(trace("a\n"), gain), answer)
    assert reasons(finding) == {0: "before the step only 0 of 4 answers can be graded"}
    finding, _ = run(probe_confidence(trace("a\n"), FORCED), answer)
    assert values(finding) == {0: "good"}


def test_steps_after_the_answer_was_stated_are_masked() -> None:
    finding, _ = run(probe_confidence(trace("it is 42\n", "Answer: 42"), FORCED), lambda r, s: drawn("42"))
    assert reasons(finding) == {1: "the answer has been stated"}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"signal": "likelihood"}, "threshold"),
        ({"signal": "certainty", "threshold": 0.1}, "threshold"),
        ({"signal": "mood"}, "signal"),
        ({"opening": ""}, "opening"),
        ({"n": 0}, "n"),
        ({"min_known": 6}, "min_known"),
        ({"temperature": 0.0}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
