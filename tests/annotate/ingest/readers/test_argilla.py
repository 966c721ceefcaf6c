from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import LabelSheet, LineupDraft, PairDraft, Row
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.examples import argilla
from tests.annotate.ingest.readers.reading import bad, drafts, one_trace, read, texts, written
from tests.annotate.ingest.readers.test_every_reader import STRANGE, changed, places


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


def a_form(user: str, value: Any, status: str = "submitted") -> dict[str, Any]:
    return {"user_id": user, "value": value, "status": status}


ANSWERS = {"question": "2 + 3?", "a": "5.", "b": "6.", "c": "It is 5."}
ORDER = [{"value": "a", "rank": 1}, {"value": "b", "rank": 2}, {"value": "c", "rank": 1}]


def test_flat_rows_of_the_first_version(tmp_path: Path) -> None:
    row = {
        "question": "2 + 3?",
        "solution": "Add.\n\nIt is 6.",
        "verdict_step_1": [a_form("u1", "bad"), a_form("u2", "good", "draft")],
        "verdict_step_1-suggestion": "bad",
        "verdict_step_1-suggestion-metadata": {"type": "model", "score": 0.5, "agent": "tiny"},
        "remark": [],
        "remark-suggestion": None,
        "remark-suggestion-metadata": {"type": None, "score": None, "agent": None},
        "external_id": "rec-1",
        "metadata": '{"source": "toy"}',
    }
    draft = one_trace(written(tmp_path, row), "argilla")
    assert (draft.external_id, draft.problem.text) == ("rec-1", "2 + 3?")
    assert [(one.rater.name, one.position, one.value) for one in draft.labels] == [
        ("argilla/u1", 1, "bad"),
        ("argilla/tiny", 1, "bad"),
    ]
    assert draft.meta == {"metadata": {"source": "toy"}, "argilla": {"left_out": {"draft": 1}}}


def test_forms_say_what_was_submitted_and_suggestions_by_number_nothing(tmp_path: Path) -> None:
    row = {
        "id": "of-the-server",
        "external_id": "rec-1",
        "fields": {"question": "2 + 3?", "solution": "Add.\n\nIt is 6."},
        "responses": [
            {"user_id": "u1", "status": "submitted", "values": {"verdict_step_1": {"value": "bad"}}},
            {"user_id": "u2", "status": "discarded", "values": None},
        ],
        "suggestions": [
            {"question_name": "verdict_step_0", "value": "good", "agent": "tiny", "score": 0.5},
            {"question_id": "123", "value": "good"},
        ],
        "metadata": None,
    }
    draft = one_trace(written(tmp_path, row), "argilla")
    assert draft.external_id == "rec-1"
    assert [(one.rater.name, one.position, one.value) for one in draft.labels] == [
        ("argilla/u1", 1, "bad"),
        ("argilla/tiny", 0, "good"),
    ]
    assert draft.meta == {"argilla": {"left_out": {"suggestion by number": 1}}}


def a_ranked_row(*orders: Any, **fields: Any) -> dict[str, Any]:
    forms = [a_form(f"u{number}", order) for number, order in enumerate(orders, start=1)]
    return {"external_id": "r1", **(ANSWERS | fields), "order": forms}


def test_ranking_lines_up_the_fields_it_names(tmp_path: Path) -> None:
    columns = {"rank": [3, 1, 2], "value": ["a", "b", "c"]}
    (draft,) = drafts(written(tmp_path, a_ranked_row(ORDER, columns)), "argilla")
    assert isinstance(draft, LineupDraft)
    assert [(one.external_id, one.problem.text, *texts(one)) for one in draft.traces] == [
        ("r1-a", "2 + 3?", "5."),
        ("r1-b", "2 + 3?", "6."),
        ("r1-c", "2 + 3?", "It is 5."),
    ]
    assert [(one.rater.name, one.criterion, one.value) for one in draft.labels] == [
        ("argilla/u1", "ranking", "a=c>b"),
        ("argilla/u2", "ranking", "b>c>a"),
    ]


