from __future__ import annotations

import csv
import io
import re

import pytest

from tests.paths import REPOSITORY
from webapp.tables import Table, harmless, lines_of


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK(1)",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\r=1",
        "\n=1",
        "  =1",
        "\ufeff=1",
        "＝1",
    ],
)
def test_what_looks_like_a_formula_becomes_a_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "good", "-1", "+0.5", "a=b", "1e9", -3, 0.25, None, True])
def test_words_and_numbers_stay(cell: object) -> None:
    assert harmless(cell) is cell


def test_a_file_and_its_lines_are_the_same_and_guarded() -> None:
    rows = [("name", "n"), ("=1+1", 3), ("a,b", None)]
    file = io.StringIO()
    table = Table(file)
    table.rows(rows)
    assert file.getvalue() == "".join(lines_of(rows))
    assert list(csv.reader(io.StringIO(file.getvalue()))) == [["name", "n"], ["'=1+1", "3"], ["a,b", ""]]


def test_nobody_writes_csv_past_the_guard() -> None:
    writers = [
        str(path.relative_to(REPOSITORY))
        for room in ("annotate", "webapp", "workers")
        for path in (REPOSITORY / room).rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)\b|\.to_csv\(", path.read_text())
    ]
    assert writers == ["webapp/tables.py"]
