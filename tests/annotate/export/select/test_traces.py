from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.export.actions import export_run
from annotate.export.select.benchmarks import make_benchmark
from annotate.models import Problem, Run
from tests.annotate.export.decided import say
from tests.annotate.export.published import rows_of
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_run(n_problems: int = 12, per_problem: int = 3) -> Run:
    """Of every problem's traces the first has an error at its second step."""
    project = a_project(slug="sums")
    ann, ben = a_rater(project), a_rater(project)
    for p in range(n_problems):
        problem = Problem.objects.create(
            project=project,
            external_id=f"p{p}",
            text=f"Problem {p}: " + " ".join(f"word{p}x{n}" for n in range(20)),
            content_hash=f"{p:064d}",
        )
        for t in range(per_problem):
            # The second and the third trace of a problem say the same but for a space.
            texts = [f"Say {p} {min(t, 1)}" + " and so on" * 9 + " " * t + "\n", f"Stop {p} {min(t, 1)}.\n"]
            trace = a_trace(project, texts=texts, problem=problem, external_id=f"p{p}t{t}")
            say(ann, trace, "gb" if t == 0 else "gg")
            say(ben, trace, "gb" if t == 0 else "g-")
    return run_consensus(project, policy="majority")


def exported(run: Run, out: Path, **settings: Any) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    lists = settings.pop("lists", None)
    manifest = export_run(run, out, format="trl_stepwise", settings=settings, benchmarks=lists)
    return {path.stem: rows_of(path) for path in sorted((out / "data").iterdir())}, manifest


def funnel_of(manifest: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {row["reason"]: (row["steps"], row["traces"]) for row in manifest["funnel"]}


def test_no_problem_is_in_two_splits_and_nothing_is_lost(tmp_path):
    run = a_run(40)
    settings = {"validation_share": 0.2, "test_share": 0.2, "seed": 3}

    splits, manifest = exported(run, tmp_path / "out", **settings)

    prompts = {name: {row["prompt"] for row in rows} for name, rows in splits.items()}
    assert set(prompts) == {"train", "validation", "test"}
    assert not prompts["train"] & prompts["test"]
    assert not prompts["train"] & prompts["validation"]
    assert not prompts["test"] & prompts["validation"]
    assert sum(map(len, splits.values())) == 120
    card = (tmp_path / "out/README.md").read_text()
    assert "- split: validation\n    path: data/validation.jsonl" in card
    assert "A problem is in one split" in card
    again, _ = exported(run, tmp_path / "again", **settings)
    assert again == splits
    assert manifest["selection"] == {"splits": {"problems_with_an_alike_one": 0}}


def test_near_duplicates_are_dropped_once_and_counted(tmp_path):
    splits, manifest = exported(a_run(), tmp_path / "out", duplicates="drop")

    assert len(splits["train"]) == 24
    assert funnel_of(manifest)["near_duplicate"] == (24, 12)
    assert "nearly the same as an earlier one" in (tmp_path / "out/README.md").read_text()


def test_a_near_twin_with_the_only_wrong_step_stays(tmp_path):
    project = a_project(slug="twins")
    ann = a_rater(project)
    problem = a_trace(project).problem
    right = ["We have three and four of them, as was said above,\n", "and so 3 + 4 = 7 of them in all."]
    for name, texts, marks in (
        ("right", right, "gg"),
        ("wrong", [right[0], right[1].replace("7", "8")], "gb"),
        ("same words, called wrong", [right[0], right[1] + " "], "gb"),
        ("same again", [right[0], right[1] + "  "], "gb"),
    ):
        say(ann, a_trace(project, texts=texts, problem=problem, external_id=name), marks)

    splits, manifest = exported(
        run_consensus(project, policy="majority"), tmp_path / "out", duplicates="drop"
    )

    assert [row["labels"] for row in splits["train"]] == [[True, True], [True, False], [True, False]]
    assert funnel_of(manifest)["near_duplicate"] == (2, 1)
    assert "numbers and labels included" in (tmp_path / "out/README.md").read_text()


def test_a_cap_and_a_balance_take_away_by_hash_and_not_from_what_is_held_back(tmp_path):
    run = a_run()
    capped, manifest = exported(run, tmp_path / "capped", max_per_problem=2)
    assert len(capped["train"]) == 24
    assert funnel_of(manifest)["over_the_cap"] == (24, 12)
    even, manifest = exported(run, tmp_path / "even", balance="errors")
    wrong = [row for row in even["train"] if False in row["labels"]]
    assert (len(wrong), len(even["train"])) == (12, 24)
    assert funnel_of(manifest)["balanced_away"] == (24, 12)
    held, _ = exported(run, tmp_path / "held", balance="errors", max_per_problem=1, test_share=0.4)
    assert len(held["test"]) % 3 == 0
    other, _ = exported(run, tmp_path / "other", max_per_problem=1, seed=5)
    first, _ = exported(run, tmp_path / "first", max_per_problem=1)
    assert other != first


def test_problems_known_from_a_benchmark_go_and_the_list_is_named(tmp_path):
    run = a_run()
    text = Problem.objects.get(external_id="p3").text
    (tmp_path / "bench.jsonl").write_text(json.dumps({"problem": text.upper()}))
    made = make_benchmark("bench", [tmp_path / "bench.jsonl"], tmp_path / "lists")
    settings = {"benchmarks": ["bench"], "lists": tmp_path / "lists"}

    splits, manifest = exported(run, tmp_path / "out", **settings)
    reported, told = exported(run, tmp_path / "told", contaminated="report", **settings)

    assert len(splits["train"]) == 33
    assert text not in {row["prompt"] for row in splits["train"]}
    assert funnel_of(manifest)["known_from_benchmark"] == (6, 3)
    (one,) = manifest["selection"]["benchmarks"]
    assert (one["sha256"], one["problems_found"]) == (made.sha256, 1)
    assert len(reported["train"]) == 36
    assert "known_from_benchmark" not in funnel_of(told)
    assert "These are still in here." in (tmp_path / "told/README.md").read_text()


def test_weights_say_who_agrees_or_what_is_rare(tmp_path):
    run = a_run()
    agreed, _ = exported(run, tmp_path / "agreed", weighting="agreement")
    assert {tuple(row["weights"]) for row in agreed["train"]} == {(1.0, 1.0)}
    rare, manifest = exported(run, tmp_path / "rare", weighting="balanced")
    total = {True: 0.0, False: 0.0}
    for row in rare["train"]:
        for label, weight in zip(row["labels"], row["weights"], strict=True):
            total[label] += weight
    assert total[True] == pytest.approx(total[False]) == pytest.approx(36)
    assert manifest["selection"]["weights"]["bad"] == pytest.approx(3.0)
