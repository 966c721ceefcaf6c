from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate.enums import RaterKind
from annotate.ingest.drafts import BadRow, LabelDraft, LabelLine, RaterDraft, Row
from annotate.ingest.readers import reader_for
from annotate.ingest.readers.labels import LabelsReader
from annotate.ingest.source import Source


def read(tmp_path: Path, text: str) -> list[Row | BadRow]:
    path = tmp_path / "labels"
    path.write_text(text, errors="surrogateescape")
    with Source(path) as source:
        return list(LabelsReader().rows(source))


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    table = (
        'trace,step,rater,rater_kind,value,text,seconds,is_simulated\nt1,0,ann,judge,good,"a, b",1.5,true\n'
    )
    row = {"trace": "t1", "step": 0, "rater": "ann", "rater_kind": "judge", "value": "good", "text": "a, b"}
    line = json.dumps(row | {"seconds": 1.5, "is_simulated": True})
    expected = LabelLine(
        "t1", LabelDraft(RaterDraft("ann", RaterKind.JUDGE, True), "verdict", 0, "good", "a, b", 1.5)
    )
    assert read(tmp_path, table) == [Row(2, expected)]
    assert read(tmp_path, line) == read(tmp_path, f"[{line}]") == [Row(1, expected)]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_cells_may_be_separated_otherwise(tmp_path: Path, mark: str) -> None:
    table = 'trace,step,rater,value,text\nt1,0,ann,good,"a, b"\n'
    other = "trace;step;rater;value;text\nt1;0;ann;good;a, b\n".replace(";", mark)
    assert read(tmp_path, other) == read(tmp_path, table)
    with Source(tmp_path / "labels") as source:
        assert reader_for(source).name == "labels"


def test_empty_cells_say_nothing(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "trace,step,rater,value,text,seconds,is_simulated\nt1,,ann,,fine,,\n")
    assert row == Row(2, LabelLine("t1", LabelDraft(RaterDraft("ann"), "verdict", None, "", "fine")))


def test_row_is_named_by_the_line_it_starts_on(tmp_path: Path) -> None:
    rows = read(tmp_path, 'trace,rater,text\nt1,ann,"two\nlines"\n\nt2,ann,x\n')
    assert [row.line for row in rows] == [2, 5]


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        (",0,ann,good,,", "trace", "missing"),
        ("t1,0,,good,,", "rater", "missing"),
        ("t1,-1,ann,good,,", "step", "whole number"),
        ("t1,1.0,ann,good,,", "step", "whole number"),
        ("t1,²,ann,good,,", "step", "whole number"),
        ("t1,0,ann,good,soon,", "seconds", "number"),
        ("t1,0,ann,good,nan,", "seconds", "number"),
        ("t1,0,ann,good,-1,", "seconds", "0 or more"),
        ("t1,0,ann,good,,maybe", "is_simulated", "true or false"),
        ("t1,0,ann,good", None, "4 cells; the header has 6"),
        ("t1,0,a\x00nn,good,,", "rater", "NUL"),
        ("t1,0,a\udcffnn,good,,", "rater", "not Unicode"),
        ('t1,0,"ann"x,good,,', None, "not CSV"),
    ],
)
def test_bad_row_is_located_and_the_next_is_read(
    tmp_path: Path, cells: str, field: str | None, reason: str
) -> None:
    rows = read(tmp_path, f"trace,step,rater,value,seconds,is_simulated\n{cells}\nt1,0,ben,bad,,\n")
    bad, good = rows
    assert isinstance(bad, BadRow)
    assert isinstance(good, Row)
    assert (bad.line, bad.field, good.line) == (2, field, 3)
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("header", "field"),
    [("trace,value", "rater"), ("trace,rater,colour", "colour"), ("trace,rater,rater", None)],
)
def test_bad_header_stops_the_file(tmp_path: Path, header: str, field: str | None) -> None:
    (row,) = read(tmp_path, f"{header}\nt1,ann,good\n")
    assert isinstance(row, BadRow)
    assert (row.line, row.field) == (1, field)
