from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.annotate.measure.test_benchmarks import a_file, prm_row, solution

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate", *arguments, stdout=out)
    return out.getvalue()


def test_predictions_are_scored_as_a_table_or_as_json(tmp_path: Path) -> None:
    file = a_file(tmp_path / "in.jsonl", solution("gsm8k-0", 1), solution("gsm8k-1", -1))
    said = a_file(
        tmp_path / "p.jsonl", {"id": "gsm8k-0", "labels": [1, 0, 1]}, {"id": "gsm8k-1", "labels": [1, 1, 1]}
    )

    table = run_command("processbench", str(file), "--predictions", str(said))
    found = json.loads(run_command("processbench", str(file), "--predictions", str(said), "--json"))

    assert "gsm8k" in table
    assert "1.000" in table
    assert found["f1"]["value"] == 1.0


def test_prmbench_tells_how_many_solutions_are_valid(tmp_path: Path) -> None:
    file = a_file(tmp_path / "in.jsonl", prm_row("p_0", "circular", [2]), prm_row("p_1", "circular", [2]))
    said = a_file(tmp_path / "p.jsonl", {"idx": "circular_p_0", "labels": [1, 0, 1]})
    assert "1 of 2 solutions" in run_command("prmbench", str(file), "--predictions", str(said))


def test_whose_answers_must_be_said(tmp_path: Path) -> None:
    file = str(a_file(tmp_path / "in.jsonl", solution("gsm8k-0", 1)))
    with pytest.raises(CommandError, match="Say whose"):
        run_command("processbench", file)
    with pytest.raises(CommandError, match="leave out"):
        run_command("processbench", file, "--predictions", file, "--rater", "x")
