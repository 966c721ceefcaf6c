from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("tokenizers", reason="local models are not installed")

from annotate.prelabel.contracts import Completion, Message, Request, Sampling
from tests.workers.backends.tiny import byte_tokenizer
from workers.backends.chat_prompt import ChatPrompt
from workers.backends.chat_request import seed_of
from workers.backends.vllm_calls import calls_for, read_calls

CHAT = ChatPrompt(byte_tokenizer())
TURNS = (Message("user", "Q"), Message("assistant", "so "))
BLANK = Completion("", "stop", model="vllm:m", revision="git:1", server="vllm 0")


@dataclass
class Logprob:
    """As in ``vllm.logprobs``."""

    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class Text:
    """As ``vllm.CompletionOutput``."""

    index: int
    text: str = ""
    token_ids: list[int] = field(default_factory=list)
    cumulative_logprob: float | None = None
    logprobs: list[dict[int, Logprob]] | None = None
    finish_reason: str | None = "stop"


@dataclass
class Output:
    """As ``vllm.RequestOutput``."""

    outputs: list[Text]
    prompt_logprobs: list[dict[int, Logprob] | None] | None = None


def test_every_sampling_field_is_named() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=5, max_tokens=33, stop=("\n\n",), seed=4)
    request = Request(TURNS, 4, sampling)
    (call,) = calls_for(request, range(4), CHAT)
    assert list(call.ids) == CHAT.ids(CHAT.text(TURNS))
    assert dict(call.params) == {
        "n": 4,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 5,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "repetition_penalty": 1.0,
        "max_tokens": 33,
        "min_tokens": 0,
        "stop": ["\n\n"],
        "seed": seed_of(request, 0),
        "logprobs": 0,
        "prompt_logprobs": None,
        "skip_special_tokens": True,
        "spaces_between_special_tokens": False,
    }


def test_neighbouring_samples_are_one_call_and_keep_their_seeds() -> None:
    request = Request(TURNS, 5)
    calls = calls_for(request, [2, 3, 7, 0], CHAT)
    assert [(call.first, call.params["n"]) for call in calls] == [(0, 1), (2, 2), (7, 1)]
    assert [call.params["seed"] for call in calls] == [seed_of(request, sample) for sample in (0, 2, 7)]
    outputs = [
        Output([Text(i, f"text {call.first + i}", [5, 6], -1.5) for i in range(call.params["n"])])
        for call in calls
    ]
    found = read_calls(request, [2, 3, 7, 0], calls, outputs, BLANK)
    assert [(c.sample, c.text, c.seed) for c in found] == [
        (sample, f"text {sample}", seed_of(request, sample)) for sample in (2, 3, 7, 0)
    ]
    assert [c.completion_tokens for c in found] == [2] * 4
    assert [c.prompt_tokens > 0 for c in found] == [True, False, False, False]
    assert sum(c.prompt_tokens for c in found) == 3 * len(calls[0].ids)
    assert {(c.model, c.revision, c.server, c.logprob) for c in found} == {
        ("vllm:m", "git:1", "vllm 0", -1.5)
    }


def test_greedy_samples_are_copies_of_one_that_is_paid_once() -> None:
    request = Request(TURNS, 3, Sampling(temperature=0.0))
    (call,) = calls_for(request, range(3), CHAT)
    assert (call.params["n"], call.params["seed"]) == (1, None)
    found = read_calls(request, range(3), [call], [Output([Text(0, "same", [1, 2, 3])])], BLANK)
    assert [(c.sample, c.text, c.completion_tokens) for c in found] == [
        (0, "same", 3),
        (1, "same", 0),
        (2, "same", 0),
    ]


@pytest.mark.parametrize(("told", "finish"), [("length", "length"), ("abort", "error"), (None, "error")])
def test_finish_reasons_keep_their_meaning(told: str | None, finish: str) -> None:
    request = Request(TURNS)
    calls = calls_for(request, [0], CHAT)
    (found,) = read_calls(request, [0], calls, [Output([Text(0, "t", [1], finish_reason=told)])], BLANK)
    assert found.finish_reason == finish
    assert bool(found.error) == (finish == "error")


def entries(ids: tuple[int, ...]) -> list[dict[int, Logprob] | None]:
    """Position ``i`` has log-probability -i, and 300 would always have been better by a half."""
    return [None, *({token: Logprob(-float(i)), 300: Logprob(0.5 - i)} for i, token in enumerate(ids[1:], 1))]


def test_score_reads_the_tokens_after_the_prompt() -> None:
    request = Request(TURNS, 0, score="é!")
    (call,) = calls_for(request, [0], CHAT)
    assert (call.params["prompt_logprobs"], call.params["max_tokens"]) == (1, 1)
    prompt = len(CHAT.ids(CHAT.text(TURNS)))
    (found,) = read_calls(request, [0], [call], [Output([Text(0, "x", [9])], entries(call.ids))], BLANK)
    assert [(t.start, t.end) for t in found.scores] == [(0, 1), (0, 1), (1, 2)]
    assert [t.logprob for t in found.scores] == [-prompt - i for i in range(3)]
    assert {t.best_logprob - t.logprob for t in found.scores} == {0.5}
    assert (found.text, found.logprob) == ("", sum(t.logprob for t in found.scores))
    assert (found.prompt_tokens, found.completion_tokens) == (prompt + 3, 1)


def test_choices_of_one_token_are_one_call_for_their_ids() -> None:
    request = Request(TURNS, 2, choices=("y", "n"))
    (call,) = calls_for(request, [0, 1], CHAT)
    named = call.params["logprob_token_ids"]
    assert (call.params["logprobs"], len(set(named))) == (2, 2)
    table = {named[0]: Logprob(-0.1), named[1]: Logprob(-3.0), 77: Logprob(-0.05)}
    found = read_calls(request, [0, 1], [call], [Output([Text(0, "?", [77], logprobs=[table])])], BLANK)
    assert [c.choices for c in found] == [{"y": -0.1, "n": -3.0}] * 2
    assert {(c.text, c.choice_source, c.finish_reason) for c in found} == {("", "tokens", "stop")}
    assert sum(c.completion_tokens for c in found) == 1


def test_longer_choices_are_scored_one_by_one() -> None:
    request = Request(TURNS, 1, choices=("yes", "n"))
    calls = calls_for(request, [0], CHAT)
    assert [(call.kind, call.choice) for call in calls] == [("choice", "yes"), ("choice", "n")]
    outputs = [Output([Text(0, "x", [9])], entries(call.ids)) for call in calls]
    (found,) = read_calls(request, [0], calls, outputs, BLANK)
    at = len(CHAT.ids(CHAT.text(TURNS)))
    assert found.choices == {"yes": -float(at + at + 1 + at + 2), "n": -float(at)}


def test_score_may_come_with_new_text() -> None:
    request = Request(TURNS, 2, score="ab")
    calls = calls_for(request, [0, 1], CHAT)
    outputs: list[Any] = [
        Output([Text(0, "x", [9])], entries(calls[0].ids)),
        Output([Text(0, "one", [1], -1.0), Text(1, "two", [1, 2], -2.0)]),
    ]
    first, second = read_calls(request, [0, 1], calls, outputs, BLANK)
    assert (first.text, second.text, first.logprob) == ("one", "two", -1.0)
    assert len(first.scores) == len(second.scores) == 2
    assert (first.completion_tokens, second.completion_tokens) == (2, 2)
