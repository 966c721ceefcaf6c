from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from django.core.management.base import CommandError

from annotate.errors import Rejected
from tests.webapp.management.statistics.commands import a_file
from webapp.management.statistics.columns import read_columns


def refusal(folder: Path, text: str, *wanted: str) -> str:
    path = a_file(folder, text)
    with pytest.raises(CommandError) as caught:
        read_columns(str(path), wanted)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_the_delimiter_is_the_one_that_finds_the_columns(tmp_path: Path, mark: str) -> None:
    rows = [["item", "a,b;c|d", "label"], ["1", "x", "2"], ["2", "y", "3"]]
    text = "\r\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)
    found = read_columns(str(a_file(tmp_path, text)), ["item", "label"])
    assert found.cells == {"item": ["1", "2"], "label": ["2", "3"]}


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    found = read_columns(str(a_file(tmp_path, "\ufeffitem,label\nä,1\n")), ["item"])
    assert found.ids("item") == ["ä"]


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    given = TextIOWrapper(BytesIO(b"item;label\n1;2\n"))
    monkeypatch.setattr("sys.stdin", given)
    assert read_columns("-", ["label"]).cells["label"] == ["2"]
    assert not given.closed


def test_a_delimiter_can_be_said(tmp_path: Path) -> None:
    path = str(a_file(tmp_path, "item\tx,y\n1\t2\n"))
    assert read_columns(path, ["item"], delimiter="tab").ids("item") == ["1"]
    with pytest.raises(CommandError, match="neither one character nor comma"):
        read_columns(path, ["item"], delimiter="spaces")


def test_every_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    text = "item,worker\n1,2\n"
    assert refusal(tmp_path, text, "item", "rater", "label") == (
        "FILE has no columns rater, label; it has item, worker"
    )
    assert refusal(tmp_path, text, "label") == "FILE has no column label; it has item, worker"


def test_bad_rows_are_named_by_their_lines(tmp_path: Path) -> None:
    text = 'item,label\n1,"two\nlines"\n2\n\n3,4\n5,6,7\n'
    assert refusal(tmp_path, text, "item") == "FILE: lines 4, 7 have not as many cells as the header, 2"
    many = "item,label\n" + "1\n" * 9
    assert "lines 2, 3, 4, 5, 6 and 4 more have not" in refusal(tmp_path, many, "item")


def test_what_is_no_table_is_said_in_one_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "", "item") == "FILE: empty, or without a header line"
    assert refusal(tmp_path, "item,item\n1,2\n", "item") == "FILE: more than one column is called item"
    with pytest.raises(CommandError, match="No such file"):
        read_columns(str(tmp_path / "none.csv"), ["item"])
    latin = tmp_path / "latin.csv"
    latin.write_bytes("item\nä\n".encode("latin-1"))
    with pytest.raises(CommandError, match="not UTF-8"):
        read_columns(str(latin), ["item"])


def test_labels_are_numbers_only_when_all_are(tmp_path: Path) -> None:
    found = read_columns(str(a_file(tmp_path, "a,b\n1,1\n2.0,x\nNA,NA\n,\n.5,2\n")), ["a", "b"])
    assert found.labels("a") == ([1, 2, None, None, 0.5], None)
    assert found.labels("b") == (["1", "x", None, None, "2"], None)
    assert found.labels("a", ["0.5", "1", "2"])[1] == [0.5, 1, 2]
    # With numbers as levels, the one label that is none is left to be named.
    assert found.labels("b", ["1", "2"]) == ([1, "x", None, None, 2], [1, 2])
    assert found.labels("a", ["low", "high"])[0][0] == "1"


def test_numbers_name_the_cell_that_is_none(tmp_path: Path) -> None:
    found = read_columns(str(a_file(tmp_path, "w,v\n1.5,1\nNA,1_000\n-2e3,inf\n")), ["w", "v"])
    np.testing.assert_array_equal(found.numbers("w"), [1.5, np.nan, -2000])
    with pytest.raises(CommandError, match=r"line [34], column v: '(1_000|inf)' is not a number"):
        found.numbers("v")


def test_errors_of_the_statistics_name_line_and_column(tmp_path: Path) -> None:
    found = read_columns(str(a_file(tmp_path, 'item\n"a\nb"\nc\n')), ["item"])
    with pytest.raises(CommandError, match=r"line 4, column item: odd"), found.named({"value": "item"}):
        raise Rejected("odd", row=2, field="value")
    with pytest.raises(Rejected, match="field resamples"), found.named({"value": "item"}):
        raise Rejected("at least one resample is needed", field="resamples")