def test_ranking_of_two_is_a_preference(tmp_path: Path) -> None:
    def two(a: int, b: int) -> list[dict[str, Any]]:
        return [{"value": "a", "rank": a}, {"value": "b", "rank": b}]

    options = ReadOptions(columns={"better": "order"})
    pairs = drafts(written(tmp_path, a_ranked_row(two(2, 1), two(1, 1))), "argilla", options)
    found = []
    for pair in pairs:
        assert isinstance(pair, PairDraft)
        assert pair.label is not None
        found.append((texts(pair.first), pair.label.rater.name, pair.label.criterion, pair.label.value))
    assert found == [(["6."], "argilla/u1", "better", "left"), (["5."], "argilla/u2", "better", "tie")]


def test_options_of_a_ranking_may_be_called_otherwise(tmp_path: Path) -> None:
    order = [{"value": f"reply-{name}", "rank": rank} for rank, name in enumerate("abc")]
    row = a_ranked_row(order, clarity=[a_form("u1", 4)])
    options = ReadOptions(columns={f"reply-{name}": name for name in "abc"})
    (draft,) = drafts(written(tmp_path, row), "argilla", options)
    assert isinstance(draft, LineupDraft)
    assert texts(draft.traces[1]) == ["6."]
    # What else was answered is about none of them.
    assert draft.traces[0].meta["argilla"] == {"left_out": {"beside": 1}}


@pytest.mark.parametrize(
    ("order", "field", "reason"),
    [
        ([*ORDER, {"value": "d", "rank": 4}], "order[0].value", "ranks 'd', which is no field of the record"),
        ([*ORDER, ORDER[0]], "order[0].value[3].value", "ranks a twice"),
        ([*ORDER[:2], {"value": "c", "rank": None}], "order[0].value[2].rank", "leaves c without a rank"),
        ([*ORDER[:2], {"value": "c", "rank": "1"}], "order[0].value[2].rank", "a whole number"),
        ({"rank": [1], "value": ["a", "b"]}, "order[0].value", "has 2 options and 1 ranks"),
        (ORDER[:1], "order[0].value", "ranks 1 fields; a pair holds 2"),
    ],
)
def test_what_puts_nothing_in_order_is_refused(tmp_path: Path, order: Any, field: str, reason: str) -> None:
    found, why = bad(written(tmp_path, a_ranked_row(order)))
    assert (found, reason in why) == (field, True), (found, why)


def test_everybody_ranks_the_same_fields(tmp_path: Path) -> None:
    found, why = bad(written(tmp_path, a_ranked_row(ORDER, ORDER[:2])))
    assert (found, why) == ("order[1].value", "ranks other fields than the answer before it")


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
            {"order": [{"value": [{"value": "a"}], "user_id": "u", "status": "submitted"}]},
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


@pytest.mark.parametrize("is_nested", [False, True])
def test_any_value_at_any_place_of_a_ranking_is_a_row_or_an_error(tmp_path: Path, is_nested: bool) -> None:
    row = a_ranked_row(ORDER, {"rank": [3, 1, 2], "value": ["a", "b", "c"]}, metadata='{"source": "toy"}')
    if is_nested:
        forms = [
            {"user_id": one["user_id"], "status": "submitted", "values": {"order": {"value": one["value"]}}}
            for one in row["order"]
        ]
        suggestions = [{"question_name": "order", "value": ORDER, "agent": "tiny", "score": 0.5}]
        row = {"external_id": "r1", "fields": ANSWERS, "responses": forms, "suggestions": suggestions}
    records = [changed(row, way, value) for way in places(row) for value in STRANGE]
    _, found = read(written(tmp_path, *records), "argilla")
    assert len(found) >= len(records)
    assert all(isinstance(one, Row) or one.reason for one in found)
