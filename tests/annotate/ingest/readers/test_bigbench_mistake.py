from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import Outcome
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, written
from tests.paths import data_file

TASKS = (
    "dyck_languages",
    "logical_deduction",
    "multistep_arithmetic",
    "tracking_shuffled_objects",
    "word_sorting",
)


def a_row(**fields: Any) -> dict[str, Any]:
    row = {"input": "Sort b a", "steps": ["a, then b.", "So b a."], "answer": "b a", "target": "a b"}
    return row | {"mistake_index": 1} | fields


def test_first_mistake_counts_from_zero(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row()), "bigbench_mistake")
    assert said(draft.labels) == [(0, "good"), (1, "bad")]
    assert (draft.outcome, draft.problem.reference_answer) == (Outcome.WRONG, "a b")


def test_null_says_that_there_is_none_and_an_answer_that_is_missing_says_nothing(tmp_path: Path) -> None:
    right = one_trace(written(tmp_path, a_row(mistake_index=None, answer="a b ")), "bigbench_mistake")
    assert (said(right.labels), right.outcome) == ([(0, "good"), (1, "good")], Outcome.RIGHT)
    assert one_trace(written(tmp_path, a_row(answer=None)), "bigbench_mistake").outcome is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"mistake_index": 2}, "mistake_index"),
        ({"mistake_index": -1}, "mistake_index"),
        ({"steps": ["a", ""]}, "steps[1]"),
    ],
)
def test_what_names_no_step_is_refused(tmp_path: Path, fields: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, a_row(**fields)))[0] == field


def test_missing_index_is_not_taken_for_none(tmp_path: Path) -> None:
    row = a_row()
    del row["mistake_index"]
    assert bad(written(tmp_path, row), "bigbench_mistake") == ("mistake_index", "is missing")


def test_published_files_come_in_whole() -> None:
    rows = [row for task in TASKS for row in read(data_file(f"bigbench_mistake/{task}.jsonl.gz"))[1]]
    found = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
    (refused,) = (row for row in rows if isinstance(row, BadRow))
    assert (len(rows), refused.field, refused.reason) == (2_186, "steps[54]", "is empty")
    assert sum(any(label.value == "bad" for label in draft.labels) for draft in found) == 1_707
