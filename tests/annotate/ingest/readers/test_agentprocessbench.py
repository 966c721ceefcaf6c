from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind, StepKind
from annotate.ingest.drafts import BadRow, LabelSheet, Row
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, drafts, one_trace, read, said, written
from tests.paths import DATA_DIR, data_file

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": "x"}'}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who wrote it?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "name": "search", "tool_call_id": "c1", "content": "Ann."},
    {"role": "assistant", "content": "Ben."},
]


def a_trajectory(**fields: Any) -> dict[str, Any]:
    row = {
        "data_source": "toy",
        "query_index": 0,
        "sample_index": 3,
        "question": "Who wrote it?",
        "messages": MESSAGES,
        "tools": [{"type": "function", "function": {"name": "search", "parameters": {}}}],
        "step_labels": {"2": 1, "4": -1},
        "final_label": -1,
    }
    return row | fields


def a_judgement(**fields: Any) -> dict[str, Any]:
    row = {
        "dataset": "toy",
        "record_id": "toy:0:3",
        "annotator": "tiny-judge",
        "data_source": "toy",
        "query_index": 0,
        "sample_index": 3,
        "step_labels": {"2": 1, "4": None},
        "final_label": 0,
        "comment": "",
        "explanations": {"steps": {"2": "Looks it up.", "4": None}, "final": "Cannot tell."},
    }
    return row | fields


def test_labels_are_named_by_the_message(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_trajectory()), "agentprocessbench")
    assert draft.external_id == "toy:0:3"
    assert [(step.kind, step.meta["message"]) for step in draft.steps] == [
        (StepKind.ACTION, 2),
        (StepKind.OBSERVATION, 3),
        (StepKind.ACTION, 4),
    ]
    assert draft.problem.text == "Be brief.\n\nWho wrote it?"
    assert said(draft.labels) == [(0, "good"), (2, "bad"), (None, "failure")]
    assert {label.rater.kind for label in draft.labels} == {RaterKind.GOLD}
    assert draft.meta["tools"][0]["function"]["name"] == "search"


def test_judge_is_a_rater_and_null_no_label(tmp_path: Path) -> None:
    (sheet,) = drafts(written(tmp_path, a_judgement()), "agentprocessbench")
    assert isinstance(sheet, LabelSheet)
    assert (sheet.trace, sheet.by_message) == ("toy:0:3", True)
    assert said(sheet.labels) == [(2, "good"), (None, "unclear")]
    assert {(label.rater.name, label.rater.kind) for label in sheet.labels} == {("tiny-judge", "judge")}
    assert [label.text for label in sheet.labels] == ["Looks it up.", "Cannot tell."]


def test_judges_of_one_name_may_be_told_apart(tmp_path: Path) -> None:
    (sheet,) = drafts(
        written(tmp_path, a_judgement()), "agentprocessbench", ReadOptions(rater="tiny-judge, thinking")
    )
    assert isinstance(sheet, LabelSheet)
    assert {label.rater.name for label in sheet.labels} == {"tiny-judge, thinking"}


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (a_trajectory(step_labels={"9": 1}), "step_labels.9", "no step of message 9"),
        (a_trajectory(step_labels={"2": 2}), "step_labels.2", "must be 1, 0, -1 or null"),
        (a_trajectory(step_labels={"two": 1}), "step_labels.two", "number of a message"),
        (a_trajectory(final_label=True), "final_label", "must be 1, 0, -1"),
        (a_trajectory(messages=MESSAGES[:2]), "messages", "no message of the assistant"),
        (a_trajectory(messages=MESSAGES[2:]), "messages", "nothing was asked"),
        (a_judgement(comment="llm_annotate_failed: timed out"), "comment", "the judge gave no answer"),
    ],
)
def test_what_names_nothing_or_failed_is_refused(
    tmp_path: Path, row: dict[str, Any], field: str, reason: str
) -> None:
    found, why = bad(written(tmp_path, row))
    assert (found, reason in why) == (field, True), why


def test_published_judges_come_in_but_for_their_failures() -> None:
    data_file("agentprocessbench_nogold/SOURCE.md")
    n_rows = n_labels = n_results = 0
    refused: list[BadRow] = []
    paths = sorted((DATA_DIR / "agentprocessbench_nogold").glob("*/*.jsonl.gz"))
    assert len(paths) == 60
    for path in paths[::6]:
        name, rows = read(path)
        assert name == "agentprocessbench"
        n_rows += len(rows)
        refused += [row for row in rows if isinstance(row, BadRow)]
        for row in rows:
            if isinstance(row, Row) and isinstance(row.draft, LabelSheet):
                n_labels += sum(label.position is not None for label in row.draft.labels)
                n_results += sum(label.position is None for label in row.draft.labels)
    assert n_rows == 2_500
    assert n_results == n_rows - len(refused)
    assert {row.field for row in refused} <= {"comment"}
    assert n_labels > 20_000
