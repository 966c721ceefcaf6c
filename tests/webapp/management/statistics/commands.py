"""Run ``stats`` on a table written for one test; none of these tests may touch a database."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command


def run_stats(*arguments: object) -> str:
    out = StringIO()
    call_command("stats", *map(str, arguments), stdout=out)
    return out.getvalue()


def stats_as_json(*arguments: object) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(run_stats(*arguments, "--json"), parse_constant=refuse)


def a_file(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path
