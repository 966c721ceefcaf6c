from __future__ import annotations

import pytest

from annotate.export.actions import export_run
from annotate.models import Step
from tests.annotate.export.decided import Decided, a_decided_project
from tests.annotate.export.published import check_qwen_prm, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided() -> Decided:
    decided = a_decided_project(whole=("gb", "gb"), mark=("gg", "gg"), blank=("gg", "gg"))
    Step.objects.filter(trace=decided.traces["mark"], position=0).update(text="Print <extra_0>.\n", tail=1)
    Step.objects.filter(trace=decided.traces["blank"], position=0).update(text="$$\n\nx\n \n$$\n\n", tail=2)
    return decided


def test_a_mark_ends_every_step_and_what_cannot_be_said_is_refused(decided, tmp_path):
    manifest = export_run(decided.run, tmp_path / "out", format="qwen_prm")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert check_qwen_prm(row) == ["Step 1: one more.", "Step 2: one more."]
    assert row["labels"] == [1, 0]
    refused = next(row for row in manifest["funnel"] if row["reason"] == "refused")
    assert (refused["steps"], refused["traces"]) == (4, 2)
    assert manifest["counts"]["traces_refused"] == 2


def test_blank_lines_may_be_closed_and_the_card_says_so(decided, tmp_path):
    export_run(decided.run, tmp_path / "out", format="qwen_prm", settings={"blank_lines": "close"})

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert [check_qwen_prm(row)[0] for row in rows] == ["Step 1: one more.", "$$\nx\n$$"]
    assert "Blank lines inside steps have been closed." in (tmp_path / "out/README.md").read_text()
