from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Request
from annotate.prelabel.probes.answer_gain import STRATEGY, AnswerGainSettings, probe_answer_gain
from tests.annotate.prelabel.answering import reasons, run, trace, values
from tests.annotate.prelabel.probes.scoring import prefix_of, scorer

SETTINGS = AnswerGainSettings(opening="Answer: ")
TASK = trace("a\n", "b\n", "c\n")


def by_steps(*levels: float) -> dict[str, float]:
    """The log-probability per token once so many of the steps a, b, c have been said."""
    return dict(zip(("", "a\n", "a\nb\n", "a\nb\nc\n"), levels, strict=True))


def answering(levels: dict[str, float]):  # type: ignore[no-untyped-def]
    return scorer(lambda request: levels[prefix_of(request).removesuffix("Answer:")])


def test_gain_is_the_rise_of_the_answers_probability() -> None:
    finding, asked = run(
        probe_answer_gain(TASK, SETTINGS), answering(by_steps(*map(math.log, (0.1, 0.3, 0.2, 0.8))))
    )
    assert [(r.n, r.score, r.about) for r in asked] == [(0, " 42", i) for i in (None, 0, 1, 2)]
    assert [o.score for o in finding.opinions] == pytest.approx([0.2, -0.1, 0.6])
    assert values(finding) == {0: "good", 1: "bad", 2: "good"}
    assert finding.summary == {"doubtful_first": [1, 0, 2]}
    assert all(o.evidence["is_ranking_only"] for o in finding.opinions)


@given(st.lists(st.floats(-20, 0), min_size=4, max_size=4))
def test_gains_add_up_to_the_rise_from_problem_to_end(levels: list[float]) -> None:
    finding, _ = run(probe_answer_gain(TASK, SETTINGS), answering(by_steps(*levels)))
    total = math.fsum(o.score or 0.0 for o in finding.opinions)
    assert total == pytest.approx(math.exp(levels[-1]) - math.exp(levels[0]), abs=1e-12)


def test_blank_step_gains_nothing_and_is_not_asked_about() -> None:
    task = trace("a\n", "\n", "b\n")
    finding, asked = run(probe_answer_gain(task, SETTINGS), scorer(lambda request: -1.0))
    assert [r.about for r in asked] == [None, 0, 2]
    assert reasons(finding) == {1: "the step is empty"}
    assert [o.score for o in finding.opinions] == [0.0, 0.0]


def test_steps_after_the_answer_was_stated_are_masked() -> None:
    task = trace("a\n", "so 42\n", "Answer: 42")
    finding, _ = run(probe_answer_gain(task, SETTINGS), scorer(lambda request: -1.0))
    assert (list(values(finding)), reasons(finding)) == ([0, 1], {2: "the answer has been stated"})


def test_unread_cut_silences_the_steps_on_both_sides() -> None:
    def answer(request: Request, sample: int) -> Completion:
        if request.about == 1:
            return Completion("", "timeout", error="no answer in time")
        return scorer(lambda r: -1.0)(request, sample)

    finding, _ = run(probe_answer_gain(TASK, SETTINGS), answer)
    assert list(values(finding)) == [0]
    assert reasons(finding) == {1: "no answer in time", 2: "no answer in time"}


def test_closing_is_scored_along() -> None:
    settings = replace(SETTINGS, closing=".")
    _, asked = run(probe_answer_gain(TASK, settings), scorer(lambda request: -1.0))
    assert asked[0].score == " 42."


def test_answer_is_taken_out_of_a_worked_reference() -> None:
    task = trace("a\n", reference="First 40.\nThen 2.\n#### 42")
    _, asked = run(probe_answer_gain(task, SETTINGS), scorer(lambda request: -1.0))
    assert asked[0].score == " 42"


def test_without_a_reference_nothing_is_asked() -> None:
    finding, asked = run(probe_answer_gain(trace("a", reference=None), SETTINGS), scorer(lambda r: -1.0))
    assert (asked, reasons(finding)) == ([], {None: "no reference answer"})


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"opening": " "}, "opening"), ({"good": "bad"}, "bad"), ({"threshold": float("inf")}, "threshold")],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
