from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from annotate.enums import Outcome, RaterKind, StepKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import RaterDraft, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.readers.jsonl import trace_draft
from tests.annotate.ingest.files import a_row
from tests.paths import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "docs" / "schema" / "trace.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
A_LABEL = {"rater": "ann", "value": "good", "step": 0}


def draft(**fields: Any) -> TraceDraft:
    return trace_draft(Fields(a_row(**fields)))


def texts(**fields: Any) -> list[tuple[str, int]]:
    return [(step.text, step.tail) for step in draft(**fields).steps]


GOOD: list[dict[str, Any]] = [
    {},
    {"steps": [{"text": "a", "kind": "action", "tail": 0, "meta": {"x": [1]}}, "b"]},
    {"steps": None, "text": "a\n\nb", "split": "lines"},
    {"separator": " ки"},
    {"model": "m", "outcome": "truncated", "meta": {"deep": {"er": None}}},
    {"problem": {"text": "p", "id": "p1", "reference_answer": "4", "reference_solution": "s", "meta": {}}},
    {"gold": {"first_error": None}},
    {"gold": {"first_error": 2}},
    {"gold": {"steps": ["good", None, "bad"]}},
    {
        "labels": [
            A_LABEL,
            A_LABEL | {"step": 1, "rater_kind": "judge", "is_simulated": False, "seconds": 1.5},
        ]
    },
    {"labels": []},
]
# What is wrong, and the field that is named.
BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id"),
    ({"id": 7}, "id"),
    ({"id": ""}, "id"),
    ({"id": " a"}, "id"),
    ({"id": "a\nb"}, "id"),
    ({"id": "x" * 201}, "id"),
    ({"problem": None}, "problem"),
    ({"problem": "p"}, "problem"),
    ({"problem": {"text": ""}}, "problem.text"),
    ({"problem": {"text": "p", "reference_answer": 4}}, "problem.reference_answer"),
    ({"problem": {"text": "p", "answer": "4"}}, "problem.answer"),
    ({"steps": None}, "steps"),
    ({"steps": []}, "steps"),
    ({"steps": "One."}, "steps"),
    ({"steps": ["a", " \n"]}, "steps[1]"),
    ({"steps": ["a", 3]}, "steps[1]"),
    ({"steps": ["a"] * 10_001}, "steps"),
    ({"steps": [{"text": "a", "kind": "idea"}]}, "steps[0].kind"),
    ({"steps": [{"text": "a", "tail": -1}]}, "steps[0].tail"),
    ({"steps": [{"text": "a", "tail": True}]}, "steps[0].tail"),
    ({"steps": [{"body": "a"}]}, "steps[0].body"),
    ({"steps": [{"text": "a", "images": [{"data": "x", "digest": "ABC"}]}]}, "steps[0].images[0].digest"),
    ({"steps": [{"text": "a", "images": [{"missing": " "}]}]}, "steps[0].images[0].missing"),
    ({"text": "both"}, "steps"),
    ({"steps": None, "text": "a", "split": "sentences"}, "split"),
    ({"steps": None, "text": "a", "separator": "x"}, "separator"),
    ({"split": "lines"}, "split"),
    ({"separator": 3}, "separator"),
    ({"outcome": "correct"}, "outcome"),
    ({"outcom": "right"}, "outcom"),
    ({"meta": []}, "meta"),
    ({"gold": {}}, "gold"),
    ({"gold": {"first_error": -1}}, "gold.first_error"),
    ({"gold": {"first_error": 1, "steps": ["good"] * 3}}, "gold"),
    ({"gold": {"steps": ["good", "great", None]}}, "gold.steps[1]"),
    ({"labels": {}}, "labels"),
    ({"labels": [{"value": "good", "step": 0}]}, "labels[0].rater"),
    ({"labels": [A_LABEL | {"rater_kind": "dog"}]}, "labels[0].rater_kind"),
    ({"labels": [A_LABEL | {"step": -1}]}, "labels[0].step"),
    ({"labels": [A_LABEL | {"step": 1.5}]}, "labels[0].step"),
    ({"labels": [A_LABEL | {"seconds": -1}]}, "labels[0].seconds"),
    ({"labels": [A_LABEL | {"note": "x"}]}, "labels[0].note"),
]


