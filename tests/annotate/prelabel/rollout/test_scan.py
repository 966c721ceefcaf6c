from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.continuations.rollouts import wave_sizes
from annotate.prelabel.contracts import Completion, FinishReason, Request, StepTask, TraceTask
from annotate.prelabel.grading.final_answers import Outcome
from annotate.prelabel.rollout.scan import ScanSettings, scan
from tests.annotate.prelabel.answering import Answerer, reasons, run, said, trace, values

RIGHT, WRONG = "Answer: 42", "Answer: 41"


def lone(**values: Any) -> ScanSettings:
    """Settings without attempts at the bare problem, which the shared part's own tests draw."""
    return ScanSettings(**{"sc_samples": 0, **values})


def answered(right_from: dict[int, int | None]) -> Answerer:
    """Per step position, the sample number from which on rollouts succeed (None: never)."""

    def answer(request: Request, sample: int) -> Completion:
        start = right_from.get(request.about or 0, 0)
        return said(RIGHT if start is not None and sample >= start else WRONG)

    return answer


@pytest.mark.parametrize("steps", range(1, 8))
def test_scan_finds_the_first_error_wherever_it_is(steps: int) -> None:
    for error in [None, *range(steps)]:
        texts = [f"step {i}\n" for i in range(steps - 1)] + [WRONG if error is not None else RIGHT]
        recovers = {i: 0 if error is None or i < error else None for i in range(steps)}
        finding, asked = run(scan(trace(*texts), lone()), answered(recovers))
        assert finding.summary["first_error"] == error
        expected = {i: "bad" if i == error else "good" for i in range(steps) if error is None or i <= error}
        assert values(finding) == expected
        assert set(reasons(finding)) == set(range(steps)) - set(expected)
        assert set(reasons(finding).values()) <= {"after the first error"}
        assert all(request.about != steps - 1 for request in asked), "the last step is graded, not rolled out"


def test_scan_prompts_with_the_prefix_byte_for_byte() -> None:
    texts = ("  first\n\n", "\tsecond \r\n", "third\u00a0\n", RIGHT)
    settings = lone(instruction="State the answer.", system="Be brief.")
    _, asked = run(scan(trace(*texts), settings), answered({}))
    assert [request.messages[-1].content for request in asked] == ["".join(texts[:t]) for t in (1, 2, 3)]
    assert [m.role for m in asked[0].messages] == ["system", "user", "assistant"]
    assert asked[0].messages[1].content == "Ann has 3 apples.\n\nState the answer."


def test_scan_stops_at_the_first_success_and_counts_by_the_kernel() -> None:
    finding, asked = run(scan(trace("a\n", RIGHT), lone()), answered({0: 3}))
    assert [request.n for request in asked] == [2, 2]
    evidence = finding.opinions[0].evidence
    assert (evidence["hits"], evidence["misses"], evidence["tried"]) == (1, 3, 4)
    assert finding.opinions[0].score == pytest.approx((1 + 1) / (2 + 4))


def test_scan_asks_the_same_question_in_every_wave() -> None:
    _, asked = run(scan(trace("a\n", RIGHT), lone(k=8)), answered({0: None}))
    assert [request.n for request in asked] == [2, 2, 4]
    assert len({request.digest for request in asked}) == 1


@pytest.mark.parametrize(("first", "cap"), list(itertools.product([1, 2, 3, 8], [8, 16, 19])))
def test_wave_sizes_end_exactly_at_the_cap(first: int, cap: int) -> None:
    assert sum(wave_sizes(first, cap)) == cap
    assert sum(wave_sizes(first, cap, done=5)) == cap - 5


def test_scan_expected_rollouts_match_the_closed_form_for_single_draws() -> None:
    p, k, generator, spent = 0.3, 8, random.Random(1), 0
    for _ in range(2000):
        settings = lone(k=k, first_wave=1)
        draws = [generator.random() < p for _ in range(k)]
        answer = lambda request, sample, draws=draws: said(RIGHT if draws[sample] else WRONG)  # noqa: E731
        finding, _ = run(scan(trace("a\n", RIGHT), settings, grade=_grade_by_text), answer)
        spent += finding.summary["rollouts"]
    # Waves of 1, 1, 2, 4: the second half of a wave is drawn although the first half may have succeeded.
    q = 1 - p
    expected = 1 + q * 1 + q**2 * 2 + q**4 * 4
    assert spent / 2000 == pytest.approx(expected, rel=0.05)


