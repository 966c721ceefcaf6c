from __future__ import annotations

import gzip
import json

import pytest

from annotate.errors import Rejected
from annotate.export.select.benchmarks import benchmarks_in, make_benchmark, read_benchmark
from tests.paths import data_file

PROBLEM = (
    "Janet's ducks lay sixteen eggs per day. She eats three for breakfast every morning and bakes muffins for her"
    " friends every day with four. How much does she make every day at the farmers' market?"
)


def test_a_list_is_made_of_files_and_folders_and_knows_its_problems(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/one.jsonl").write_text(json.dumps({"question": PROBLEM}) + "\n")
    with gzip.open(tmp_path / "in/two.json.gz", "wt") as file:
        json.dump([{"original_question": "First.", "modified_question": "Second one."}], file)

    made = make_benchmark("mine", [tmp_path / "in"], tmp_path / "lists")
    read = read_benchmark("mine", tmp_path / "lists")

    assert (made.problems, read.problems, read.sha256) == (3, 3, made.sha256)
    assert read.share(PROBLEM.upper()) == 1.0
    assert read.share("A man buys three farms and sells them again for twice the price, then rests.") == 0.0
    assert 0 < read.share(f"Consider this. {PROBLEM}") < 1
    assert read.share("second  one.") == 1.0
    assert read.share("") == 0.0
    assert benchmarks_in(tmp_path / "lists") == ["mine"]


def test_the_same_files_give_the_same_list(tmp_path):
    (tmp_path / "one.jsonl").write_text(json.dumps({"problem": PROBLEM}))
    first = make_benchmark("mine", [tmp_path / "one.jsonl"], tmp_path / "a")
    second = make_benchmark("mine", [tmp_path / "one.jsonl"], tmp_path / "b")
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("Bad Name", '{"problem": "x"}', "small letters"),
        ("mine", '{"text": "x"}', "no row has a text"),
        ("mine", '{"problem": ', "not JSON"),
        ("mine", "[1]", "an object was expected"),
    ],
    ids=["name", "field", "broken", "no-object"],
)
def test_what_cannot_be_read_is_said(tmp_path, name, row, reason):
    (tmp_path / "one.jsonl").write_text(row)
    with pytest.raises(Rejected, match=reason):
        make_benchmark(name, [tmp_path / "one.jsonl"], tmp_path / "lists")
    assert benchmarks_in(tmp_path / "lists") == []


def test_a_list_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(Rejected, match=r"manage\.py hashes"):
        read_benchmark("mine", tmp_path)


def test_processbench_is_known_from_the_test_problems_it_was_made_of(tmp_path):
    """ProcessBench's GSM8K problems are of GSM8K's test set; its training problems are others."""
    made = make_benchmark("gsm8k", [data_file("gsm8k/test.jsonl.gz")], tmp_path)
    with gzip.open(data_file("processbench/gsm8k.json.gz"), "rt") as file:
        known = [made.share(row["problem"]) >= 0.5 for row in json.load(file)]
    with gzip.open(data_file("gsm8k/train.jsonl.gz"), "rt") as file:
        strange = [made.share(json.loads(line)["question"]) >= 0.5 for line in file]
    assert sum(known) / len(known) > 0.95
    assert sum(strange) / len(strange) < 0.02
