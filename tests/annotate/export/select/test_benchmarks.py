from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from annotate.errors import Rejected
from annotate.export.select.benchmarks import Benchmark, N, benchmarks_in, make_benchmark, read_benchmark
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
    assert read.share(f"Consider this. {PROBLEM}") == 1.0
    assert 0 < read.share(PROBLEM[: len(PROBLEM) // 2]) < 1
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


def a_list(tmp_path: Path, *problems: str, n: int = N) -> Benchmark:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"problem": text}) for text in problems))
    return make_benchmark("mine", [tmp_path / "rows.jsonl"], tmp_path / "lists", n=n)


def test_a_short_problem_is_found_in_a_text_and_a_very_short_one_only_by_itself(tmp_path):
    made = a_list(tmp_path, "What is six times seven?", "Solve it!")
    assert made.share("Please tell me: what is six times seven? Think first.") == 1.0
    assert made.share("What is six times eight?") == 0.0
    assert made.share("Solve it.") == 1.0
    assert made.share("Solve it, and say what you did to solve it.") == 0.0
    assert a_list(tmp_path, PROBLEM, n=3).share(f"Consider this. {PROBLEM}") == 1.0


def test_a_template_that_most_problems_of_a_list_have_in_common_is_no_problem(tmp_path):
    template = (
        "Read the question below with care, choose one of the four letters and write it in the last line. "
    )
    made = a_list(
        tmp_path, *(f"{template}Which one is number {n} of the {n + 1} in a row?" for n in range(30))
    )
    assert made.share(f"{template}Who was the king of France in 1700?") == 0.0
    assert made.share("Which one is number 7 of the 8 in a row?") > 0.5


def test_a_list_that_cannot_be_read_is_named(tmp_path):
    a_list(tmp_path, PROBLEM)
    file = tmp_path / "lists/mine.ngrams"
    body = file.read_bytes()
    file.write_bytes(body[:-4])
    with pytest.raises(Rejected, match="'mine' is damaged; make it again"):
        read_benchmark("mine", tmp_path / "lists")
    line, _, rest = body.partition(b"\n")
    old = {key: value for key, value in json.loads(line).items() if key != "version"}
    file.write_bytes(json.dumps(old).encode() + b"\n" + rest)
    with pytest.raises(Rejected, match=r"of another version; make it again with manage\.py hashes mine FILE"):
        read_benchmark("mine", tmp_path / "lists")


def lines_of(name: str, field: str) -> list[str]:
    with gzip.open(data_file(name), "rt") as file:
        rows = json.load(file) if name.endswith(".json.gz") else [json.loads(line) for line in file]
    return [row[field] for row in rows]


# About as long as people make them.
BEFORE = (
    "You are a careful tutor of mathematics. Solve the problem below step by step, write every step in a paragraph of"
    " its own, check each calculation before you go on, and never leave out a unit.\n\nProblem: "
)
AFTER = (
    "\n\nLet's think step by step. Put the final answer, and nothing else, into \\boxed{} in the last line."
)


def test_problems_are_found_whatever_stands_around_them_and_others_are_not(tmp_path):
    """GSM8K's test set in other printings, and problems of other sets in the same wrapper."""
    tests = lines_of("gsm8k/test.jsonl.gz", "question")
    train = lines_of("gsm8k/train.jsonl.gz", "question")
    made = make_benchmark("gsm8k", [data_file("gsm8k/test.jsonl.gz")], tmp_path)
    examples = " ".join(train[:40])

    def found(texts: Iterable[str]) -> int:
        return sum(made.share(text) >= 0.5 for text in texts)

    assert found(BEFORE + text + AFTER for text in tests) == len(tests)
    assert found(f"{examples}\n\n{text}" for text in tests[:200]) == 200
    # Without its point a decimal number is another.
    assert found(text.replace(",", "").replace(".", "") for text in tests) >= 0.98 * len(tests)
    assert found(text.upper().replace("'", "’") for text in tests) == len(tests)
    assert found(re.sub(r"\d+", "7", text, count=1) for text in tests) >= 0.99 * len(tests)
    assert found(BEFORE + text + AFTER for text in train) <= 2
    assert found(lines_of("montecarlo_samples/test500.jsonl.gz", "problem")) == 0
    assert found(lines_of("processbench/math.json.gz", "problem")) == 0


def test_a_problem_in_chinese_is_found_by_its_characters(tmp_path):
    problem = "小明有五个苹果，他给了小红两个苹果，然后又从商店买了三个苹果。请问小明现在一共有多少个苹果？"
    made = a_list(tmp_path, problem)
    assert made.share(f"题目：{problem.replace('，', ',')}请一步一步地思考。") == 1.0
    assert made.share("小红有两只猫，又从朋友那里得到了一只。请问她现在有几只猫？") < 0.2


def test_processbench_is_known_from_the_test_problems_it_was_made_of(tmp_path):
    """ProcessBench's GSM8K problems are of GSM8K's test set; its training problems are others."""
    made = make_benchmark("gsm8k", [data_file("gsm8k/test.jsonl.gz")], tmp_path)
    with gzip.open(data_file("processbench/gsm8k.json.gz"), "rt") as file:
        known = [made.share(row["problem"]) >= 0.5 for row in json.load(file)]
    with gzip.open(data_file("gsm8k/train.jsonl.gz"), "rt") as file:
        strange = [made.share(json.loads(line)["question"]) >= 0.5 for line in file]
    assert sum(known) / len(known) > 0.95
    assert sum(strange) / len(strange) < 0.02
