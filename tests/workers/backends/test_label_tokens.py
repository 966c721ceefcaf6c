from __future__ import annotations

from typing import Any

import pytest

from workers.backends.label_tokens import read_labels, single_token


@pytest.mark.parametrize(
    ("before", "after", "alone", "token"),
    [
        ([1, 2], [1, 2, 9], [9], 9),
        ([1, 2], [1, 2, 9], [5, 6], 9),
        ([1, 2], [1, 2, 9, 8], [9, 8], None),
        ([1, 2], [1, 7, 9, 3], [9], 9),
        ([1, 2], [1, 7, 9, 3], [9, 8], None),
        ([1, 2], [1, 7], [], None),
        ([1, 2], [1, 2], [9], None),
    ],
)
def test_label_is_one_token_in_its_place(
    before: list[int], after: list[int], alone: list[int], token: int | None
) -> None:
    assert single_token(before, after, alone) == token


def answer(*listed: tuple[str, float]) -> dict[str, Any]:
    top = [{"token": token, "logprob": value} for token, value in listed]
    return {"choices": [{"index": 0, "logprobs": {"content": [{"top_logprobs": top}]}}]}


def test_labels_are_read_by_their_ids_else_by_their_text_and_never_invented() -> None:
    numbered = answer(("token_id:4", -0.1), ("token_id:5", -2.0), ("token_id:6", -3.0))
    assert read_labels(numbered, ("y", "n"), {"y": 4, "n": 6}) == {"y": -0.1, "n": -3.0}
    spelled = answer(("y", -0.1), (" n", -2.0))
    assert read_labels(spelled, ("y", "n"), {}) == {"y": -0.1}
    for empty in ({}, {"choices": []}, {"choices": [{"index": 0, "logprobs": None}]}):
        assert read_labels(empty, ("y", "n"), {}) == {}
