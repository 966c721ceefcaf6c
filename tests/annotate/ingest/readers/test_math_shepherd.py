from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import Row, TraceDraft
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written
from tests.paths import data_file

QUESTION = "How much are 3 boxes of 4 apples, and 2 more?"


def a_row(marks: str = "+-", question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    lines = [f"Step {n + 1}: 3 * {n} = {3 * n}." for n in range(len(marks))]
    whole = {
        "input": f"{question} " + "\n".join(f"{line} ки" for line in lines),
        "label": f"{question} "
        + "\n".join(f"{line} {mark}" for line, mark in zip(lines, marks, strict=True)),
        "task": "GSM8K",
    }
    return whole | fields


def test_marks_are_a_rollouts_word_on_whether_a_step_can_be_recovered(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row("+--")), "math_shepherd")
    assert draft.problem.text == QUESTION
    assert texts(draft) == ["Step 1: 3 * 0 = 0.\n", "Step 2: 3 * 1 = 3.\n", "Step 3: 3 * 2 = 6."]
    assert said(draft.labels) == [(0, "good"), (1, "bad"), (2, "bad")]
    assert {(label.criterion, label.rater.kind) for label in draft.labels} == {
        ("recoverable", RaterKind.ROLLOUT)
    }
    assert draft.meta == {"task": "GSM8K"}


def test_whose_labels_and_what_they_answer_may_be_said(tmp_path: Path) -> None:
    options = ReadOptions(rater="mc-8", rater_kind=RaterKind.JUDGE, criterion="verdict")
    draft = one_trace(written(tmp_path, a_row()), "math_shepherd", options)
    assert {(one.rater.name, one.rater.kind, one.criterion) for one in draft.labels} == {
        ("mc-8", "judge", "verdict")
    }


def test_the_same_row_is_the_same_trace(tmp_path: Path) -> None:
    one, other = (one_trace(written(tmp_path, a_row(marks)), "math_shepherd") for marks in ("++", "--"))
    assert one.external_id == other.external_id


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (a_row(question="What is ки?"), "input", 'has "Step 1:" nowhere before the first ки'),
        (a_row(label="other"), "label", "differs from input in step 1"),
        (a_row() | {"label": a_row("+0")["label"]}, "label", "step 2, counted from 1, has no + or -"),
        (a_row(input="No steps. ки"), "input", "nowhere"),
        (a_row(input=a_row()["input"] + " and so on"), "input", "goes on after the last"),
        (a_row(label=a_row()["label"] + " and so on"), "label", "goes on after the last mark"),
        (a_row(question="Is Step 1: right?"), "input", "more than once"),
        ({"input": "Q Step 1: ки", "label": "Q Step 1: +"} | {"task": 3}, "task", "must be a string"),
    ],
)
def test_what_is_dirty_is_told_and_not_guessed(
    tmp_path: Path, row: dict[str, Any], field: str, reason: str
) -> None:
    found, why = bad(written(tmp_path, row), "math_shepherd")
    assert (found, reason in why) == (field, True), why


def test_published_rows_come_in_whole() -> None:
    name, rows = read(data_file("montecarlo_samples/samples_math-shepherd.jsonl"))
    found = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
    assert (name, len(rows), len(found)) == ("math_shepherd", 7, 7)
    assert [len(draft.steps) for draft in found] == [5, 3, 2, 5, 5, 2, 3]
    assert [label.value for draft in found for label in draft.labels].count("good") == 5
