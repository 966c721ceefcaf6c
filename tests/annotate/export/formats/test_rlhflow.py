from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.export.actions import export_run
from annotate.models import Step
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.published import check_rlhflow, rows_of

pytestmark = pytest.mark.django_db


def test_the_first_turn_is_the_problem_with_the_first_step(tmp_path):
    decided = a_decided_project(whole=("gg", "gg"), wrong=("gb", "gb"))

    export_run(decided.run, tmp_path / "out", format="rlhflow")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert [check_rlhflow(row) for row in rows] == [[True, True], [True, False]]
    users = [turn["content"] for turn in rows[0]["conversations"][::2]]
    assert users == ["What is six times seven? Step 1: one more.", "Step 2: one more."]


def test_steps_get_a_number_by_which_readers_find_the_first(tmp_path):
    decided = a_decided_project(whole=("g", "g"))
    Step.objects.update(text="Six times seven.", tail=0)

    for is_numbered, said in ((True, "Step 1: Six times seven."), (False, "Six times seven.")):
        out = tmp_path / str(is_numbered)
        export_run(decided.run, out, format="rlhflow", settings={"is_numbered": is_numbered})
        (row,) = rows_of(out / "data/train.jsonl")
        assert row["conversations"][0]["content"] == f"What is six times seven? {said}"


def test_weights_have_no_room_and_are_refused(tmp_path):
    decided = a_decided_project(whole=("g", "g"))

    with pytest.raises(Rejected, match="no room for weights") as refusal:
        export_run(decided.run, tmp_path / "out", format="rlhflow", settings={"weighting": "agreement"})
    assert refusal.value.field == "weighting"
