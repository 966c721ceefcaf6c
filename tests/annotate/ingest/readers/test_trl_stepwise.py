from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.reading import bad, one_trace, said, texts, written


def a_row(*labels: Any, **fields: Any) -> dict[str, Any]:
    return {"prompt": "2 + 3?", "completions": ["Add.", "It is 6.", "So 6."], "labels": list(labels)} | fields


def test_truth_values_are_labels_of_a_judge_unless_somebody_says_better(tmp_path: Path) -> None:
    path = written(tmp_path, a_row(True, False, None, set="x"))
    draft = one_trace(path, "trl_stepwise")
    assert texts(draft) == ["Add.\n", "It is 6.\n", "So 6."]
    assert said(draft.labels) == [(0, "good"), (1, "bad")]
    assert {label.rater.kind for label in draft.labels} == {RaterKind.JUDGE}
    assert draft.meta == {"set": "x"}
    options = ReadOptions(rater="key", rater_kind=RaterKind.GOLD)
    assert {one.rater.kind for one in one_trace(path, "trl_stepwise", options).labels} == {RaterKind.GOLD}


def test_labels_may_stop_before_the_steps_do(tmp_path: Path) -> None:
    assert said(one_trace(written(tmp_path, a_row(1, 0)), "trl_stepwise").labels) == [(0, "good"), (1, "bad")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (a_row(True, True, True, True), "labels"),
        (a_row(True, -1), "labels[1]"),
        (a_row(True, "no"), "labels[1]"),
        (a_row(True, 1.0), "labels[1]"),
        (a_row(True, completions=[]), "completions"),
        (a_row(True, prompt=" "), "prompt"),
    ],
)
def test_what_is_no_truth_value_is_refused(tmp_path: Path, row: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, row), "trl_stepwise")[0] == field
