from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written


def a_row(*labels: Any, **fields: Any) -> dict[str, Any]:
    return {"prompt": "2 + 3?", "completions": ["Add.", "It is 6.", "So 6."], "labels": list(labels)} | fields


def test_the_likelier_side_is_the_verdict_and_both_are_kept(tmp_path: Path) -> None:
    path = written(tmp_path, a_row(0.75, 0.25, None, scores={"min": 0.25}))
    draft = one_trace(path, "soft_labels")
    assert (texts(draft), said(draft.labels)) == (
        ["Add.\n", "It is 6.\n", "So 6."],
        [(0, "good"), (1, "bad")],
    )
    assert [(one.score, one.distribution) for one in draft.labels] == [
        (0.75, {"good": 0.75, "bad": 0.25}),
        (0.25, {"good": 0.25, "bad": 0.75}),
    ]
    assert {label.rater.kind for label in draft.labels} == {RaterKind.JUDGE}
    assert draft.meta == {"scores": {"min": 0.25}}
    options = ReadOptions(rater="mc", rater_kind=RaterKind.ROLLOUT, criterion="recoverable")
    assert {(one.rater.kind, one.criterion) for one in one_trace(path, "soft_labels", options).labels} == {
        (RaterKind.ROLLOUT, "recoverable")
    }


def test_a_half_is_on_no_side(tmp_path: Path) -> None:
    assert said(one_trace(written(tmp_path, a_row(0.5)), "soft_labels").labels) == [(0, "unsure")]


def test_what_was_taken_as_certain_has_no_probability(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, a_row(1.0, 0.0, is_certain=[True, False])), "soft_labels")
    assert [(one.value, one.score) for one in draft.labels] == [("good", None), ("bad", 0.0)]


def test_truth_values_and_whole_numbers_are_trls(tmp_path: Path) -> None:
    assert read(written(tmp_path, a_row(True, False)))[0] == "trl_stepwise"
    assert read(written(tmp_path, a_row(1, 0)))[0] == "trl_stepwise"
    assert read(written(tmp_path, a_row(1, 0, is_certain=[False, False])))[0] == "soft_labels"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (a_row(0.1, 0.1, 0.1, 0.1), "labels"),
        (a_row(0.1, -0.1), "labels[1]"),
        (a_row(0.1, 1.5), "labels[1]"),
        (a_row(0.1, True), "labels[1]"),
        (a_row(0.1, "0.1"), "labels[1]"),
        (a_row(0.1, is_certain=[True]), "labels[0]"),
        (a_row(1.0, is_certain=[True, True]), "is_certain"),
        (a_row(1.0, is_certain=["yes"]), "is_certain"),
    ],
)
def test_what_is_no_probability_is_refused(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, row), "soft_labels")[0] == field
