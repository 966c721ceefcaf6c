from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import Outcome
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.readers.processbench import ProcessBenchReader
from annotate.ingest.source import Source
from tests.annotate.ingest.files import a_file
from tests.annotate.ingest.readers import reading

ROW: dict[str, Any] = {
    "id": "gsm8k-0",
    "generator": "model",
    "problem": "p",
    "steps": ["a", "b", "c"],
    "final_answer_correct": False,
    "label": 1,
}


def read(tmp_path: Path, **fields: Any) -> Row | BadRow:
    with Source(a_file(tmp_path, ROW | fields)) as source:
        (row,) = ProcessBenchReader().rows(source)
    return row


def draft(tmp_path: Path, **fields: Any) -> TraceDraft:
    row = read(tmp_path, **fields)
    assert isinstance(row, Row)
    assert isinstance(row.draft, TraceDraft)
    return row.draft


def test_label_counts_from_zero_and_stops_at_the_error(tmp_path: Path) -> None:
    found = draft(tmp_path)
    assert [(label.position, label.value) for label in found.labels] == [(0, "good"), (1, "bad")]
    assert [step.text for step in found.steps] == ["a\n\n", "b\n\n", "c"]
    assert (found.outcome, found.source_model) == (Outcome.WRONG, "model")


def test_minus_one_means_every_step_is_good(tmp_path: Path) -> None:
    found = draft(tmp_path, label=-1, final_answer_correct=True)
    assert [label.value for label in found.labels] == ["good"] * 3
    assert found.outcome is Outcome.RIGHT


def test_unknown_outcome_stays_unknown(tmp_path: Path) -> None:
    assert draft(tmp_path, final_answer_correct=None).outcome is None


@pytest.mark.parametrize("label", [-2, 3, None, "1", 1.0, True])
def test_label_that_names_no_step_is_refused(tmp_path: Path, label: object) -> None:
    row = read(tmp_path, label=label)
    assert isinstance(row, BadRow)
    assert row.field == "label"


@pytest.mark.parametrize("changed", [{"label": True}, {"final_answer_correct": ...}, {"id": ...}])
def test_a_grade_of_the_whole_is_taken_for_no_place(tmp_path: Path, changed: dict[str, Any]) -> None:
    """0 and 1 are places of an error here, and in other files they say whether a solution is right."""
    row = {name: value for name, value in (ROW | changed).items() if value is not ...}
    draft = reading.one_trace(a_file(tmp_path, row), "table")
    assert draft.labels == ()
    assert draft.meta["label"] == row["label"]


def test_nobody_may_know_what_wrote_a_trace(tmp_path: Path) -> None:
    assert draft(tmp_path, generator="").source_model == ""
