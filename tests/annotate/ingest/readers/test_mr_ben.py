from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import CandidateKind
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written
from tests.paths import data_file

SUBJECTS = ("biology", "chemistry", "coding", "math", "medicine", "physics")
CODE = "def f(x):\n    y = x + 1\n    return x\n"


def a_solution(error: str = "2", **fields: Any) -> dict[str, Any]:
    row = {
        "Question_UUID": "u1",
        "Subject": "college_sums",
        "Question": "What is 2 + 3?",
        "Options": "A: 5 \nB: 6 ",
        "Ground_Truth_Answer": "B",
        "Ground_Truth_Answer_Modified": "A",
        "Sampled_Model": "tiny",
        "Model_Solution_Steps": ["Step 1: Look.", "- two", "- three", "", "Step 2: It is 6.", "Solution: B"],
        "Model_Solution_Correctness": "incorrect" if error != "N/A" else "correct",
        "Model_Solution_First_Error_Step": error,
        "Model_Solution_Error_Reason": ["Adds wrongly.\n", "Not 6."],
        "Model_Solution_Rectified_First_Error_Step": ["Step 2: It is 5."],
    }
    return row | fields


def by_question(*solutions: dict[str, Any]) -> str:
    found: dict[str, list[Any]] = {}
    for one in solutions:
        found.setdefault(one["Question_UUID"], []).append(one)
    return json.dumps(found, indent=2)


def test_error_is_the_step_that_the_text_numbers_and_not_the_entry(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, by_question(a_solution())), "mr_ben")
    assert texts(draft) == ["Step 1: Look.\n- two\n- three\n\n", "Step 2: It is 6.\n", "Solution: B"]
    assert said(draft.labels) == [(0, "good"), (1, "bad")]
    assert (draft.external_id, draft.source_model, draft.outcome) == ("u1:tiny", "tiny", None)
    assert draft.problem.text == "What is 2 + 3?\n\nA: 5 \nB: 6"
    assert draft.problem.reference_answer == "A"


def test_reasons_are_critiques_and_corrections_alternatives(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_solution()), "mr_ben")
    assert [(one.position, one.kind, one.text) for one in draft.candidates] == [
        (1, CandidateKind.CRITIQUE, "Adds wrongly."),
        (1, CandidateKind.CRITIQUE, "Not 6."),
        (1, CandidateKind.ALTERNATIVE, "Step 2: It is 5."),
    ]


def test_right_solution_has_no_error(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_solution("N/A", Model_Solution_Error_Reason="N/A")), "mr_ben")
    assert [value for _, value in said(draft.labels)] == ["good"] * 3
    assert draft.candidates == ()


def test_entries_count_where_nothing_is_numbered(tmp_path: Path) -> None:
    draft = one_trace(
        written(tmp_path, a_solution(Model_Solution_Steps=["Look.", "It is 6.", "B"])), "mr_ben"
    )
    assert said(draft.labels) == [(0, "good"), (1, "bad")]


def test_quoted_line_of_code_is_found(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_solution("    return x", Model_Solution_Steps=CODE)), "mr_ben")
    assert said(draft.labels) == [(0, "good"), (1, "good"), (2, "bad")]
    assert "".join(texts(draft)) == CODE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error": "3"}, "names step 3, and no step of the text bears it"),
        ({"error": ""}, "names no step, and the solution is said to be incorrect"),
        ({"error": "N/A", "Model_Solution_Correctness": "incorrect"}, "names no step"),
        ({"Model_Solution_Correctness": "correct"}, "names a step"),
        ({"Model_Solution_Steps": ["Step 1: a", "Step 2: b", "Step 2: c"]}, "2 steps of the text bear it"),
        ({"Model_Solution_Steps": ["a"], "error": "2"}, "the steps are 1 to 1"),
        ({"Model_Solution_Steps": CODE, "error": "    pass"}, "is no line of the solution"),
        ({"Model_Solution_Steps": CODE * 2, "error": "    return x"}, "stands in the solution 2 times"),
    ],
)
def test_error_that_is_no_single_step_refuses_the_row(
    tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    _, why = bad(written(tmp_path, by_question(a_solution(**fields))))
    assert reason in why


def test_rows_are_named_by_the_line_they_start_on(tmp_path: Path) -> None:
    good, other = a_solution(), a_solution("9", Question_UUID="u2")
    text = by_question(good, other)
    _, rows = read(written(tmp_path, text))
    second = text[: text.index('"u2": [')].count("\n") + 2
    assert [(type(row), row.line) for row in rows] == [(Row, 3), (BadRow, second)]


def test_objects_that_end_too_early_are_told(tmp_path: Path) -> None:
    _, (first, second) = read(written(tmp_path, by_question(a_solution())[:-3]), "mr_ben")
    assert isinstance(first, Row)
    assert isinstance(second, BadRow)
    assert "the rest of the file was not read" in second.reason


def test_published_files_come_in_but_for_rows_without_a_place() -> None:
    rows = [row for subject in SUBJECTS for row in read(data_file(f"mr_ben/{subject}.json.gz"))[1]]
    found = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
    refused = [row for row in rows if isinstance(row, BadRow)]
    assert (len(rows), len(refused)) == (4_534, 28)
    assert {row.field for row in refused} == {"Model_Solution_First_Error_Step"}
    assert sum(all(label.value == "good" for label in draft.labels) for draft in found) == 1_798
