from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.readers.prm800k import Prm800kReader
from annotate.ingest.source import Source
from tests.paths import data_file


def said(text: str, rating: int | None) -> dict[str, Any]:
    return {"text": text, "rating": rating, "flagged": False}


def turn(*proposals: dict[str, Any], chosen: int | None = None, human: str | None = None) -> dict[str, Any]:
    written = said(human, None) if human else None
    return {"completions": list(proposals), "chosen_completion": chosen, "human_completion": written}


def a_labelling(*turns: dict[str, Any], whole: list[str] | None = None, **label: Any) -> dict[str, Any]:
    question: dict[str, Any] = {"problem": "p", "ground_truth_answer": "1"}
    if whole:
        question |= {"pre_generated_steps": whole, "pre_generated_answer": "2"}
    return {"labeler": "lab", "question": question, "label": {"steps": list(turns), **label}}


def read(path: Path) -> list[Row | BadRow]:
    with Source(path) as source:
        return list(Prm800kReader().rows(source))


def drafts(path: Path) -> list[TraceDraft]:
    return [row.draft for row in read(path) if isinstance(row, Row) and isinstance(row.draft, TraceDraft)]


def one(tmp_path: Path, labelling: dict[str, Any]) -> TraceDraft:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(labelling, indent=1))
    (draft,) = drafts(path)
    return draft


def test_walk_follows_choices_and_own_steps(tmp_path: Path) -> None:
    draft = one(
        tmp_path,
        a_labelling(
            turn(said("a", 1), chosen=0),
            turn(said("x", -1), said("y", 0), human="b"),
            turn(said("z", -1), said("c", 0), chosen=1),
            turn(said("w", -1)),
            total_time=9000,
            finish_reason="something new",
        ),
    )
    assert [step.text for step in draft.steps] == ["a\n", "b\n", "c"]
    assert [(label.position, label.value) for label in draft.labels] == [(0, "good"), (2, "neutral")]
    assert draft.labels[0].rater.name == "prm800k/lab"
    assert draft.steps[1].meta["prm800k"]["lab"] == {
        "alternatives": [said("x", -1), said("y", 0)],
        "is_human": True,
    }
    assert draft.meta["prm800k"]["labellings"]["lab"] == {
        "total_time": 9000,
        "finish_reason": "something new",
        "unchosen": [said("w", -1)],
    }
    assert {label.seconds for label in draft.labels} == {None}


def test_finished_solution_is_the_trace_whole(tmp_path: Path) -> None:
    turns = (turn(said("a", 1), chosen=0), turn(said("other", 1), said("b", -1)))
    draft = one(tmp_path, a_labelling(*turns, whole=["a", "b", "c"]))
    assert [step.text for step in draft.steps] == ["a\n", "b\n", "c"]
    assert [(label.position, label.value) for label in draft.labels] == [(0, "good"), (1, "bad")]
    again = one(tmp_path, a_labelling(turns[0], whole=["a", "b", "c"]))
    assert again.external_id == draft.external_id


def test_turns_that_leave_the_solution_are_walked(tmp_path: Path) -> None:
    draft = one(tmp_path, a_labelling(turn(said("q", 1), chosen=0), whole=["a", "b"]))
    assert [step.text for step in draft.steps] == ["q"]


@pytest.mark.parametrize(
    ("labelling", "field", "reason"),
    [
        (a_labelling(turn(said("a", 2), chosen=0)), "label.steps[0].completions[0].rating", "-1, 0, 1"),
        (
            a_labelling(turn(said("a", 1), chosen=3)),
            "label.steps[0].chosen_completion",
            "names no completion",
        ),
        (
            a_labelling(turn(said("a", 1)), turn(said("b", 1), chosen=0)),
            "label.steps[0].chosen_completion",
            "more",
        ),
        (a_labelling(), "label.steps", "no step"),
        (a_labelling(turn(said(" ", 1), chosen=0)), "label.steps[0].completions[0].text", "empty"),
        ({"labeler": "x", "question": {}}, "label", "missing"),
    ],
)
def test_row_that_cannot_be_walked_is_refused(
    tmp_path: Path, labelling: dict[str, Any], field: str, reason: str
) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(labelling))
    (row,) = read(path)
    assert isinstance(row, BadRow)
    assert row.field == field
    assert reason in row.reason


def test_published_samples_come_in_whole() -> None:
    walked = drafts(data_file("prm800k_samples/prm800k-phase1-train-example.json"))
    assert [len(draft.steps) for draft in walked] == [6, 29, 6]
    rated = drafts(data_file("prm800k_samples/prm800k-phase2-train-example.multi.jsonl"))
    assert [len(draft.steps) for draft in rated] == [13, 19, 24, 14, 26, 26, 16, 27, 12]
    for draft in rated:
        # Every one of these labellings ended with the first error.
        assert [label.value for label in draft.labels].index("bad") == len(draft.labels) - 1


def test_proposals_that_were_not_taken_become_alternatives(tmp_path: Path) -> None:
    turns = (turn(said("a", 1), said("x", -1), chosen=0), turn(said("y", 0), said("", 0), human="b"))
    draft = one(tmp_path, a_labelling(*turns))
    assert [(given.position, given.kind, given.text) for given in draft.candidates] == [
        (0, "alternative", "x"),
        (1, "alternative", "y"),
    ]
