from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import RaterKind
from annotate.export.actions import export_run
from annotate.ingest.actions import ingest_file
from annotate.models import Label, Problem, Project, Step, Trace
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.published import rows_of
from tests.factories import a_label, a_project, a_rater
from tests.paths import REPOSITORY

pytestmark = pytest.mark.django_db


def test_what_goes_out_comes_in_again_byte_for_byte_with_its_votes(tmp_path):
    decided = a_decided_project(whole=("ggg", "ggg"), torn=("gg", "gb"))
    Step.objects.filter(trace=decided.traces["torn"], position=0).update(text="No end", tail=0)
    Problem.objects.filter(traces=decided.traces["torn"]).update(text="What is seven times six?")
    Trace.objects.update(source_model="tiny-1", meta={"seed": 7})
    run = run_consensus(decided.project, policy="majority")
    settings = {"with_meta": True, "is_anonymous": False}
    export_run(run, tmp_path / "out", format="jsonl", settings=settings)
    again = a_project()

    report = ingest_file(again, tmp_path / "out/data/train.jsonl", format="jsonl")

    assert not report.errors
    assert traces_of(again) == traces_of(decided.project)
    assert labels_of(again, without="gold") == labels_of(decided.project)
    gold = Label.objects.filter(rater__project=again, rater__kind=RaterKind.GOLD)
    assert [(label.step.position, label.value) for label in gold.order_by("pk")] == [
        (0, "good"),
        (1, "good"),
        (2, "good"),
        (0, "good"),
    ]


def traces_of(project: Project) -> list[object]:
    return [
        (
            trace.external_id,
            trace.problem.external_id,
            trace.problem.text,
            trace.problem.reference_answer,
            trace.source_model,
            trace.outcome,
            trace.meta,
            [(step.text, step.tail, step.kind) for step in trace.steps.all()],
        )
        for trace in Trace.objects.filter(project=project).order_by("external_id")
    ]


def labels_of(project: Project, without: str = "") -> list[object]:
    labels = Label.objects.filter(rater__project=project).exclude(rater__name=without)
    return sorted(
        labels.values_list(
            "step__trace__external_id", "step__position", "rater__name", "rater__is_simulated", "value"
        )
    )


def test_rows_keep_to_the_schema_and_hide_people_and_meta(tmp_path):
    decided = a_decided_project(whole=("gg", "gg"))
    Trace.objects.update(meta={"by": "Ann Archer"})
    schema = json.loads((REPOSITORY / "docs/schema/trace.schema.json").read_text())

    export_run(decided.run, tmp_path / "out", format="jsonl")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    jsonschema.validate(row, schema)
    assert "Archer" not in Path(tmp_path / "out/data/train.jsonl").read_text()
    assert "meta" not in row


def test_a_decision_of_a_reviewer_travels_and_comes_in_as_an_answer_key(tmp_path):
    decided = a_decided_project(torn=("g", "b"))
    review = a_rater(decided.project, RaterKind.REVIEW, "reviewers")
    a_label(review, decided.traces["torn"].steps.get(), "bad", decided_by=decided.ann, text="It is 8.")
    run = run_consensus(decided.project, policy="majority")

    export_run(run, tmp_path / "out", format="jsonl")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["gold"] == {"steps": ["bad"]}
    assert [label["rater_kind"] for label in row["labels"]] == ["person", "person", "review"]
    again = a_project()
    assert not ingest_file(again, tmp_path / "out/data/train.jsonl").errors
    keys = Label.objects.filter(rater__project=again, rater__kind=RaterKind.GOLD)
    assert sorted(keys.values_list("rater__name", "value", "text")) == [
        ("gold", "bad", ""),
        ("gold/review", "bad", "It is 8."),
    ]
    # It decides nothing there.
    assert not Label.objects.filter(rater__project=again, rater__kind=RaterKind.REVIEW).exists()
