from __future__ import annotations

import json

import pyarrow.parquet
import pytest

from annotate.consensus.actions import run_consensus
from annotate.errors import Rejected
from annotate.export.actions import export_run
from annotate.models import Run
from tests.annotate.consensus.corpus import a_corpus
from tests.annotate.export.decided import a_decided_project
from tests.factories import a_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    project = a_project(slug="sums")
    a_corpus(project)
    return run_consensus(project, policy="posterior", settings={"keep_below": 0.01, "soft_below": 0.4})


def test_rows_of_a_tier_and_soft_targets_of_all(run, tmp_path):
    export_run(run, tmp_path / "all", format="parquet")
    export_run(run, tmp_path / "some", format="parquet", settings={"tiers": ["A", "C"]})

    every = pyarrow.parquet.read_table(tmp_path / "all/data/steps.parquet").to_pylist()
    some = pyarrow.parquet.read_table(tmp_path / "some/data/steps.parquet").to_pylist()
    assert len(every) == run.consensus.count()
    assert all(row["p_correct"] is not None and row["risk"] is not None for row in every)
    assert [row for row in every if row["tier"] in ("A", "C")] == some
    assert {row["tier"] for row in some} == {"A", "C"}


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "data/train.jsonl").read_text().splitlines()]


def test_stepwise_of_the_first_tier_is_what_lessons_exports(run, tmp_path):
    other = run_consensus(run.project, policy="lessons")
    manifest = export_run(run, tmp_path / "ours", format="trl_stepwise", settings={"tiers": ["A"]})
    export_run(other, tmp_path / "theirs", format="trl_stepwise")

    ours, theirs = lines(tmp_path / "ours"), lines(tmp_path / "theirs")
    assert all(row in theirs for row in ours)
    assert len(ours) >= 0.9 * len(theirs)
    assert manifest["learned"]["guarantee"]["reason"].startswith("0 traces with a known answer")
    assert "Only steps of these tiers are here: A:" in (tmp_path / "ours/README.md").read_text()


def test_soft_labels_stand_beside_the_hard_ones(run, tmp_path):
    settings = {"tiers": ["A", "B", "C"], "soft_targets": True}
    export_run(run, tmp_path / "out", format="trl_stepwise", settings=settings)

    rows = lines(tmp_path / "out")
    assert all(len(row["soft_labels"]) == len(row["labels"]) == len(row["completions"]) for row in rows)
    pairs = [pair for row in rows for pair in zip(row["labels"], row["soft_labels"], strict=True)]
    assert all((soft >= 0.5) == hard for hard, soft in pairs)
    assert any(0.01 < soft < 0.99 for _, soft in pairs)


@pytest.mark.parametrize(
    ("format", "settings", "field"),
    [
        ("trl_stepwise", {"tiers": ["C"]}, "tiers"),
        ("trl_stepwise", {"tiers": ["D"]}, "tiers"),
        ("trl_stepwise", {"tiers": ["Z"]}, "tiers"),
        ("parquet", {"tiers": ["AB"]}, "tiers"),
    ],
)
def test_tiers_that_cannot_be_written_are_refused(run, tmp_path, format, settings, field):
    with pytest.raises(Rejected) as refused:
        export_run(run, tmp_path / "out", format=format, settings=settings)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("format", "settings", "field"),
    [
        ("parquet", {"tiers": ["A"]}, "tiers"),
        ("trl_stepwise", {"tiers": ["A"]}, "tiers"),
        ("trl_stepwise", {"soft_targets": True}, "soft_targets"),
    ],
)
def test_a_policy_without_tiers_cannot_be_chosen_by_them(tmp_path, format, settings, field):
    decided = a_decided_project(whole=("gg", "gg"))

    with pytest.raises(Rejected) as refused:
        export_run(decided.run, tmp_path / "out", format=format, settings=settings)

    assert refused.value.field == field
