from __future__ import annotations

import json
import sys

import pyarrow.parquet
import pytest

from annotate.errors import Rejected
from annotate.export import tables
from annotate.export.actions import export_run
from annotate.export.formats import parquet
from annotate.export.formats.parquet import ParquetSettings
from annotate.export.rows import source_of
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.illustrated import an_illustrated_run

pytestmark = pytest.mark.django_db


def test_every_step_is_a_row_with_its_votes(tmp_path):
    decided = a_decided_project(torn=("gg-", "gb-"))

    written = parquet.write(source_of(decided.run), tmp_path, ParquetSettings())

    rows = pyarrow.parquet.read_table(tmp_path / parquet.STEPS).to_pylist()
    assert [(row["position"], row["action"], row["label"], row["reason"]) for row in rows] == [
        (0, "keep", "good", "majority"),
        (1, "ask", None, "tie"),
        (2, "ask", None, "no_label"),
    ]
    assert rows[0]["text"] == "Step 1: one more.\n"
    assert rows[0]["probability"] is None
    assert rows[1]["votes"] == [
        {
            "rater": "person-001",
            "kind": "person",
            "criterion": "verdict",
            "value": "good",
            "score": None,
            "is_simulated": False,
            "text": "",
            "seconds": None,
        },
        {
            "rater": "person-002",
            "kind": "person",
            "criterion": "verdict",
            "value": "bad",
            "score": None,
            "is_simulated": True,
            "text": "",
            "seconds": None,
        },
    ]
    assert rows[2]["votes"] == []
    assert written.counts == {
        "traces_written": 1,
        "steps_written": 3,
        "steps_keep": 1,
        "steps_drop": 0,
        "steps_ask": 2,
        "images_written": 0,
        "images_left_out": 0,
    }


def test_the_raters_file_names_those_who_spoke_and_marks_the_simulated(tmp_path):
    decided = a_decided_project(whole=("g", "g"))

    parquet.write(source_of(decided.run, is_anonymous=False), tmp_path, ParquetSettings())

    assert pyarrow.parquet.read_table(tmp_path / parquet.RATERS).to_pylist() == [
        {"rater": "Ann Archer", "kind": "person", "is_simulated": False},
        {"rater": "Ben Bot", "kind": "person", "is_simulated": True},
    ]


def test_row_groups_bound_what_is_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP", 2)
    decided = a_decided_project(one=("ggg", "ggg"), two=("gg", "gg"))

    parquet.write(source_of(decided.run), tmp_path, ParquetSettings())

    file = pyarrow.parquet.ParquetFile(tmp_path / parquet.STEPS)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 1]


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch):
    decided = a_decided_project(whole=("g", "g"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(Rejected, match=r"manage\.py setup export"):
        parquet.check(decided.run, ParquetSettings())


def test_what_is_the_traces_and_its_problems_stands_in_its_first_row(tmp_path):
    run = an_illustrated_run(tmp_path)

    export_run(run, tmp_path / "out", format="parquet", settings={"with_meta": True})

    rows = pyarrow.parquet.read_table(tmp_path / "out" / parquet.STEPS).to_pylist()
    first, second, *_ = [row for row in rows if row["trace"] == "shown"]
    assert [json.loads(first[name]) for name in ("meta", "trace_meta", "problem_meta")] == [
        {"tool": "browser"},
        {"seed": 7},
        {"source": "book", "images_of": 2},
    ]
    assert [second[name] for name in ("meta", "trace_meta", "problem_meta")] == [None] * 3
    assert (len(first["problem_images"]), second["problem_images"]) == (2, [])
    assert [(one["alt"], one["url"]) for one in first["images"]] == [
        ("A [form]", None),
        (None, "https://example.org/a.png"),
    ]
    assert first["images"][0]["data"].startswith("data:image/webp;base64,")


def test_nobodys_meta_goes_out_unasked(tmp_path):
    export_run(an_illustrated_run(tmp_path), tmp_path / "out", format="parquet")

    rows = pyarrow.parquet.read_table(tmp_path / "out" / parquet.STEPS).to_pylist()
    assert {row[name] for row in rows for name in ("meta", "trace_meta", "problem_meta")} == {None}


def test_large_rows_end_a_group_early(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "HEAVY", 500)

    export_run(an_illustrated_run(tmp_path), tmp_path / "out", format="parquet")

    file = pyarrow.parquet.ParquetFile(tmp_path / "out" / parquet.STEPS)
    # The trace whose images are larger than that, and what is left.
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 2]
