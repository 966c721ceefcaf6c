from __future__ import annotations

from pathlib import Path

import pytest

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.options import ReadOptions
from annotate.ingest.readers import text as reader
from annotate.ingest.splitting import SplitMode
from tests.annotate.ingest.readers.reading import bad, drafts, one_trace, read, texts, written

TWO = "2 + 3?\n-----\nAdd.\n\nIt is 5.\n==========\nWhat, then?\n-------\n<think>\nHm.\n</think>\nYes.\n"


def test_lines_divide_traces_and_problems(tmp_path: Path) -> None:
    first, second = drafts(written(tmp_path, TWO), "text")
    assert (first.problem.text, texts(first)) == ("2 + 3?", ["Add.\n\n", "It is 5."])  # type: ignore[union-attr, arg-type]
    assert (second.problem.text, texts(second)) == (  # type: ignore[union-attr, arg-type]
        "What, then?",
        ["<think>\nHm.\n</think>\n", "Yes."],
    )


def test_solution_alone_needs_its_problem(tmp_path: Path) -> None:
    path = written(tmp_path, "Add. It is\n-----\n5.")
    draft = one_trace(path, "text", ReadOptions(problem="2 + 3?", split=SplitMode.SENTENCE))
    assert texts(draft) == ["Add. ", "It is\n-----\n5."]
    assert bad(written(tmp_path, "Add."))[0] == "problem"


def test_rows_are_named_by_the_line_they_start_on(tmp_path: Path) -> None:
    _, rows = read(written(tmp_path, f"{TWO}=====\n \n=====\nno problem\n"))
    assert [(type(row), row.line) for row in rows] == [(Row, 1), (Row, 7), (BadRow, 16)]


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("p\n-----\n \n", "text", "is empty"),
        (b"p\n-----\na\xff", "text", "not Unicode"),
        (b"p\n-----\na\x00", "text", "NUL"),
    ],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, text: str | bytes, field: str, reason: str) -> None:
    found, why = bad(written(tmp_path, text), "text")
    assert (found, reason in why) == (field, True)


def test_text_that_never_ends_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_TEXT", 100)
    field, reason = bad(written(tmp_path, "p\n-----\n" + "a" * 1000), "text")
    assert (field, "more than 200 characters" in reason) == ("text", True)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("id,problem,solution,solution\n1,a,b,c\n", "line 1: the header names a column twice"),
        ('id,problem,solution\n1,"unclosed,b\n2,c,d\n', "line 2: this is not CSV"),
        ("id,problem,solution\n1,a,b,c\n2,a,b,c\n", "line 2: has 4 cells; the header has 3"),
        ("id\tproblem\n1\n", "line 2: has 1 cells"),
    ],
)
def test_a_broken_table_is_no_text(tmp_path: Path, table: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        read(written(tmp_path, table), options=ReadOptions(problem="2 + 3?"))


@pytest.mark.parametrize(
    "text",
    [
        "Well,\nwe add.",
        'First, we note:\n"Add" them, as they say.',
        "In total 1,000 apples.\nNo more.",
        "1, 1, 2, 3 and so on.\nNext is 5.",
        "| a | b |\n|---|---|\n\nSo it is.",
        "int f(int a,int b) {\n  return a;\n}",
    ],
)
def test_prose_with_marks_in_it_is_text(tmp_path: Path, text: str) -> None:
    draft = one_trace(written(tmp_path, text), "text", ReadOptions(problem="2 + 3?"))
    assert "".join(texts(draft)) == text
