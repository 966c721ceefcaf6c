from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.export.select.benchmarks import read_benchmark


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("hashes", *arguments, stdout=out)
    return out.getvalue()


def test_a_list_is_made_and_shown(tmp_path: Path, settings) -> None:
    settings.BENCHMARKS_DIR = tmp_path / "lists"
    (tmp_path / "in.jsonl").write_text(json.dumps({"ask": "How much is six times seven?"}))

    made = run_command("mine", str(tmp_path / "in.jsonl"), "--field", "ask", "--n", "4")

    assert "mine: 1 problems, 3 sequences of 4 words" in made
    assert "mine" in run_command()
    with pytest.raises(CommandError, match="no hash list 'other'"):
        run_command("other")
    with pytest.raises(CommandError, match="is not there"):
        run_command("mine", str(tmp_path / "nowhere"))


LONG = "A train leaves the station at {} and travels for three hours at forty miles an hour before it stops."


def rows_of(benchmark: str) -> tuple[str, str, int]:
    """A file's name and content as the benchmark is given out, and how many problems are in it."""
    first, second = LONG.format("noon"), LONG.format("dawn")
    if benchmark == "gsm8k":
        row = {"question": first, "answer": "3 * 40 = <<3*40=120>>120\n#### 120"}
        return "test.jsonl", json.dumps(row) + "\n", 1
    if benchmark == "math":
        row = {"problem": first, "level": "Level 1", "type": "Algebra", "solution": "$\\boxed{120}$"}
        return "MATH/test/algebra/1.json", json.dumps(row, indent=4), 1
    if benchmark == "processbench":
        row = {"id": "gsm8k-0", "generator": "m", "problem": first, "steps": ["120"], "label": -1}
        return "ProcessBench/gsm8k.json", json.dumps([row | {"final_answer_correct": True}]), 1
    row = {"idx": "circular_0", "original_question": first, "modified_question": second}
    steps = {"original_process": ["120"], "modified_process": ["121"], "error_steps": [1]}
    return "prmbench/circular.jsonl", json.dumps(row | steps | {"classification": "circular"}) + "\n", 2


@pytest.mark.parametrize("benchmark", ["gsm8k", "math", "processbench", "prmbench"])
def test_the_lists_in_the_documentation_are_made_as_it_says(benchmark: str, tmp_path: Path, settings) -> None:
    settings.BENCHMARKS_DIR = tmp_path / "lists"
    name, content, n = rows_of(benchmark)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)

    # As a folder where the documentation names one.
    made = run_command(benchmark, str(tmp_path / "MATH/test" if benchmark == "math" else file))

    assert f"{benchmark}: {n} problems" in made
    found = read_benchmark(benchmark, settings.BENCHMARKS_DIR)
    assert found.share(LONG.format("noon")) == 1
    assert found.share(LONG.format("dawn")) < 1 or benchmark == "prmbench"
    assert (
        found.share("Somebody has four apples and gives three of them to each of her two sisters, who eat.")
        == 0
    )
