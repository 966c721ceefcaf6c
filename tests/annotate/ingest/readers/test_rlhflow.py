from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.known_problems import KnownProblems
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written


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
        *(
            one_trace(written(tmp_path, a_row("2 + 3? We add.", "It is 6.", **{name: "2 + 3?"})), "rlhflow")
            for name in ("problem", "prompt", "question")
        ),
    ):
        assert (draft.problem.text, texts(draft)) == ("2 + 3?", ["We add.\n\n", "It is 6."])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"conversations": turns("2 Step 1: a")[:1] + turns("b")}, "conversations[1].role"),
        ({"conversations": [*turns("2 Step 1: a"), {"role": "user", "content": "b"}]}, "conversations"),
        ({"conversations": turns("2 Step 1: a", marks="?")}, "conversations[1].content"),
        ({"conversations": turns("2 Step 1: a"), "problem": "3"}, "conversations[0].content"),
        ({"conversations": turns("2 Step 1: a"), "prompt": "2", "question": "3"}, "prompt"),
    ],
)
def test_what_takes_no_turns_is_refused(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, row), "rlhflow")[0] == field


def test_problem_may_be_one_of_a_list(tmp_path: Path) -> None:
    """As in the data of DeepSeek's solutions, whose first turn is prompt, space and first step."""
    known = KnownProblems(["Ann has 2 apples. ", "Ann has 2 apples. Ben has 3.", "x", "What?"])
    rows = [
        a_row("Ann has 2 apples. Ben has 3. Together they have 5.", "It is 5."),
        a_row("Ann has 2 apples. Ben eats one.", "It is 1."),
        a_row("x is known.", "It is 1."),
        a_row("Ann has 2 pears. So 2.", "It is 2."),
        a_row("What?", "It is 2."),
    ]
    _, found = read(written(tmp_path, *rows), "rlhflow", ReadOptions(problems=known))
    told = []
    for row in found[:3]:
        assert isinstance(row, Row)
        assert isinstance(row.draft, TraceDraft)
        told.append((row.draft.problem.text, texts(row.draft)[0]))
    assert told == [
        ("Ann has 2 apples. Ben has 3.", "Together they have 5.\n\n"),
        ("Ann has 2 apples.", "Ben eats one.\n\n"),
        ("x", "is known.\n\n"),
    ]
    for row in found[3:]:
        assert isinstance(row, BadRow)
        assert (row.field, row.reason) == (
            "conversations[0].content",
            "begins with none of the 4 problems that were said",
        )
