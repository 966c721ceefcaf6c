from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tests.webapp.management.statistics.commands import a_file, run_stats, stats_as_json

COLUMNS = ("--item", "item", "--rater", "worker", "--label", "label")
TABLE = "item,worker,label\n1,a,1\n1,b,1\n2,a,2\n2,b,3\n3,a,3\n3,b,3\n4,a,1\n4,b,2\n5,a,NA\n5,b,\n"


def test_alpha_and_its_interval_as_one_json_object(tmp_path: Path) -> None:
    found = stats_as_json("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--level", "ordinal", "--seed", 3)
    assert found["alpha"] == pytest.approx(0.7083, abs=5e-5)
    assert found["low"] < found["alpha"] < found["high"]
    assert (found["percent"], found["n_items"], found["n_labels"]) == (0.5, 4, 8)


def test_without_json_there_is_a_table_to_read(tmp_path: Path) -> None:
    printed = run_stats("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--level", "ordinal")
    assert "Krippendorff's alpha" in printed
    assert "0.7083" in printed


def test_identical_labels_leave_alpha_open_with_a_reason(tmp_path: Path) -> None:
    text = "item,worker,label\n1,a,ok\n1,b,ok\n2,a,ok\n2,b,ok\n"
    found = stats_as_json("agreement", a_file(tmp_path, text), *COLUMNS)
    assert (found["alpha"], found["low"], found["high"], found["percent"]) == (None, None, None, 1.0)
    assert "without variation" in found["reason"]


def test_bad_input_is_one_line_that_names_the_place(tmp_path: Path) -> None:
    path = a_file(tmp_path, "item,worker,label\n1,a,1\n1,b,7\n,c,1\n")
    with pytest.raises(CommandError, match=r"line 4, column item: the id is missing"):
        run_stats("agreement", path, *COLUMNS)
    path = a_file(tmp_path, "item,worker,label\n1,a,1\n1,b,7\n")
    with pytest.raises(CommandError, match=r"line 3, column label: 7 is not one of the levels \[1, 2\]"):
        run_stats("agreement", path, *COLUMNS, "--levels", "1,2")
    with pytest.raises(CommandError, match="has no columns worker, label"):
        run_stats("agreement", a_file(tmp_path, "item,w\n1,2\n"), *COLUMNS)
