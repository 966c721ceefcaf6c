from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Finding, Request, StepTask, TraceTask
from annotate.prelabel.rollout.adaptive import AdaptiveSettings, adaptive
from tests.annotate.prelabel.answering import Answerer, reasons, run, said, trace, values
from tests.benchmarks.signals.contenders import contenders
from tests.benchmarks.signals.scripted import grade_scripted, scripted_traces

RIGHT, WRONG = "Answer: 42", "Answer: 41"


def steps(n: int, last: str = WRONG, **changes: Any) -> TraceTask:
    task = trace(*[f"step {i}\n" for i in range(n - 1)], last)
    return dataclasses.replace(task, **changes)


def lost_from(error: int, tokens: int = 0) -> Answerer:
    """Rollouts succeed before the error and never after it."""

    def answer(request: Request, sample: int) -> Completion:
        is_sound = request.about is None or request.about < error
        return Completion(RIGHT if is_sound else WRONG, "stop", sample, completion_tokens=tokens)

    return answer


def generous(**values_: Any) -> AdaptiveSettings:
    return AdaptiveSettings(**{"max_per_step": 16.0, "max_rollouts": 200, **values_})


@pytest.mark.parametrize("n", range(1, 11))
def test_adaptive_finds_the_first_error_wherever_it_is(n: int) -> None:
    for error in range(n):
        finding, asked = run(adaptive(steps(n), generous()), lost_from(error))
        assert (finding.summary["location"], finding.summary["first_error"]) == (error, error)
        assert finding.summary["outcome"] == "located"
        assert values(finding) == {i: "bad" if i == error else "good" for i in range(error + 1)}
        assert set(reasons(finding)) == set(range(error + 1, n))
        assert all(request.about != n - 1 for request in asked), "the last step is graded, not rolled out"


def test_adaptive_needs_no_rollout_for_a_right_answer() -> None:
    finding, asked = run(adaptive(steps(4, RIGHT), generous()), lost_from(0))
    assert asked == []
    assert values(finding) == dict.fromkeys(range(4), "good")
    assert {o.evidence["via"] for o in finding.opinions} == {"the trace itself reaches the answer"}
    assert all("hits" not in opinion.evidence for opinion in finding.opinions), "nothing was counted"
    assert finding.summary["outcome"] == "no error"
    assert finding.summary["location"] is None


def test_adaptive_leaps_through_a_long_trace() -> None:
    _, asked = run(adaptive(steps(48), generous()), lost_from(20))
    assert sum(request.n for request in asked) < 30, (
        "scan would need at least 2 rollouts for each of 20 steps"
    )


def test_adaptive_starts_where_the_judge_pointed() -> None:
    _, asked = run(adaptive(steps(24, first_error_hint=15), generous()), lost_from(15))
    near = sum(request.n for request in asked if request.about in {13, 14, 15, 16})
    assert near > sum(request.n for request in asked) / 2
    assert {14, 15} <= {request.about for request in asked}, (
        "just before it, where all is well, and just after"
    )
    _, unguided = run(adaptive(steps(24), generous()), lost_from(15))
    assert sum(r.n for r in asked) < sum(r.n for r in unguided)


def test_adaptive_overrules_a_judge_that_was_wrong() -> None:
    finding, _ = run(adaptive(steps(12, first_error_hint=9), generous()), lost_from(2))
    assert finding.summary["location"] == 2


def test_adaptive_judge_without_error_says_nothing_of_a_wrong_answer() -> None:
    missed = run(adaptive(steps(8, first_error_hint=-1), generous()), lost_from(3))
    unguided = run(adaptive(steps(8), generous()), lost_from(3))
    assert missed == unguided


def test_adaptive_hint_at_an_observation_means_the_step_it_answers_to() -> None:
    kinds = ["action", "observation", "action", "observation", "thought", "answer"]
    texts = ["a\n", "b\n", "c\n", "d\n", "e\n", WRONG]
    task = dataclasses.replace(
        trace("x", WRONG),
        steps=tuple(StepTask(i, text, kind) for i, (text, kind) in enumerate(zip(texts, kinds, strict=True))),
        first_error_hint=2,
    )
    finding, asked = run(adaptive(task, generous()), lost_from(2))
    assert finding.summary["location"] == 2
    assert {request.about for request in asked} <= {0, 2, 4}, (
        "no rollout starts between a call and its result"
    )
    assert set(values(finding)) | set(reasons(finding)) == {0, 2, 4, 5}, "observations are not judged"


