from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, said, texts, written


def turns(*steps: str, marks: str = "+-") -> list[dict[str, str]]:
    found = []
    for step, mark in zip(steps, marks, strict=False):
        found += [{"role": "user", "content": step}, {"role": "assistant", "content": mark}]
    return found


def a_row(*steps: str, **fields: Any) -> dict[str, Any]:
    return {"conversations": turns(*(steps or ("2 + 3? Step 1: Add.", "Step 2: 6.")))} | fields


def test_steps_take_turns_with_marks(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row()), "rlhflow")
    assert (draft.problem.text, texts(draft)) == ("2 + 3?", ["Step 1: Add.\n\n", "Step 2: 6."])
    assert said(draft.labels) == [(0, "good"), (1, "bad")]
    assert {label.criterion for label in draft.labels} == {"recoverable"}


def test_problem_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, a_row("2 + 3? We add.", "It is 6."))
    assert "cannot be told apart" in bad(path)[1]
    for draft in (
        one_trace(path, "rlhflow", ReadOptions(problem="2 + 3?")),
        one_trace(written(tmp_path, a_row("2 + 3? We add.", "It is 6.", problem="2 + 3?")), "rlhflow"),
    ):
        assert (draft.problem.text, texts(draft)) == ("2 + 3?", ["We add.\n\n", "It is 6."])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"conversations": turns("2 Step 1: a")[:1] + turns("b")}, "conversations[1].role"),
        ({"conversations": [*turns("2 Step 1: a"), {"role": "user", "content": "b"}]}, "conversations"),
        ({"conversations": turns("2 Step 1: a", marks="?")}, "conversations[1].content"),
        ({"conversations": turns("2 Step 1: a"), "problem": "3"}, "conversations[0].content"),
    ],
)
def test_what_takes_no_turns_is_refused(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, row), "rlhflow")[0] == field
