from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("hashes", *arguments, stdout=out)
    return out.getvalue()


def test_a_list_is_made_and_shown(tmp_path: Path, settings) -> None:
    settings.BENCHMARKS_DIR = tmp_path / "lists"
    (tmp_path / "in.jsonl").write_text(json.dumps({"ask": "How much is six times seven?"}))

    made = run_command("mine", str(tmp_path / "in.jsonl"), "--field", "ask", "--n", "4")

    assert "mine: 1 problems, 4 sequences of 4 words" in made
    assert "mine" in run_command()
    with pytest.raises(CommandError, match="no hash list 'other'"):
        run_command("other")
    with pytest.raises(CommandError, match="is not there"):
        run_command("mine", str(tmp_path / "nowhere"))