@pytest.mark.parametrize("fields", GOOD)
def test_schema_and_reader_take_the_same_rows(fields: dict[str, Any]) -> None:
    VALIDATOR.validate(a_row(**fields))
    assert draft(**fields).external_id == "t1"


@pytest.mark.parametrize(("fields", "place"), BAD)
def test_schema_and_reader_refuse_the_same_rows(fields: dict[str, Any], place: str) -> None:
    assert not VALIDATOR.is_valid(a_row(**fields))
    with pytest.raises(Rejected) as caught:
        draft(**fields)
    assert caught.value.field == place


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"steps": ["a\x00"]}, "steps[0]", "NUL"),
        ({"problem": {"text": "p \udcff"}}, "problem.text", "character 3 is not Unicode"),
        ({"meta": {"a": [{"b": "\ud800"}]}}, "meta.a[0].b", "not Unicode"),
        ({"meta": {"\x00": 1}}, "meta.\\x00", "NUL"),
        ({"steps": ["x" * 1_000_001]}, "steps[0]", "1,000,001 characters"),
        ({"steps": [{"text": "ab", "tail": 3}]}, "steps[0].tail", "between 0 and"),
        ({"gold": {"first_error": 3}}, "gold.first_error", "the steps are 0 to 2"),
        ({"gold": {"steps": ["good"]}}, "gold.steps", "1 entries for 3 steps"),
        ({"steps": None, "text": "a" + "\n" * 40_000}, "text", "white space"),
        ({"modle": "m"}, "modle", "did you mean model?"),
    ],
)
def test_what_a_schema_cannot_say_is_refused_with_its_place(
    fields: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(Rejected, match=reason.replace("?", r"\?")) as caught:
        draft(**fields)
    assert caught.value.field == place


def test_meta_nested_too_deep_is_refused() -> None:
    meta: dict[str, Any] = {}
    for _ in range(40):
        meta = {"a": meta}
    with pytest.raises(Rejected, match="nested more than 32 deep"):
        draft(meta=meta)


def test_separator_goes_between_steps_that_carry_none() -> None:
    assert texts(steps=["a", "b"]) == [("a\n\n", 2), ("b", 0)]
    assert texts(steps=["a\n", "b", "c "]) == [("a\n", 1), ("b\n\n", 2), ("c ", 1)]
    assert texts(steps=[{"text": "a", "tail": 0}, {"text": "b--", "tail": 2}]) == [("a", 0), ("b--", 2)]
    assert texts(steps=["a", "b"], separator="") == [("a", 0), ("b", 0)]
    assert texts(steps=["a", "b"], separator=" | ") == [("a | ", 3), ("b", 0)]


def test_first_error_leaves_later_steps_unlabelled() -> None:
    labels = draft(gold={"first_error": 1}).labels
    assert [(label.position, label.value) for label in labels] == [(0, Verdict.GOOD), (1, Verdict.BAD)]
    assert {label.rater.kind for label in labels} == {RaterKind.GOLD}
    assert [label.value for label in draft(gold={"first_error": None}).labels] == [Verdict.GOOD] * 3


def test_what_is_not_said_stays_unknown() -> None:
    bare = draft()
    assert (bare.outcome, bare.problem.reference_answer, bare.labels) == (None, None, ())
    assert draft(outcome="wrong").outcome is Outcome.WRONG
    assert draft(steps=[{"text": "a", "kind": "observation"}]).steps[0].kind is StepKind.OBSERVATION


def test_a_reviewers_decision_becomes_an_answer_key() -> None:
    (label,) = draft(labels=[A_LABEL | {"rater": "review", "rater_kind": "review", "text": "So."}]).labels
    assert (label.rater, label.text) == (RaterDraft("gold/review", RaterKind.GOLD), "So.")
