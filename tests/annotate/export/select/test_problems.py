from __future__ import annotations

import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from annotate.export.contracts import SplitSettings
from annotate.export.select.benchmarks import make_benchmark
from annotate.export.select.problems import sort_problems, split_of
from annotate.ingest.actions import ingest_file
from annotate.models import Problem, Project
from tests.factories import a_project

pytestmark = pytest.mark.django_db

LONG = "A train leaves the station at {} o'clock and travels for three hours at sixty miles per hour to the next town"


def some_problems(*texts: str) -> Project:
    project = a_project()
    for n, text in enumerate(texts):
        Problem.objects.create(project=project, external_id=f"p{n}", text=text, content_hash=f"{n:064d}")
    return project


def test_shares_are_kept_and_the_seed_moves_them():
    settings = SplitSettings(validation_share=0.2, test_share=0.1)
    found = Counter(split_of(str(n), settings) for n in range(10_000))
    assert abs(found["validation"] - 2000) < 150
    assert abs(found["test"] - 1000) < 120
    other = SplitSettings(validation_share=0.2, test_share=0.1, seed=1)
    assert sum(split_of(str(n), settings) != split_of(str(n), other) for n in range(1000)) > 300


def test_a_problem_stays_where_it_is_when_others_come():
    texts = [f"Problem number {n}: how much is it?" for n in range(40)]
    settings = SplitSettings(test_share=0.5, keeps_alike_together=False)
    few = sort_problems(some_problems(*texts[:20]), settings, None)
    many = sort_problems(some_problems(*texts), settings, None)
    assert {name: many.split_of(name) for name in (f"p{n}" for n in range(20))} == {
        f"p{n}": few.split_of(f"p{n}") for n in range(20)
    }
    assert {few.split_of(f"p{n}") for n in range(20)} == {"train", "test"}


def test_problems_that_are_one_but_for_spacing_are_in_one_split():
    for seed in range(10):
        settings = SplitSettings(test_share=0.5, seed=seed, keeps_alike_together=False)
        found = sort_problems(some_problems("How much is 6*7?", "how  much is 6 * 7 ?"), settings, None)
        assert found.split_of("p0") == found.split_of("p1")


def test_problems_that_are_nearly_the_same_go_together():
    alike = [
        f"{LONG.format('nine')}, and then{' it stops' * 8} for {n} days." for n in ("two", "three", "four")
    ]
    for seed in range(10):
        settings = SplitSettings(test_share=0.5, seed=seed, similarity=0.6)
        found = sort_problems(some_problems(*alike), settings, None)
        assert len({found.split_of(f"p{n}") for n in range(3)}) == 1
        assert found.n_alike == 2
        assert found.as_json() == {"splits": {"problems_with_an_alike_one": 2}}


QUESTIONS = [
    f"{name} has {n} {things} and gives {n // 2} of them away. How many {things} does {name} still have?"
    for n, (name, things) in enumerate(
        product(("Ann", "Ben", "Carla", "Dan", "Eva", "Fred"), ("apples", "books", "cards", "dolls")), start=3
    )
]
PROMPT = " ".join(f"Rule {n}: mind {n} things and {n + 1} others." for n in range(60))


def asked(system: str, question: str) -> dict[str, Any]:
    turns = [("system", system), ("user", question), ("assistant", "It is half of them.")]
    return {"messages": [{"role": role, "content": text} for role, text in turns if text]}


def brought_in(tmp_path: Path, rows: list[dict[str, Any]]) -> Project:
    project = a_project()
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert ingest_file(project, file).created == len(rows)
    return project


@pytest.mark.parametrize("place", ["system", "user"])
def test_a_prompt_that_stands_before_every_problem_does_not_make_them_alike(tmp_path, place):
    rows = [
        asked(PROMPT, text) if place == "system" else asked("", f"{PROMPT}\n\n{text}") for text in QUESTIONS
    ]
    settings = SplitSettings(validation_share=0.4, seed=2)
    found = sort_problems(brought_in(tmp_path, rows), settings, None)
    assert found.n_alike == 0
    assert 3 < len(found.splits) < len(QUESTIONS) - 3
    # One stands in the questions themselves: "of them away how many".
    said = found.as_json()["splits"]["word_sequences_of_most_problems"]
    assert said == 1 if place == "system" else said > 300


def test_one_problem_under_two_system_prompts_is_in_one_split(tmp_path):
    rows = [asked(f"{PROMPT} {n}" if n else "", text) for text in QUESTIONS[:8] for n in range(3)]
    project = brought_in(tmp_path, rows)
    for is_together in (True, False):
        settings = SplitSettings(test_share=0.5, seed=3, keeps_alike_together=is_together)
        found = sort_problems(project, settings, None)
        splits: dict[str, set[str]] = {}
        for problem in project.problems.all():
            splits.setdefault(problem.text[-60:], set()).add(found.split_of(problem.external_id))
        assert len(splits) == 8
        assert all(len(one) == 1 for one in splits.values())
        assert set.union(*splits.values()) == {"train", "test"}


def test_a_benchmark_is_found_behind_any_prompt(tmp_path):
    (tmp_path / "bench.jsonl").write_text("\n".join(json.dumps({"question": text}) for text in QUESTIONS))
    make_benchmark("bench", [tmp_path / "bench.jsonl"], tmp_path / "lists")
    project = brought_in(tmp_path, [asked(PROMPT, text) for text in QUESTIONS])
    found = sort_problems(project, SplitSettings(benchmarks=("bench",)), tmp_path / "lists")
    assert set(found.known.values()) == {"bench"}
    assert len(found.known) == len(QUESTIONS)


def test_problems_between_which_another_stands_are_in_one_split():
    words = [f"word{n}" for n in range(120)]
    texts = []
    for places in ((), (10, 50), (90, 110), (30, 70)):
        for place in places:
            words[place] = f"other{place}"
        texts.append(" ".join(words))
    for seed in range(10):
        settings = SplitSettings(validation_share=0.3, test_share=0.2, seed=seed)
        for order in (texts, texts[::-1], texts[1:] + texts[:1]):
            found = sort_problems(some_problems(*order), settings, None)
            assert len({found.split_of(f"p{n}") for n in range(4)}) == 1
            assert found.n_alike == 3


def test_nothing_is_read_where_nothing_is_asked(django_assert_num_queries):
    project = some_problems("one")
    with django_assert_num_queries(0):
        assert sort_problems(project, SplitSettings(), None).split_of("p0") == "train"
