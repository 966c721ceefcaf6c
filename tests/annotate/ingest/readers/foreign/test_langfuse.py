"""What Langfuse's SDKs 3.15.0 and 5.0.4 recorded of an agent, in their own shapes of the API (write_langfuse.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.actions import ingest_file
from annotate.ingest.drafts import BadRow, LabelSheet, Row, TraceDraft
from annotate.models import Label
from tests.annotate.ingest.readers.foreign import FOLDER
from tests.annotate.ingest.readers.reading import bad, drafts, read, written
from tests.factories import a_project

STEPS = [
    (
        "action",
        '[{"name": "add", "arguments": {"a": 2, "b": 3}}, {"name": "add", "arguments": {"a": 4, "b": 5}}]',
    ),
    ("observation", "5"),
    ("observation", "9"),
    ("action", "It is 9.\n\nDone ✓."),
]
PERSON, JUDGE = RaterKind.PERSON, RaterKind.JUDGE
SCORES = [
    ("langfuse/user-ann", PERSON, "verdict", 0, "good", ""),
    ("langfuse/user-ben", PERSON, "verdict", 3, "bad", "Only one of the sums."),
    ("langfuse/eval/verdict", JUDGE, "verdict", 3, "good", ""),
    ("langfuse/user-ann", PERSON, "helpful", None, "false", ""),
    ("langfuse/eval/quality", JUDGE, "quality", None, "0.75", "Fine."),
    ("langfuse/api/cost", JUDGE, "cost", None, "0", ""),
]


def both(folder: Path) -> Path:
    """Observations and scores behind each other, as two answers of the API saved in one file."""
    parts = [(FOLDER / f"langfuse_{name}.json").read_text() for name in ("observations", "scores")]
    return written(folder, "\n".join(parts), name="both.json")


def of_agent(path: Path) -> tuple[list[Any], TraceDraft]:
    name, rows = read(path)
    assert name == "langfuse"
    failed = [(row.field, row.reason) for row in rows if isinstance(row, BadRow)]
    good = [row.draft for row in rows if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]
    (single,) = (one for one in good if one.problem.text == "What is 2 + 2?")
    assert [step.text for step in single.steps] == ["2 + 2 is 4.\n\n", "So it is 4."]
    (agent,) = (one for one in good if one is not single)
    return failed, agent


def steps(draft: TraceDraft) -> list[tuple[str, str]]:
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


def said(draft: TraceDraft | LabelSheet) -> list[tuple[str, RaterKind, str, int | None, str, str]]:
    return [
        (one.rater.name, one.rater.kind, one.criterion, one.position, one.value, one.text)
        for one in draft.labels
    ]


def test_traces_of_version_3_with_everything_about_them() -> None:
    failed, agent = of_agent(FOLDER / "langfuse_traces.jsonl")
    assert (agent.problem.text, agent.source_model) == (
        "Use the tool.\n\nWhat is 2 + 3 and 4 + 5?",
        "tiny-1-2026",
    )
    assert (steps(agent), said(agent)) == (STEPS, SCORES)
    assert agent.meta == {"name": "agent run", "userId": "somebody", "tags": ["made up"]}
    reason = "holds no generation with an output; the last failed: Error code: 400 - This model fails."
    assert failed == [("observations", reason)]


def test_pages_of_version_5_are_put_together(tmp_path: Path) -> None:
    failed, agent = of_agent(FOLDER / "langfuse_observations.json")
    assert (steps(agent), said(agent)) == (STEPS, [])
    assert [reason.endswith("Error code: 400 - This model fails.") for _, reason in failed] == [True]
    failed, with_scores = of_agent(both(tmp_path))
    assert (steps(with_scores), said(with_scores)) == (STEPS, SCORES)
    assert with_scores.external_id == agent.external_id


def test_scores_alone_are_about_a_whole_trace(tmp_path: Path) -> None:
    field, reason = bad(FOLDER / "langfuse_scores.json")
    assert (field, "comes in together with the observations" in reason) == ("scores", True)
    text = (FOLDER / "langfuse_scores.json").read_text()
    begin, end = text.index('{"dataType":"CATEGORICAL"'), text.index('{"dataType":"BOOLEAN","value":false')
    (sheet,) = drafts(written(tmp_path, text[:begin] + text[end:]), "langfuse")
    assert isinstance(sheet, LabelSheet)
    assert said(sheet) == SCORES[3:]
    _, agent = of_agent(FOLDER / "langfuse_observations.json")
    assert sheet.trace == agent.external_id


def test_words_and_sessions(tmp_path: Path) -> None:
    about = {"kind": "trace", "id": "t"}
    words = {"name": "remark", "source": "ANNOTATION", "authorUserId": "ann", "dataType": "TEXT"}
    session = {"name": "mood", "source": "API", "dataType": "NUMERIC", "value": 1}
    path = written(
        tmp_path,
        words | {"value": "Too long.", "subject": about},
        session | {"subject": {"kind": "session", "id": "s"}},
    )
    _, rows = read(path)
    assert [type(row) for row in rows] == [BadRow, Row]
    assert getattr(rows[0], "field", "") == "traceId"
    assert isinstance(rows[1], Row)
    assert isinstance(rows[1].draft, LabelSheet)
    assert said(rows[1].draft) == [("langfuse/ann", PERSON, "remark", None, "", "Too long.")]


def test_table_of_somebodys_own_is_no_list_of_scores(tmp_path: Path) -> None:
    row = {"name": "a", "source": "b", "data_type": "c", "question": "2 + 3?", "solution": "5."}
    assert read(written(tmp_path, row))[0] == "table"


@pytest.mark.django_db
def test_project_comes_in_with_its_people_and_scores_later(tmp_path: Path) -> None:
    project = a_project()
    report = ingest_file(project, both(tmp_path))
    # Helpful, quality and cost are no questions of this rubric.
    assert (report.format, report.created, report.rejected) == ("langfuse", 2, 1)
    assert (report.labels, report.left_out) == (3, 3)
    found = Label.objects.live().select_related("rater", "step")
    assert {(one.rater.name, one.step.position, one.value, one.text) for one in found if one.step} == {
        (rater, position, value, text)
        for rater, _, criterion, position, value, text in SCORES
        if criterion == "verdict"
    }
    again = ingest_file(project, both(tmp_path))
    assert (again.created, again.unchanged, again.labels, again.rejected) == (0, 2, 0, 1)