def test_adaptive_stops_at_its_budget_and_says_how_sure_it_is() -> None:
    finding, asked = run(adaptive(steps(20), AdaptiveSettings(max_rollouts=4)), lost_from(9))
    assert sum(request.n for request in asked) == 4
    assert finding.summary["outcome"] == "unplaced"
    assert finding.summary["first_error"] is None
    probability = finding.summary["location_probability"]
    assert probability < 0.9
    place = finding.summary["location"]
    assert reasons(finding)[place] == f"located with probability {probability:.2f} at step {place}"
    assert "bad" not in values(finding).values()
    for opinion in finding.opinions:
        assert opinion.distribution is not None
        assert opinion.distribution["good"] >= 0.9
    assert all("p_sound" in silence.evidence for silence in finding.silences), (
        "the distribution is still reported"
    )


def test_adaptive_budget_grows_with_the_trace() -> None:
    coin = random.Random(3)
    answer: Answerer = lambda request, sample: said(RIGHT if coin.random() < 0.4 else WRONG)  # noqa: E731
    settings = AdaptiveSettings(confidence=0.999)
    for n in (4, 8):
        finding, _ = run(adaptive(steps(n), settings), answer)
        assert finding.summary["rollouts"] == 2.5 * n


def test_adaptive_token_budget_leaves_out_the_bare_problem() -> None:
    settings = generous(max_tokens_per_trace=100, sc_samples=8, wave=1)
    finding, _ = run(adaptive(steps(30), settings), lost_from(11, tokens=40))
    assert finding.summary["tokens"] == 8 * 40 + 3 * 40, "the third rollout crosses the line"
    assert finding.summary["self_confidence"] == 1.0


def test_adaptive_caps_rollouts_per_prefix() -> None:
    coin = random.Random(5)
    answer: Answerer = lambda request, sample: said(RIGHT if coin.random() < 0.5 else WRONG)  # noqa: E731
    _, asked = run(adaptive(steps(3), generous(k=4, confidence=0.999)), answer)
    drawn = Counter(dict.fromkeys((0, 1), 0))
    for request in asked:
        drawn[request.about or 0] += request.n
    assert drawn == {0: 4, 1: 4}


def test_adaptive_prefers_the_cheaper_of_two_prefixes_that_tell_alike() -> None:
    """A long step after the middle makes everything before it dear."""
    texts = [f"step {i}\n" for i in range(9)]
    dear = trace(*texts[:6], "x" * 5000 + "\n", *texts[6:], WRONG)
    _, asked = run(adaptive(dear, generous(wave=1)), lost_from(4))
    assert (asked[0].about or 0) >= 6


def test_adaptive_truncated_rollouts_move_nothing() -> None:
    answer: Answerer = lambda request, sample: said(WRONG, "length")  # noqa: E731
    finding, asked = run(adaptive(steps(5), generous()), answer)
    assert finding.summary["posterior"] == pytest.approx([0.2] * 5)
    assert finding.opinions == ()
    assert max(Counter(r.about for r in asked for _ in range(r.n)).values()) < 8, "it is given up"


def test_adaptive_failing_backend_gives_silence_with_its_words() -> None:
    answer: Answerer = lambda request, sample: Completion("", "error", error="no route")  # noqa: E731
    finding, _ = run(adaptive(steps(4), generous()), answer)
    assert finding.opinions == ()
    assert any(silence.evidence.get("errors") == ["no route"] for silence in finding.silences)


def test_adaptive_ungraded_answer_leaves_the_last_step_alone() -> None:
    finding, _ = run(adaptive(steps(5, "and so on"), generous()), lost_from(5))
    assert reasons(finding) == {4: "the final answer is ungradable"}
    assert set(values(finding).values()) == {"good"}
    assert (finding.summary["location"], finding.summary["outcome"]) == (None, "unknown")
    finding, _ = run(adaptive(steps(5, "and so on"), generous()), lost_from(2))
    assert values(finding) == {0: "good", 1: "good", 2: "bad"}


def test_adaptive_wrong_answer_without_lost_prefix_is_a_choice() -> None:
    finding, _ = run(adaptive(steps(4), generous(is_wrong_answer_bad=False)), lost_from(3))
    assert values(finding) == dict.fromkeys(range(3), "good")
    assert reasons(finding) == {3: "the final answer is wrong"}


