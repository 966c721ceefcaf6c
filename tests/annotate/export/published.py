"""The published schemas of other people's formats, as far as a row can be held against them.

Written from the formats' own descriptions (named at each), not from our writers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]


def check_trl_stepwise(row: Mapping[str, Any]) -> None:
    """TRL's dataset formats, stepwise supervision: two lists of one length."""
    assert isinstance(row["prompt"], str)
    assert all(isinstance(text, str) for text in row["completions"])
    assert all(isinstance(label, bool) for label in row["labels"])
    assert len(row["completions"]) == len(row["labels"]) > 0


def check_math_shepherd(row: Mapping[str, Any]) -> list[bool]:
    """The card of peiyi9979/Math-Shepherd: tag by tag, the two texts are one. The labels."""
    assert set(row) == {"input", "label", "task"}
    pieces = row["input"].split("ки")
    assert pieces.pop() == ""
    rest, labels = row["label"], []
    for piece in pieces:
        assert rest.startswith(piece)
        sign, rest = rest[len(piece)], rest[len(piece) + 1 :]
        assert sign in "+-"
        labels.append(sign == "+")
    assert rest == ""
    return labels


def check_rlhflow(row: Mapping[str, Any]) -> list[bool]:
    """RLHFlow's math-rm: turns of the user, each answered by a sign. The labels."""
    turns = row["conversations"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
    signs = [turn["content"] for turn in turns[1::2]]
    assert set(signs) <= {"+", "-"}
    return [sign == "+" for sign in signs]


def check_qwen_prm(row: Mapping[str, Any]) -> list[str]:
    """The card of Qwen2.5-Math-PRM: a mark ends every step, one label each. The steps."""
    system, user, assistant = row["messages"]
    assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
    assert "boxed" in system["content"]
    assert "<extra_0>" not in user["content"]
    *steps, after = assistant["content"].split("<extra_0>")
    assert after == ""
    assert len(steps) == len(row["labels"])
    assert set(row["labels"]) <= {0, 1}
    # A user of the model cuts at blank lines: every step must be one then.
    assert not any("\n\n" in step for step in steps)
    return steps


def check_processbench(row: Mapping[str, Any]) -> None:
    """QwenLM/ProcessBench."""
    assert set(row) == {"id", "generator", "problem", "steps", "final_answer_correct", "label"}
    assert isinstance(row["final_answer_correct"], bool)
    assert -1 <= row["label"] < len(row["steps"])


def check_prm800k(row: Mapping[str, Any]) -> None:
    """The README of openai/prm800k."""
    assert {"labeler", "timestamp", "generation"} <= set(row)
    assert {"is_quality_control_question", "is_initial_screening_question"} <= set(row)
    assert {"problem", "ground_truth_solution", "ground_truth_answer"} <= set(row["question"])
    assert set(row["label"]) == {"steps", "total_time", "finish_reason"}
    assert row["label"]["finish_reason"] in ("found_error", "solution", "bad_problem", "give_up", None)
    for turn in row["label"]["steps"]:
        assert set(turn) == {"completions", "human_completion", "chosen_completion"}
        for proposal in turn["completions"]:
            assert set(proposal) >= {"text", "rating", "flagged"}
            assert proposal["rating"] in (-1, 0, 1, None)
        if turn["chosen_completion"] is not None:
            assert 0 <= turn["chosen_completion"] < len(turn["completions"])
