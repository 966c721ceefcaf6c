from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written

SYSTEM = {"role": "system", "content": "Reason."}
USER = {"role": "user", "content": " 2 + 3? "}


def a_row(answer: str = "Add.<extra_0>It is 6.<extra_0>", *labels: Any, **fields: Any) -> dict[str, Any]:
    messages = [SYSTEM, USER, {"role": "assistant", "content": answer}]
    return {"messages": messages, "labels": list(labels or (1, 0))} | fields


def test_marks_end_steps_and_each_has_a_label(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row(weights=[1.0, 0.5])), "qwen_prm")
    assert (draft.problem.text, texts(draft)) == (" 2 + 3? ", ["Add.\n\n", "It is 6."])
    assert (said(draft.labels), draft.labels[0].rater.kind) == ([(0, "good"), (1, "bad")], RaterKind.JUDGE)
    assert draft.meta == {"system": "Reason.", "weights": [1.0, 0.5]}
    options = ReadOptions(rater="key", rater_kind=RaterKind.GOLD)
    assert {one.rater.name for one in one_trace(written(tmp_path, a_row()), "qwen_prm", options).labels} == {
        "key"
    }


@pytest.mark.parametrize(
    ("answer", "steps"),
    [
        ("a<extra_0>\n\nb<extra_0>\n", ["a\n\n", "b\n"]),
        ("  a<extra_0>\tb <extra_0>", ["  a\n\n", "\tb "]),
        ("a <extra_0>\n  b<extra_0>", ["a \n", "  b"]),
    ],
)
def test_nothing_that_stands_around_a_mark_is_lost(tmp_path: Path, answer: str, steps: list[str]) -> None:
    assert texts(one_trace(written(tmp_path, a_row(answer)), "qwen_prm")) == steps


def test_null_is_no_label_and_a_system_is_not_needed(tmp_path: Path) -> None:
    row = a_row("a<extra_0>b<extra_0>", None, True)
    draft = one_trace(written(tmp_path, row | {"messages": row["messages"][1:]}), "qwen_prm")
    assert (said(draft.labels), draft.meta) == ([(1, "good")], {})


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (a_row("a<extra_0>b<extra_0>", 1), "labels"),
        (a_row("a<extra_0>b<extra_0>", 1, 2), "labels[1]"),
        (a_row("a<extra_0>b<extra_0>", 1, 0.5), "labels[1]"),
        (a_row("a<extra_0>b"), "messages[2].content"),
        (a_row("a<extra_0> \n<extra_0>"), "messages[2].content"),
        (a_row("a"), "messages[2].content"),
        (a_row(messages=[SYSTEM, USER, USER]), "messages"),
        (a_row(messages=[USER, USER, {"role": "assistant", "content": "a<extra_0>"}]), "messages"),
    ],
)
def test_what_does_not_align_is_refused(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, row), "qwen_prm")[0] == field


def test_a_conversation_without_labels_is_one(tmp_path: Path) -> None:
    row = a_row()
    del row["labels"]
    assert read(written(tmp_path, row))[0] == "openai_messages"