def test_adaptive_states_probabilities_that_fall_along_the_trace() -> None:
    finding, _ = run(adaptive(steps(8), generous(label_confidence=0.6)), lost_from(4))
    sound = [opinion.evidence["p_sound"] for opinion in finding.opinions]
    assert sound == sorted(sound, reverse=True)
    assert sum(finding.summary["posterior"]) == pytest.approx(1.0, abs=1e-4)
    for opinion in finding.opinions:
        assert opinion.distribution is not None
        assert sum(opinion.distribution.values()) == pytest.approx(1.0)


def test_adaptive_speaks_in_positions_and_levels_of_the_run() -> None:
    task = TraceTask("p", (StepTask(4, "a\n"), StepTask(7, "b\n"), StepTask(9, WRONG)), "42")
    finding, _ = run(adaptive(task, generous(good="recoverable", bad="lost")), lost_from(7))
    assert values(finding) == {4: "recoverable", 7: "lost"}
    assert finding.summary["location"] == 7


def test_adaptive_replays_to_the_same_finding() -> None:
    def answer(request: Request, sample: int) -> Completion:
        lucky = random.Random(f"{request.digest}-{sample}").random()
        return said(RIGHT if lucky < 0.6 and (request.about or 0) < 6 else WRONG)

    def once() -> tuple[Finding, list[Request]]:
        return run(adaptive(steps(14, first_error_hint=5), generous()), answer)

    assert once() == once()


def test_adaptive_is_not_led_astray_by_one_repaired_error() -> None:
    """From the error on one rollout in eight succeeds: any success would place the error too late."""

    def answer(request: Request, sample: int) -> Completion:
        is_sound = request.about is None or request.about < 3
        return said(RIGHT if is_sound or sample % 8 == 1 else WRONG)

    finding, _ = run(adaptive(steps(8), generous()), answer)
    assert finding.summary["location"] == 3


@pytest.mark.parametrize(
    ("reference", "reason"), [(None, "no reference answer"), ("@@", "the reference answer cannot be graded")]
)
def test_adaptive_without_usable_reference_asks_nothing(reference: str | None, reason: str) -> None:
    finding, asked = run(adaptive(trace("a\n", WRONG, reference=reference), generous()), lost_from(0))
    assert (asked, finding.opinions, reasons(finding)) == ([], (), {None: reason})


@pytest.mark.parametrize(
    ("field", "values_"),
    [
        ("confidence", {"confidence": 1.0}),
        ("label_confidence", {"label_confidence": 0.49}),
        ("max_rollouts", {"max_rollouts": 0}),
        ("max_per_step", {"max_per_step": 0.0}),
        ("max_tokens_per_trace", {"max_tokens_per_trace": -1}),
        ("wave", {"wave": 0}),
        ("hint_trust", {"hint_trust": 1.0}),
        ("k", {"k": 0}),
    ],
)
def test_adaptive_settings_name_the_field_that_is_wrong(field: str, values_: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        AdaptiveSettings(**values_)
    assert caught.value.field == field


def test_adaptive_places_more_errors_than_eight_everywhere_for_a_third_of_the_tokens() -> None:
    """On a small share of the traces that the published figure is drawn from, at its shortest and hardest length."""
    traces = list(scripted_traces("strong", 6, 80, seed=2))
    tokens: dict[str, int] = {}
    exact: dict[str, int] = {}
    for contender in contenders():
        if contender.name in ("fixed, k = 8", "adaptive, 0.95 (default)"):
            played = [contender.play(each.task, each.answer, grade_scripted, None) for each in traces]
            tokens[contender.family] = sum(each.tokens for each in played)
            exact[contender.family] = sum(
                each.place == trace.first_error for each, trace in zip(played, traces, strict=True)
            )
    assert tokens["adaptive"] <= 0.35 * tokens["fixed"]
    assert exact["adaptive"] > exact["fixed"]


def test_adaptive_evidence_can_be_stored_as_json() -> None:
    finding, _ = run(adaptive(steps(6), generous(sc_samples=4)), lost_from(3))
    held = [finding.summary, *(opinion.evidence for opinion in finding.opinions)]
    assert json.loads(json.dumps(held)) == held
