from __future__ import annotations

import pytest

from annotate.export import shards
from annotate.export.contracts import TEST, TRAIN
from annotate.export.shards import json_shards
from tests.annotate.export.published import rows_of


def test_splits_are_files_and_large_ones_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS", 2)

    with json_shards(tmp_path) as out:
        for n in range(5):
            out.write({"n": n}, TRAIN)
        out.write({"n": 9}, TEST)

    assert [(split.name, split.path) for split in out.splits] == [
        ("train", "data/train-00000-of-00003.jsonl"),
        ("train", "data/train-00001-of-00003.jsonl"),
        ("train", "data/train-00002-of-00003.jsonl"),
        ("test", "data/test.jsonl"),
    ]
    assert [row["n"] for split in out.splits for row in rows_of(tmp_path / split.path)] == [0, 1, 2, 3, 4, 9]
    assert out.rows == 6


def test_a_failure_closes_what_is_open(tmp_path):
    with pytest.raises(TypeError), json_shards(tmp_path) as out:
        _write(out)
    assert out.parts[TRAIN].file is None


def _write(out: shards.Shards) -> None:
    out.write({"n": 1})
    out.write({"n": object()})
