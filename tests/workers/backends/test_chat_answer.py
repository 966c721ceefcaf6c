from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.contracts import Completion
from workers.backends.chat_answer import Prices, read_texts


def answer(texts: list[str], usage: dict[str, Any], ids: list[int] | None = None) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [
        {"index": i, "message": {"content": text}, "finish_reason": "stop"} for i, text in enumerate(texts)
    ]
    for choice, size in zip(choices, ids or (), strict=False):
        choice["token_ids"] = [7] * size
    return {"choices": choices[::-1], "usage": usage}


def blanks(n: int) -> list[Completion]:
    return [Completion("", "stop", sample) for sample in range(n)]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 200), st.integers(0, 200))
def test_tokens_add_up_to_the_servers_bill(given_texts: int, wanted: int, prompt: int, written: int) -> None:
    usage = {"prompt_tokens": prompt, "completion_tokens": written}
    found = read_texts(answer(["t"] * given_texts, usage), blanks(wanted), Prices(2.0, 8.0))
    assert len(found) == min(given_texts, wanted)
    assert sum(c.prompt_tokens for c in found) == found[0].prompt_tokens == prompt
    assert sum(c.completion_tokens for c in found) == written
    assert sum(c.cost or 0.0 for c in found) == pytest.approx((prompt * 2 + written * 8) / 1e6)


def test_texts_have_their_own_tokens_where_the_server_lists_them() -> None:
    listed = answer(["a", "b"], {"completion_tokens": 7}, ids=[2, 5])
    assert [c.completion_tokens for c in read_texts(listed, blanks(2), Prices())] == [2, 5]
    contradictory = answer(["a", "b"], {"completion_tokens": 9}, ids=[2, 5])
    assert [c.completion_tokens for c in read_texts(contradictory, blanks(2), Prices())] == [5, 4]


def test_servers_own_word_about_the_cost_comes_first_and_no_price_is_no_cost() -> None:
    told = answer(["a", "b"], {"prompt_tokens": 9, "completion_tokens": 9, "cost": 0.25})
    assert [c.cost for c in read_texts(told, blanks(2), Prices(1.0, 1.0))] == [0.25, 0.0]
    untold = answer(["a", "b"], {"prompt_tokens": 9})
    assert [c.cost for c in read_texts(untold, blanks(2), Prices())] == [None, None]


def test_refusals_and_unknown_endings_are_not_answers() -> None:
    told = answer(["a", "b"], {})
    told["choices"][0]["message"]["refusal"] = "I would rather not"
    told["choices"][1]["finish_reason"] = "tool_calls"
    first, second = read_texts(told, blanks(2), Prices())
    assert (first.finish_reason, second.finish_reason) == ("error", "refused")
    assert "tool_calls" in first.error


def test_answer_wrapped_in_an_object_is_unwrapped_and_anything_else_left_alone() -> None:
    told = answer(['{"answer": "good"}', "good", '["good"]'], {})
    found = read_texts(told, blanks(3), Prices(), is_wrapped=True)
    assert [completion.text for completion in found] == ["good", "good", '["good"]']
