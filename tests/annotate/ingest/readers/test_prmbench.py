from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written
from tests.paths import DATA_DIR, data_file

CLASSES = (
    *("circular", "confidence", "counterfactual", "deception", "domain_inconsistency"),
    *("missing_condition", "redundency", "step_contradiction"),
)


def a_row(*errors: Any, **fields: Any) -> dict[str, Any]:
    return {
        "original_question": "What is 2 + 3?",
        "modified_question": "What is 2 + 3, then?",
        "original_process": ["1. Add.", "2. 5."],
        "modified_process": ["1. Add.", "2. It is 6.", "3. So 6."],
        "modified_steps": [2],
        "error_steps": list(errors),
        "reason": "Step 2 adds wrongly.",
        "idx": "p_7",
        "question": "What is 2 + 3?",
        "classification": "confidence",
    } | fields


def test_error_steps_count_from_one_and_every_step_is_labelled(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row(2)), "prmbench")
    assert said(draft.labels) == [(0, "good"), (1, "bad"), (2, "good")]
    assert {label.rater.kind for label in draft.labels} == {RaterKind.GOLD}
    assert texts(draft) == ["1. Add.\n", "2. It is 6.\n", "3. So 6."]
    assert (draft.external_id, draft.problem.text) == ("confidence-p_7", "What is 2 + 3, then?")
    assert draft.meta["prmbench"]["original_process"] == ["1. Add.", "2. 5."]


def test_redundant_steps_are_neutral(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row(3, classification="redundency")), "prmbench")
    assert said(draft.labels) == [(0, "good"), (1, "good"), (2, "neutral")]


def test_class_within_the_id_is_not_said_twice(tmp_path: Path) -> None:
    assert (
        one_trace(written(tmp_path, a_row(idx="confidence_p_7")), "prmbench").external_id == "confidence_p_7"
    )


@pytest.mark.parametrize(
    ("errors", "field", "reason"),
    [
        ((4,), "error_steps[0]", "names step 4; the steps are 1 to 3"),
        ((2, 0), "error_steps[1]", "names step 0"),
        (("2",), "error_steps[0]", "must be a whole number, not a string"),
        ((True,), "error_steps[0]", "must be a whole number"),
    ],
)
def test_step_that_does_not_exist_refuses_the_row(
    tmp_path: Path, errors: tuple[Any, ...], field: str, reason: str
) -> None:
    found, why = bad(written(tmp_path, a_row(*errors)))
    assert (found, reason in why) == (field, True), why


def test_published_files_come_in_but_for_the_rows_that_name_no_step() -> None:
    data_file("prmbench/debug.jsonl")
    traces = steps = labels = 0
    refused: list[BadRow] = []
    for path in sorted((DATA_DIR / "prmbench").glob("prm800k_*.jsonl.gz")):
        name, rows = read(path)
        assert name == "prmbench"
        refused += [row for row in rows if isinstance(row, BadRow)]
        found = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
        traces += len(found)
        steps += sum(len(draft.steps) for draft in found)
        labels += sum(len(draft.labels) for draft in found)
    assert traces + len(refused) == 6_051
    assert sum("names step" in row.reason for row in refused) == 100
    # Three rows hold a step of nothing, which nobody can judge.
    assert sum(row.reason == "is empty" for row in refused) == len(refused) - 100 == 3
    assert labels == steps == 78_745
