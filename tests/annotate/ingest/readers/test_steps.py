from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import Outcome, RaterKind, StepKind
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.options import ReadOptions
from annotate.ingest.readers import steps as reader
from tests.annotate.ingest.readers.examples import RECORDS
from tests.annotate.ingest.readers.reading import one_trace, read, said, texts, written


def a_step(position: int, text: str = "So.\n\n", trace: str = "t1", **fields: Any) -> dict[str, Any]:
    told = {"trace": trace, "position": position, "text": text, "tail": None, "steps": 2, "label": "good"}
    return RECORDS["steps"]() | told | fields


def test_rows_of_one_trace_are_its_steps(tmp_path: Path) -> None:
    rows = [
        a_step(0, "Add.\n \n", tail=2, risk=0.25, tier="A"),
        a_step(1, '{"name": "add"}', kind="action", action="ask", label=None, reason="tie", votes=[]),
        a_step(0, trace="t2", steps=1, problem_text="4 + 4?"),
    ]
    _, (first, second) = read(written(tmp_path, *rows))
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.line, second.line) == (1, 3)
    draft = first.draft
    assert isinstance(draft, TraceDraft)
    assert (draft.external_id, draft.problem.text, draft.problem.external_id) == ("t1", "2 + 3?", "p1")
    assert (draft.outcome, draft.source_model) == (Outcome.WRONG, "")
    assert [(step.text, step.tail, step.kind) for step in draft.steps] == [
        ("Add.\n \n", 2, StepKind.THOUGHT),
        ('{"name": "add"}', 0, StepKind.ACTION),
    ]
    assert [(one.rater.name, one.position, one.value, one.seconds) for one in draft.labels] == [
        ("gold/consensus", 0, "good", None),
        ("person-001", 0, "bad", 4.5),
    ]
    assert draft.steps[0].meta["release"] == {
        "action": "keep",
        "probability": 0.9,
        "reason": "majority",
        "risk": 0.25,
        "tier": "A",
    }


def test_tables_without_tails_and_numbers_of_steps_are_read_too(tmp_path: Path) -> None:
    rows = [a_step(0), a_step(1, "End.")]
    for row in rows:
        del row["tail"], row["steps"]
    draft = one_trace(written(tmp_path, *rows), "steps")
    assert ([step.tail for step in draft.steps], texts(draft)) == ([2, 0], ["So.\n\n", "End."])


def test_reviewers_decisions_become_an_answer_key(tmp_path: Path) -> None:
    (vote,) = RECORDS["steps"]()["votes"]
    votes = [
        vote,
        vote | {"rater": "review", "kind": "review", "value": "good"},
        vote | {"rater": "j", "score": 0.5},
    ]
    draft = one_trace(written(tmp_path, a_step(0, steps=1, votes=votes)), "steps")
    assert [(one.rater.name, one.rater.kind, one.value, one.score) for one in draft.labels] == [
        ("gold/consensus", RaterKind.GOLD, "good", None),
        ("person-001", RaterKind.PERSON, "bad", None),
        ("gold/review", RaterKind.GOLD, "good", None),
        ("j", RaterKind.PERSON, "bad", 0.5),
    ]


def test_what_is_the_traces_is_read_from_its_first_row(tmp_path: Path) -> None:
    references = {"reference_answer": "5", "reference_solution": "2 + 3 = 5."}
    first = {"problem_meta": '{"source": "book"}', "trace_meta": '{"seed": 7}', "meta": '{"tool": "x"}'}
    rows = [a_step(0, **references, **first), a_step(1, **references)]
    draft = one_trace(written(tmp_path, *rows), "steps")
    assert (draft.problem.reference_answer, draft.problem.reference_solution) == ("5", "2 + 3 = 5.")
    assert (draft.problem.meta, draft.meta) == ({"source": "book"}, {"seed": 7})
    assert [one.meta.get("tool") for one in draft.steps] == ["x", None]
    assert "reason" in draft.steps[0].meta["release"]


def test_what_was_decided_may_be_about_another_question(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_step(0, steps=1)), "steps", ReadOptions(criterion="recoverable"))
    assert said(draft.labels[:1]) == [(0, "good")]
    assert draft.labels[0].criterion == "recoverable"


@pytest.mark.parametrize(
    ("rows", "field", "reason"),
    [
        ([a_step(0)], "steps", "has 2 steps, and the table holds 1"),
        ([a_step(1)], "position", "1 stands where step 0 should"),
        ([a_step(0), a_step(2)], "position", "2 stands where step 1 should"),
        ([a_step(0), a_step(1, problem_text="Other?")], "problem_text", "differs between steps 0 and 1"),
        ([a_step(0, steps=1, votes=[{"rater": "a", "value": "good"}, 3])], "steps[0].votes[1]", "an object"),
        ([a_step(0, steps=1, votes=[{"rater": "a", "said": "good"}])], "steps[0].votes[0].said", ""),
        ([a_step(0, steps=1, votes=[{"rater": "a", "score": "1"}])], "steps[0].votes[0].score", "a number"),
        ([a_step(0, "", steps=1)], "steps[0].text", "is empty"),
        ([a_step(0, steps=1, meta="{")], "steps[0].meta", "is no JSON"),
        ([a_step(0, steps=1, trace_meta="[NaN]")], "trace_meta", "is no JSON"),
        ([a_step(0, steps=1, problem_meta="[]")], "problem_meta", "an object"),
        (
            [a_step(0, steps=1, images=[{"url": "x", "data": "y"}])],
            "steps[0].images[0]",
            "either data or url",
        ),
        ([a_step(0, steps=1, problem_images=[7])], "problem_images[0]", "an object"),
        ([a_step(0), a_step(1, reference_answer="6")], "reference_answer", "differs between steps 0 and 1"),
    ],
)
def test_what_is_no_whole_trace_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]], field: str, reason: str
) -> None:
    _, found = read(written(tmp_path, *rows, a_step(0, trace="t2", steps=1)), "steps")
    assert [type(row) for row in found] == [BadRow, Row]
    assert isinstance(found[0], BadRow)
    assert (found[0].line, found[0].field, reason in found[0].reason) == (1, field, True), found[0].reason


def test_a_trace_that_never_ends_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_STEPS", 3)
    _, (row,) = read(written(tmp_path, *(a_step(position) for position in range(50))), "steps")
    assert isinstance(row, BadRow)
    assert "holds 4 of them" in row.reason
