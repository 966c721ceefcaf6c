from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.export.actions import export_run
from annotate.models import Step
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.published import check_math_shepherd, rows_of

pytestmark = pytest.mark.django_db


def exported(run: Any, out: Path, **settings: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    manifest = export_run(run, out, format="math_shepherd", settings=settings)
    return rows_of(out / "data/train.jsonl"), manifest


def test_text_and_labels_line_up_as_published(tmp_path):
    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gnb", "gnb"))

    rows, manifest = exported(decided.run, tmp_path / "out")

    assert [check_math_shepherd(row) for row in rows] == [[True, True, True], [True, True, False]]
    assert (
        rows[1]["label"]
        == "What is six times seven? Step 1: one more. +\nStep 2: one more. +\nStep 3: one more. -"
    )
    assert rows[0]["task"] == "sums"
    assert manifest["counts"]["labels_false"] == 1


def test_a_text_that_holds_the_tag_is_refused_and_counted(tmp_path):
    decided = a_decided_project(whole=("gg", "gg"), russian=("ggg", "ggg"))
    Step.objects.filter(trace=decided.traces["russian"], position=1).update(text="Три носки.\n", tail=1)

    rows, manifest = exported(decided.run, tmp_path / "out", task="GSM8K")

    assert len(rows) == 1
    assert rows[0]["task"] == "GSM8K"
    refused = next(row for row in manifest["funnel"] if row["reason"] == "refused")
    assert (refused["steps"], refused["traces"]) == (3, 1)


def test_steps_get_numbers_only_where_they_have_none(tmp_path):
    decided = a_decided_project(whole=("gg", "gg"))
    Step.objects.filter(position=1).update(text="And done.", tail=0)

    rows, _ = exported(decided.run, tmp_path / "out", is_numbered=True)

    assert rows[0]["input"].endswith("Step 1: one more. ки\nStep 2: And done. ки")
