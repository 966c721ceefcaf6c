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


RELEASE = ["README.md", "croissant.json", "manifest.json"]


def test_of_a_release_the_table_is_read_that_comes_in_again() -> None:
    names = [*RELEASE, "data/steps.parquet", "raters/raters.parquet", "traces/traces.parquet"]
    assert chosen(names) == ["data/steps.parquet"]
    assert chosen([*RELEASE, "data/train.jsonl", "votes/train.jsonl"]) == ["data/train.jsonl"]
    # In an archive, whatever its folder is called.
    inside = [f"test-set/{name}" for name in names]
    assert chosen(inside) == ["test-set/data/steps.parquet"]
    assert chosen(inside, "train") == ["test-set/data/steps.parquet"]


def test_parts_of_a_release_want_a_word_too() -> None:
    names = [*RELEASE, "data/steps-test.parquet", "data/steps.parquet", "traces/traces-test.parquet"]
    with pytest.raises(Rejected, match=r"several parts: test, train\. Say which, or all"):
        chosen(names)
    assert chosen(names, "train") == ["data/steps.parquet"]
    assert chosen(names, ALL) == ["data/steps-test.parquet", "data/steps.parquet"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([*RELEASE, "data/train.jsonl", "more.jsonl"], "holds a release and more.jsonl beside it"),
        (
            [f"{one}/{name}" for one in ("1", "2") for name in (*RELEASE, "data/train.jsonl")],
            "holds several releases: 1, 2. Bring in one at a time",
        ),
    ],
)
def test_nothing_beside_a_release_is_left_out_in_silence(names: list[str], told: str) -> None:
    with pytest.raises(Rejected, match=told) as caught:
        chosen(names)
    assert caught.value.field == "file"


def test_a_file_that_is_only_called_a_manifest_is_data() -> None:
    assert chosen(["manifest.json"]) == ["manifest.json"]
    assert chosen(["data/train.jsonl", "manifest.json"], "train") == ["data/train.jsonl"]
