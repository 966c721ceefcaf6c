from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.continuations.rollouts import UNCLEAR
from annotate.prelabel.continuations.walk import AFTER_GAP
from annotate.prelabel.contracts import Finding
from annotate.prelabel.rollout.denoise import DenoiseSettings, denoise
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, trace, values

NO_ZERO = "the final answer is wrong, but no lost step was found"


def few(**values_: Any) -> DenoiseSettings:
    return DenoiseSettings(**{"sc_samples": 8, **values_})


def targets(finding: Finding) -> dict[int | None, float]:
    return {o.position: o.distribution["good"] for o in finding.opinions if o.distribution is not None}


def test_denoise_softens_the_two_steps_before_the_lost_one() -> None:
    answer = rolled({None: "rrrrrrww", 1: "rwwwwwww", 2: "wwrrwwww", 3: "rrrrrrrw", 4: "w"})
    finding, _ = run(denoise(trace(*"abcdef", WRONG), few()), answer)
    assert targets(finding) == pytest.approx({0: 1.0, 1: 1.0, 2: (2 / 8) / 0.75, 3: 1.0, 4: 0.0}, abs=1e-6)
    assert values(finding) == {0: "good", 1: "good", 2: "good", 3: "good", 4: "bad"}
    assert finding.summary["first_error"] == 4
    assert reasons(finding) == {5: "after the first error", 6: "after the first error"}
    for opinion in finding.opinions:
        assert opinion.distribution is not None
        assert sum(opinion.distribution.values()) == pytest.approx(1)
        assert opinion.score == opinion.distribution["good"]
    assert [opinion.evidence.get("in_window") for opinion in finding.opinions] == [
        False,
        False,
        True,
        True,
        None,
    ]


def test_denoise_fills_only_the_window_up_to_k() -> None:
    answer = rolled({None: "r", 4: "w"})
    _, asked = run(denoise(trace(*"abcdef", WRONG), few()), answer)
    assert [(request.about, request.n) for request in asked] == [
        (None, 8),
        *[(i, 2) for i in range(4)],
        *[(4, n) for n in (2, 2, 4)],
        (2, 6),
        (3, 6),
    ]


@given(
    st.lists(st.text("rw", min_size=8, max_size=8), min_size=1, max_size=6),
    st.text("rw", min_size=8, max_size=8),
)
def test_denoise_gives_the_labels_of_k_rollouts_everywhere(drawn: list[str], confidence: str) -> None:
    finding, _ = run(
        denoise(trace(*["step\n"] * len(drawn), WRONG), few(min_confidence=0.01)),
        rolled({None: confidence, **dict(enumerate(drawn))}),
    )
    pass_rate, shares = confidence.count("r") / 8, [letters.count("r") / 8 for letters in drawn]
    if pass_rate == 0 or 0 not in shares:
        assert finding.opinions == ()
        return
    zero = shares.index(0)
    expected = [1.0 if t < zero - 2 else min(1.0, shares[t] / pass_rate) for t in range(zero)]
    assert targets(finding) == pytest.approx(dict(enumerate([*expected, 0.0])), abs=1e-6)


def test_denoise_leaves_hard_questions_alone() -> None:
    finding, asked = run(denoise(trace("a\n", RIGHT), few()), rolled({None: "rrrrrwww"}))
    assert reasons(finding) == {
        None: "the question is solved too rarely from the start to trust its rollouts"
    }
    assert (finding.opinions, [request.about for request in asked]) == ((), [None])
    assert finding.silences[0].evidence == {"self_confidence": 0.625, "self_confidence_n": 8}


@pytest.mark.parametrize("letters", ["t", "rrrrrttt"])
def test_denoise_question_of_unknown_pass_rate_is_left_alone(letters: str) -> None:
    finding, _ = run(denoise(trace("a\n", RIGHT), few()), rolled({None: letters}))
    assert reasons(finding) == {None: "the pass rate of the question is unknown"}


def test_denoise_right_answer_is_good_throughout_without_rollouts() -> None:
    finding, asked = run(denoise(trace("a\n", "b\n", RIGHT), few()), rolled({}))
    assert [request.about for request in asked] == [None]
    assert targets(finding) == {0: 1.0, 1: 1.0, 2: 1.0}
    assert [opinion.evidence.get("via") for opinion in finding.opinions] == ["the trace itself"] * 2 + [None]
    assert finding.opinions[0].distribution == {"good": 1.0, "bad": 0.0}


def test_denoise_trace_without_a_lost_step_is_dropped_as_in_the_paper() -> None:
    finding, _ = run(denoise(trace("a\n", "b\n", WRONG), few()), rolled({}))
    assert (finding.opinions, finding.summary["outcome"]) == ((), "unplaced")
    assert reasons(finding) == {0: NO_ZERO, 1: NO_ZERO, 2: "the final answer is wrong"}


def test_denoise_may_take_the_last_step_for_the_error() -> None:
    answer = rolled({1: "rrrrwwww"})
    finding, _ = run(denoise(trace("a\n", "b\n", WRONG), few(is_wrong_answer_bad=True)), answer)
    assert targets(finding) == {0: 1.0, 1: 0.5, 2: 0.0}
    assert finding.opinions[-1].evidence["final_answer"] == "wrong"


def test_denoise_ungradable_answer_is_dropped() -> None:
    finding, asked = run(denoise(trace("a\n", "and so on"), few()), rolled({}))
    assert reasons(finding) == {None: "the final answer is ungradable"}
    assert [request.about for request in asked] == [None]


def test_denoise_lost_step_behind_an_unknown_one_labels_nothing() -> None:
    finding, _ = run(denoise(trace(*"abc", WRONG), few()), rolled({1: "t", 2: "w"}))
    assert finding.opinions == ()
    assert reasons(finding) == {0: AFTER_GAP, 1: UNCLEAR, 2: AFTER_GAP, 3: "after the first error"}


def test_denoise_window_step_of_mostly_unknown_rollouts_has_no_target() -> None:
    finding, _ = run(denoise(trace(*"abc", WRONG), few()), rolled({1: "rtttwwww", 2: "w"}))
    assert targets(finding) == {0: 1.0, 2: 0.0}
    assert reasons(finding)[1] == UNCLEAR


@pytest.mark.parametrize("window", [0, 1, 5])
def test_denoise_window_is_cut_at_the_start_of_the_trace(window: int) -> None:
    answer = rolled(dict.fromkeys(range(3), "rwwwwwww") | {3: "w"})
    finding, _ = run(denoise(trace(*"abcd", WRONG), few(window=window)), answer)
    assert [targets(finding)[i] < 1 for i in range(3)] == [3 - i <= window for i in range(3)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_confidence", 0.0), ("min_confidence", 1.1), ("window", -1), ("sc_samples", 0), ("k", 0)],
)
def test_denoise_settings_name_the_field_that_is_wrong(field: str, value: float) -> None:
    with pytest.raises(Rejected) as caught:
        few(**{field: value})
    assert caught.value.field == field
