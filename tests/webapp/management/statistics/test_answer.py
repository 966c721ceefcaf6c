from __future__ import annotations

from io import StringIO

import numpy as np
from rich.console import Console

from webapp.management.statistics.answer import Answer, figure, grid


def test_json_has_no_nan_and_no_arrays() -> None:
    answer = Answer({"a": np.array([1.0, np.nan]), "b": (np.int64(2), float("inf")), "c": {3: np.True_}})
    assert answer.as_json() == '{"a": [1.0, null], "b": [2, null], "c": {"3": true}}'


def test_figures_are_for_people() -> None:
    assert [figure(cell) for cell in (None, float("nan"), 12345, 0.5, "x", np.float64(2), np.int64(3))] == [
        "–",
        "–",
        "12,345",
        "0.5000",
        "x",
        "2.0000",
        "3",
    ]


def test_a_table_in_a_file_keeps_its_columns() -> None:
    out = StringIO()
    rows = [("an annotator with a long name " * 5, 1.0, None)]
    Answer({}, [grid("raters", ("rater", "severity [logits]", "se"), rows), "[not markup]"]).show(
        Console(file=out, width=80)
    )
    printed = out.getvalue()
    assert "severity [logits]" in printed
    assert "[not markup]" in printed
    assert any("long name" in line and "1.0000" in line and "–" in line for line in printed.splitlines())
