from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate.errors import Rejected
from annotate.ingest.folders import ALL, chosen, files_of, is_data, part_of


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("data/train-00000-of-00001.parquet", "train"),
        ("data/dev-00000-of-00002.parquet", "validation"),
        ("main/hard-00000-of-00001.parquet", "hard"),
        ("test.jsonl.gz", "test"),
        ("my_eval_set.csv", "test"),
        ("validation/rows.json", "validation"),
        ("contest.jsonl", ""),
        ("rows.jsonl", ""),
    ],
)
def test_part_of_a_file(name: str, part: str) -> None:
    assert part_of(name) == part


def test_only_data_is_read() -> None:
    names = [
        "README.md",
        ".gitattributes",
        "dataset_infos.json",
        "_drafts/a.jsonl",
        ".cache/a.jsonl",
        "a.jsonl",
        "b.csv.gz",
    ]
    assert [name for name in names if is_data(name)] == ["a.jsonl", "b.csv.gz"]


def test_folder_of_datasets_names_its_shards(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text("{}")
    for name in ("data-00000-of-00001.arrow", "left-over.arrow"):
        (tmp_path / name).write_bytes(b"ARROW1")
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    assert [path.name for path in files_of(tmp_path)] == ["data-00000-of-00001.arrow"]
    state.write_text(json.dumps({"_data_files": [{"filename": "../outside.arrow"}]}))
    with pytest.raises(Rejected, match="outside its folder"):
        files_of(tmp_path)
    state.write_text("{}")
    with pytest.raises(Rejected, match="does not name"):
        files_of(tmp_path)


def test_several_parts_want_a_word() -> None:
    names = ["test.jsonl", "train.jsonl"]
    with pytest.raises(Rejected, match="several parts: test, train") as caught:
        chosen(names)
    assert caught.value.field == "part"
    assert chosen(names, "train") == ["train.jsonl"]
    assert chosen(names, ALL) == names
    with pytest.raises(Rejected, match="has no part 'dev'; it has test, train"):
        chosen(names, "dev")
    with pytest.raises(Rejected, match="holds no data"):
        chosen(["README.md"])


def test_what_datasets_saves_comes_in(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from tests.annotate.ingest.readers.reading import one_trace

    rows = [{"prompt": "2 + 3?", "completions": ["Add.", "5."], "labels": [True, True]}]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "one")
    (path,) = files_of(tmp_path / "one")
    assert len(one_trace(path, "trl_stepwise").labels) == 2
    both = datasets.DatasetDict({part: datasets.Dataset.from_list(rows) for part in ("train", "test")})
    both.save_to_disk(tmp_path / "both")
    (path,) = files_of(tmp_path / "both", "train")
    assert path.parent.name == "train"
