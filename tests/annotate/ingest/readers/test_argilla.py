from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import LabelSheet
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.examples import argilla
from tests.annotate.ingest.readers.reading import bad, drafts, one_trace, texts, written


def test_responses_are_peoples_and_suggestions_judges(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, argilla()), "argilla")
    assert (draft.external_id, draft.problem.text, texts(draft)) == (
        "rec-1",
        "2 + 3?",
        ["Add.\n\n", "It is 6."],
    )
    assert [(one.rater.name, one.rater.kind, one.position, one.value) for one in draft.labels] == [
        ("argilla/u1", RaterKind.PERSON, 0, "good"),
        ("argilla/u1", RaterKind.PERSON, 1, "bad"),
        ("argilla/u2", RaterKind.PERSON, 0, "bad"),
        ("argilla/tiny", RaterKind.JUDGE, 0, "good"),
    ]
    assert draft.labels[3].evidence == {"score": 0.75}
    assert draft.meta["metadata"] == {"source": "toy"}


def test_flat_rows_say_the_same_and_drafts_say_nothing(tmp_path: Path) -> None:
    row = {
        "id": "rec-1",
        "status": "completed",
        "_server_id": "s",
        "question": "2 + 3?",
        "solution": "Add.\n\nIt is 6.",
        "verdict_step_0.responses": ["good", "bad", "bad"],
        "verdict_step_0.responses.users": ["u1", "u2", "u3"],
        "verdict_step_0.responses.status": ["submitted", "discarded", "draft"],
        "verdict_step_0.suggestion": "good",
        "verdict_step_0.suggestion.score": None,
        "verdict_step_0.suggestion.agent": None,
        "remark.responses": ["Too short, I think."],
        "remark.responses.users": ["u1"],
        "remark.responses.status": ["submitted"],
    }
    draft = one_trace(written(tmp_path, row), "argilla")
    assert [(one.rater.name, one.criterion, one.position, one.value, one.text) for one in draft.labels] == [
        ("argilla/u1", "verdict", 0, "good", ""),
        ("argilla/u1", "remark", None, "", "Too short, I think."),
        ("argilla/suggestion", "verdict", 0, "good", ""),
    ]
    assert (draft.external_id, draft.meta["argilla"]) == ("rec-1", {"left_out": {"discarded": 1, "draft": 1}})


def test_spans_ratings_and_several_labels(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 3, "label": "logic"}, {"start": 6, "end": 8, "label": "sign"}]
    responses = {
        "errors": [{"value": spans, "user_id": "u1"}],
        "quality": [{"value": 4, "user_id": "u1"}],
        "kinds": [{"value": ["b", "a"], "user_id": "u1"}],
    }
    options = ReadOptions(columns={"tags": "kinds", "status": "submitted"})
    draft = one_trace(
        written(tmp_path, argilla() | {"responses": responses, "suggestions": {}}), "argilla", options
    )
    assert [(one.criterion, one.position, one.value) for one in draft.labels] == [
        ("errors", 0, "logic"),
        ("errors", 1, "sign"),
        ("quality", None, "4"),
        ("tags", None, "a b"),
    ]


def test_record_of_one_step_labels_a_trace_that_is_here(tmp_path: Path) -> None:
    row = argilla() | {
        "metadata": {"trace_id": "t1", "step_index": 2},
        "responses": {"label": [{"value": "incorrect", "user_id": "u1", "status": "submitted"}]},
        "suggestions": {},
    }
    (sheet,) = drafts(written(tmp_path, row), "argilla")
    assert isinstance(sheet, LabelSheet)
    assert [(sheet.trace, one.criterion, one.position, one.value) for one in sheet.labels] == [
        ("t1", "verdict", 2, "bad")
    ]


@pytest.mark.parametrize(
    ("responses", "field", "reason"),
    [
        (
            {"verdict_step_0": [{"value": "good", "user_id": "u"}]},
            "responses.verdict_step_0[0].status",
            "does not say whether it was submitted",
        ),
        (
            {"verdict_step_0": [{"value": "good", "status": "submitted"}]},
            "responses.verdict_step_0[0].user_id",
            "whose response",
        ),
        (
            {"verdict_step_0": [{"value": "perhaps", "user_id": "u", "status": "submitted"}]},
            "responses.verdict_step_0[0].value",
            "no level",
        ),
        (
            {"order": [{"value": [{"value": "a", "rank": 1}], "user_id": "u", "status": "submitted"}]},
            "responses.order[0].value[0].value",
            "no span",
        ),
        ({"verdict_step_0": "good"}, "responses.verdict_step_0", "must be a list"),
    ],
)
def test_what_says_nothing_that_can_be_kept_is_refused(
    tmp_path: Path, responses: dict[str, Any], field: str, reason: str
) -> None:
    found, why = bad(written(tmp_path, argilla() | {"responses": responses}))
    assert (found, reason in why) == (field, True), (found, why)
