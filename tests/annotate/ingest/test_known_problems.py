from __future__ import annotations

from pathlib import Path

import pytest

from annotate.errors import Rejected
from annotate.ingest.json_records import json_records
from annotate.ingest.known_problems import KnownProblems, problems_in
from annotate.ingest.source import Source
from tests.annotate.ingest.readers.reading import written
from tests.paths import data_file


@pytest.mark.parametrize("name", ["problem", "question", "prompt"])
def test_problems_stand_under_the_usual_names(tmp_path: Path, name: str) -> None:
    known = problems_in(written(tmp_path, {name: " 2 + 3? "}, {name: "2 + 3?"}, {name: "4 + 4?"}))
    assert len(known) == 2
    assert [known.first_in(text) for text in ("2 + 3? So 5.", "2 + 3?", "2 + 3?So", "3 + 2? So 5.")] == [
        "2 + 3?",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        (({"problem": "a"}, {"text": "b"}), 2, "this row holds no problem, question"),
        (("[]",), None, "holds no problem"),
        (({"problem": " "},), 1, "is empty"),
    ],
)
def test_a_list_without_problems_is_refused(
    tmp_path: Path, rows: tuple[object, ...], row: int, reason: str
) -> None:
    with pytest.raises(Rejected, match=reason) as caught:
        problems_in(written(tmp_path, *rows))
    assert caught.value.row == row


def test_real_problems_are_told_from_the_solutions_behind_them() -> None:
    """Every problem of GSM8K's test set, with the first sentence of its solution behind it."""
    with Source(data_file("gsm8k/test.jsonl.gz")) as source:
        rows = [record.value for record in json_records(source.text)]  # type: ignore[union-attr]
    known = KnownProblems(row["question"] for row in rows)
    for row in rows:
        problem = row["question"].strip()
        assert known.first_in(f"{problem} {row['answer']}") == problem
