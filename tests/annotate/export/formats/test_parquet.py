from __future__ import annotations

import sys

import pyarrow.parquet
import pytest

from annotate.errors import Rejected
from annotate.export.formats import parquet
from annotate.export.rows import source_of
from annotate.export.tiers import TierSettings
from tests.annotate.export.decided import a_decided_project

pytestmark = pytest.mark.django_db


def test_every_step_is_a_row_with_its_votes(tmp_path):
    decided = a_decided_project(torn=("gg-", "gb-"))

    written = parquet.write(source_of(decided.run), tmp_path, TierSettings())

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
        },
        {
            "rater": "person-002",
            "kind": "person",
            "criterion": "verdict",
            "value": "bad",
            "score": None,
            "is_simulated": True,
        },
    ]
    assert rows[2]["votes"] == []
    assert written.counts == {
        "traces_written": 1,
        "steps_written": 3,
        "steps_keep": 1,
        "steps_drop": 0,
        "steps_ask": 2,
    }


def test_the_raters_file_names_those_who_spoke_and_marks_the_simulated(tmp_path):
    decided = a_decided_project(whole=("g", "g"))

    parquet.write(source_of(decided.run, is_anonymous=False), tmp_path, TierSettings())

    assert pyarrow.parquet.read_table(tmp_path / parquet.RATERS).to_pylist() == [
        {"rater": "Ann Archer", "kind": "person", "is_simulated": False},
        {"rater": "Ben Bot", "kind": "person", "is_simulated": True},
    ]


def test_row_groups_bound_what_is_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    decided = a_decided_project(one=("ggg", "ggg"), two=("gg", "gg"))

    parquet.write(source_of(decided.run), tmp_path, TierSettings())

    file = pyarrow.parquet.ParquetFile(tmp_path / parquet.STEPS)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 1]


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch):
    decided = a_decided_project(whole=("g", "g"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(Rejected, match=r"manage\.py setup export"):
        parquet.check(decided.run, TierSettings())
