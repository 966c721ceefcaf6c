from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Request
from annotate.prelabel.probes.contrastive import (
    STRATEGY,
    ContrastiveSettings,
    probe_contrast,
    standardised,
    wrong_answers,
)
from tests.annotate.prelabel.answering import Answerer, reasons, run, said, trace, values
from tests.annotate.prelabel.probes.scoring import prefix_of, scorer

ONE = ContrastiveSettings(openings=("Answer: ",), misses=2)
TASK = trace("a\n", "b\n")


def answering(right: dict[str, float], wrong: dict[str, float]) -> Answerer:
    def level(request: Request) -> float:
        said_so_far = prefix_of(request).removesuffix("Answer:")
        return (right if request.score == " 42" else wrong)[said_so_far]

    return scorer(level)


def test_every_answer_is_scored_after_every_opening_and_step() -> None:
    settings = ContrastiveSettings()
    _, asked = run(probe_contrast(TASK, settings), scorer(lambda request: -1.0))
    assert len(asked) == 3 * 4 * 5, "cuts x openings x answers"
    assert [r.score for r in asked[:5]] == [" 42", " 43", " 41", " 46", " 38"]
    assert {r.n for r in asked} == {0}


def test_signal_is_the_rise_of_the_right_answer_less_that_of_the_wrong_ones() -> None:
    finding, _ = run(
        probe_contrast(TASK, ONE),
        answering({"": -3.0, "a\n": -1.0, "a\nb\n": -2.0}, {"": -3.0, "a\n": -2.5, "a\nb\n": -1.5}),
    )
    signals = [o.evidence["contrast_gain"] for o in finding.opinions]
    assert signals == pytest.approx([(-1 + 3) - (-2.5 + 3), (-2 + 1) - (-1.5 + 2.5)])
    assert values(finding) == {0: "good", 1: "bad"}
    assert [o.score for o in finding.opinions] == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])
    assert finding.opinions[0].evidence["wrong"] == ["43", "41"]


@given(st.lists(st.floats(-20, 0), min_size=6, max_size=6))
def test_signals_add_up_to_the_change_of_the_contrast(levels: list[float]) -> None:
    cuts = ("", "a\n", "a\nb\n")
    right, wrong = dict(zip(cuts, levels[:3], strict=True)), dict(zip(cuts, levels[3:], strict=True))
    finding, _ = run(probe_contrast(TASK, ONE), answering(right, wrong))
    total = math.fsum(o.evidence["contrast_gain"] for o in finding.opinions)
    assert total == pytest.approx((levels[2] - levels[5]) - (levels[0] - levels[3]), abs=1e-6)


def test_what_lifts_every_answer_alike_is_no_signal() -> None:
    rising = {"": -5.0, "a\n": -2.0, "a\nb\n": -1.0}
    finding, _ = run(probe_contrast(TASK, ONE), answering(rising, rising))
    assert [o.evidence["contrast_gain"] for o in finding.opinions] == [0.0, 0.0]
    assert [o.score for o in finding.opinions] == [0.5, 0.5]


def test_blank_step_has_no_signal_and_no_part_in_the_standardisation() -> None:
    task = trace("a\n", "\n", "b\n")
    levels = {"": -3.0, "a\n": -1.0, "a\n\nb\n": -2.0}
    finding, _ = run(probe_contrast(task, ONE), answering(levels, dict.fromkeys(levels, -3.0)))
    assert reasons(finding) == {1: "the step is empty"}
    assert [o.evidence["contrast_gain"] for o in finding.opinions] == [2.0, -1.0]


def test_masked_steps_take_no_part() -> None:
    task = trace("a\n", "so 42\n", "42 then\n")
    finding, _ = run(probe_contrast(task, ONE), scorer(lambda request: -1.0))
    assert reasons(finding) == {2: "the answer has been stated"}
    assert list(values(finding)) == [0, 1]


def test_answer_that_is_no_number_is_held_against_sampled_wrong_ones() -> None:
    task = trace("a\n", reference="B")
    texts = ["Answer: A", "Answer: C", "Answer: A", "Answer: B", "no idea", "Answer: D"]

    def answer(request: Request, sample: int) -> Completion:
        if request.purpose == "wrong answers":
            return said(texts[sample % 6], "length" if sample == 5 else "stop")
        return scorer(lambda r: -1.0)(request, sample)

    settings = ContrastiveSettings(openings=("Answer: ",), samples=6)
    finding, asked = run(probe_contrast(task, settings), answer)
    assert (asked[0].n, asked[0].messages[-1].content) == (6, "Ann has 3 apples.")
    assert finding.opinions[0].evidence["wrong"] == ["A", "C"], "D was cut off, so nobody knows"


def test_without_a_wrong_answer_nothing_is_said() -> None:
    finding, asked = run(probe_contrast(trace("a", reference="B"), ONE), lambda r, s: said("Answer: B"))
    assert (len(asked), reasons(finding)) == (
        1,
        {None: "there is no wrong answer to hold against the right one"},
    )
    near = ContrastiveSettings(negatives="near")
    finding, asked = run(probe_contrast(trace("a", reference="B"), near), lambda r, s: said("Answer: A"))
    assert (asked, list(reasons(finding))) == ([], [None])


def test_sampled_wrong_answers_come_by_frequency() -> None:
    found = wrong_answers([said(f"Answer: {x}") for x in ("7", "8", "8", "42")], "42", 4)
    assert found == ("8", "7")


def test_one_unread_answer_silences_its_cut() -> None:
    def answer(request: Request, sample: int) -> Completion:
        if request.about == 1 and request.score == " 43":
            return Completion("", "error", error="the context is full")
        return scorer(lambda r: -1.0)(request, sample)

    finding, _ = run(probe_contrast(TASK, ONE), answer)
    assert reasons(finding) == {1: "the context is full"}


@given(st.dictionaries(st.integers(0, 20), st.floats(-1e3, 1e3), max_size=8))
def test_standardised_scores_keep_the_order(signals: dict[int, float]) -> None:
    scores = standardised(signals)
    assert all(0 < score < 1 for score in scores.values())
    in_order = sorted(signals, key=lambda key: signals[key])
    assert [scores[key] for key in in_order] == sorted(scores.values())


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"openings": []}, "openings"),
        ({"openings": ["a", "a"]}, "openings"),
        ({"openings": [" "]}, "openings"),
        ({"misses": 0}, "misses"),
        ({"samples": 0}, "samples"),
        ({"temperature": 0.0}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_bad_settings_name_the_field(bad: dict[str, object], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        STRATEGY.settings(bad)
    assert caught.value.field == field
