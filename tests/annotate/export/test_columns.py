from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.export.columns import MIXED, columns_of


def columns(path: Path, *values: Any) -> Any:
    path.write_text("".join(json.dumps({"a": value}) + "\n" for value in values))
    return columns_of(path)["a"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5], "sc:Float"),
        ([1, True], "sc:Text"),
        ([None, "x"], "sc:Text"),
        ([None], "sc:Text"),
        (["2022-07-17T16:56:51", None], "sc:DateTime"),
        (["2022-07-17T16:56:51", "then"], "sc:Text"),
        ([[1], []], ["sc:Integer"]),
        ([[[1]], [[0.5, None]]], [["sc:Float"]]),
        ([{"b": 1}, {"c": []}], {"b": "sc:Integer", "c": ["sc:Text"]}),
        ([{"b": 1}, "x"], MIXED),
        ([[1], 1], MIXED),
        ([[1], 1, [1]], MIXED),
    ],
)
def test_a_type_holds_every_row(tmp_path: Path, values: list[Any], kind: Any) -> None:
    assert columns(tmp_path / "a.jsonl", *values) == kind


def test_what_only_the_last_of_many_rows_holds_is_seen(tmp_path: Path) -> None:
    values = [*({"b": 1} for _ in range(1000)), {"b": 0.5, "c": "x"}]
    assert columns(tmp_path / "a.jsonl", *values) == {"b": "sc:Float", "c": "sc:Text"}
