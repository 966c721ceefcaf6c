from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.errors import Rejected
from annotate.export.contracts import Written
from annotate.export.formats.trl_stepwise import PATH, write
from annotate.export.prefixes import HardSettings, check_verdicts
from annotate.export.rows import source_of
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.models import Problem
from tests.annotate.export.decided import Decided, a_decided_project
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def exported(decided: Decided, folder: Path, **settings: Any) -> tuple[list[dict[str, Any]], Written]:
    written = write(source_of(decided.run), folder, HardSettings(**settings))
    return [json.loads(line) for line in (folder / PATH).read_text().split("\n")[:-1]], written


def test_a_row_is_a_prompt_and_as_many_labels_as_completions(tmp_path):
    rows, _ = exported(a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-")), tmp_path)

    assert rows == [
        {
            "prompt": "What is six times seven?",
            "completions": ["Step 1: one more.", "Step 2: one more.", "Step 3: one more."],
            "labels": [True, True, True],
        },
        {
            "prompt": "What is six times seven?",
            "completions": ["Step 1: one more.", "Step 2: one more."],
            "labels": [True, False],
        },
    ]


def test_a_step_without_a_decision_ends_the_trace_and_is_never_false(tmp_path):
    """A tie at the second step: the third, although kept, is cut and counted."""
    rows, written = exported(a_decided_project(torn=("ggg", "gbg")), tmp_path)

    assert [row["labels"] for row in rows] == [[True]]
    assert written.counts == {
        "traces_written": 1,
        "traces_left_out": 0,
        "traces_cut_short": 1,
        "steps_written": 1,
        "steps_cut_off": 1,
        "steps_neutral_cut": 0,
        "labels_true": 1,
        "labels_false": 0,
    }
    assert [(row.reason, row.steps, row.traces) for row in written.funnel] == [
        ("behind_a_gap", 1, 1),
        ("written", 1, 1),
    ]


def test_a_trace_that_starts_with_a_gap_is_left_out_and_counted(tmp_path):
    rows, written = exported(a_decided_project(whole=("g", "g"), gap=("gg", "bg")), tmp_path)

    assert len(rows) == 1
    assert written.counts["traces_left_out"] == 1
    assert written.counts["steps_cut_off"] == 1


@pytest.mark.parametrize(
    ("neutral", "labels", "cut"),
    [("true", [True, True, False], 0), ("false", [True, False, False], 0), ("drop", [True], 1)],
)
def test_neutral_is_what_the_setting_says(tmp_path, neutral, labels, cut):
    rows, written = exported(a_decided_project(some=("gnb", "gnb")), tmp_path, neutral=neutral)

    assert rows[0]["labels"] == labels
    assert written.counts["steps_neutral_cut"] == cut
    assert written.counts["steps_cut_off"] == cut
    assert sum(row.steps for row in written.funnel) == 3


def test_text_that_ends_lines_elsewhere_stays_in_its_row(tmp_path):
    decided = a_decided_project(whole=("g", "g"))
    Problem.objects.update(text="One\x85two\u2028three\u2029\n“four”")

    (row,), _ = exported(decided, tmp_path)

    assert row["prompt"] == "One\x85two\u2028three\u2029\n“four”"
    assert len((tmp_path / PATH).read_text().splitlines()) == 1


def test_a_criterion_with_other_levels_is_refused():
    """What is neither good nor bad has no boolean."""
    style = CriterionPreset(
        key="style",
        title="Style",
        description="Is it well said?",
        levels=(LevelPreset("crisp", "Crisp", "", "1", 1.0), LevelPreset("wordy", "Wordy", "", "2", 0.0)),
    )
    project = a_project()
    project.rubric = create_rubric(project, name="Style", criteria=(style,))
    a_trace(project)

    run = run_consensus(project, policy="majority", criterion_key="style")

    with pytest.raises(Rejected, match="crisp, wordy") as refusal:
        check_verdicts(run, HardSettings())
    assert refusal.value.field == "criterion"