def test_scan_truncated_rollouts_are_unknown_not_wrong() -> None:
    answer = lambda request, sample: said(WRONG, "length") if sample < 3 else said(WRONG)  # noqa: E731
    finding, _ = run(scan(trace("a\n", RIGHT), lone()), answer)
    assert reasons(finding)[0] == "too many rollouts without an outcome"
    assert finding.silences[0].evidence["truncated"] == 3
    answer = lambda request, sample: said(WRONG, "length") if sample < 2 else said(WRONG)  # noqa: E731
    finding, _ = run(scan(trace("a\n", RIGHT), lone()), answer)
    assert values(finding) == {0: "bad"}, "a quarter unknown is still tolerated"


def test_scan_failing_backend_gives_silence_with_its_words() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return Completion("", "error", error="the server is on fire")

    finding, _ = run(scan(trace("a\n", "b\n", WRONG), lone()), answer)
    assert values(finding) == {}
    assert finding.silences[0].evidence["errors"] == ["the server is on fire"]
    assert finding.summary["outcome"] == "unplaced"


def test_scan_zero_after_an_unknown_step_is_not_placed() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return said(WRONG, "length") if request.about == 1 else said(RIGHT if request.about == 0 else WRONG)

    finding, _ = run(scan(trace("a\n", "b\n", "c\n", "d\n", WRONG), lone()), answer)
    assert values(finding) == {0: "good"}
    assert finding.summary == {"outcome": "unplaced", "first_error": None, "rollouts": 2 + 8 + 8, "tokens": 0}
    assert reasons(finding)[3] == reasons(finding)[4] == "after the first error"


def test_scan_success_after_an_unknown_step_closes_the_gap() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return said(WRONG, "length") if request.about == 0 else said(RIGHT if request.about == 1 else WRONG)

    finding, _ = run(scan(trace("a\n", "b\n", "c\n", WRONG), lone()), answer)
    assert values(finding) == {1: "good", 2: "bad"}
    assert finding.summary["first_error"] == 2


@pytest.mark.parametrize(
    ("reference", "reason"), [(None, "no reference answer"), ("@@", "the reference answer cannot be graded")]
)
def test_scan_without_usable_reference_asks_nothing(reference: str | None, reason: str) -> None:
    finding, asked = run(scan(trace("a\n", RIGHT, reference=reference), lone()), answered({}))
    assert (asked, finding.opinions, reasons(finding)) == ([], (), {None: reason})


def test_scan_last_step_that_states_no_answer_stays_unlabelled() -> None:
    finding, _ = run(scan(trace("a\n", "and so on"), lone()), answered({}))
    assert values(finding) == {0: "good"}
    assert reasons(finding) == {1: "the final answer is ungradable"}


def test_scan_wrong_answer_without_earlier_zero_is_a_choice() -> None:
    task = trace("a\n", WRONG)
    finding, _ = run(scan(task, lone(is_wrong_answer_bad=False)), answered({}))
    assert values(finding) == {0: "good"}
    assert reasons(finding) == {1: "the final answer is wrong"}


def test_scan_confirm_spends_more_only_on_the_step_it_would_call_bad() -> None:
    settings = lone(confirm=True)
    finding, asked = run(scan(trace("a\n", "b\n", RIGHT), settings), answered({0: 0, 1: 12}))
    assert values(finding) == {0: "good", 1: "good", 2: "good"}
    assert [(request.about, request.n) for request in asked] == [(0, 2), (1, 2), (1, 2), (1, 4), (1, 8)]


def test_scan_threshold_above_zero_waits_until_the_label_is_certain() -> None:
    settings = lone(k=8, tau=0.25)
    finding, asked = run(scan(trace("a\n", RIGHT), settings), answered({0: 4}))
    assert values(finding)[0] == "good"
    assert sum(request.n for request in asked) == 8
    finding, _ = run(scan(trace("a\n", RIGHT), settings), answered({0: 6}))
    assert values(finding)[0] == "bad", "two of eight are not more than a quarter"


def test_scan_speaks_in_positions_and_levels_of_the_run() -> None:
    task = TraceTask("p", (StepTask(4, "a\n"), StepTask(7, WRONG)), "42")
    settings = lone(good="recoverable", bad="lost")
    finding, _ = run(scan(task, settings), answered({4: 0}))
    assert values(finding) == {4: "recoverable", 7: "lost"}


@pytest.mark.parametrize(
    ("field", "values_"),
    [
        ("k", {"k": 0}),
        ("first_wave", {"first_wave": 9}),
        ("tau", {"tau": 1.0}),
        ("k_confirm", {"k_confirm": 4}),
        ("temperature", {"temperature": 0.0}),
        ("bad", {"bad": "good"}),
    ],
)
def test_scan_settings_name_the_field_that_is_wrong(field: str, values_: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        lone(**values_)  # type: ignore[arg-type]
    assert caught.value.field == field


def _grade_by_text(text: str, reference: str, finish_reason: FinishReason) -> Outcome:
    return "right" if reference in text else "wrong"
