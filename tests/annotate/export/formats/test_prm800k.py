from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.export.actions import export_run
from annotate.ingest.actions import ingest_file
from annotate.ingest.json_records import Record, json_records
from annotate.ingest.source import Source
from annotate.models import Label, Project, Trace
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.published import check_prm800k, rows_of
from tests.factories import a_project
from tests.paths import data_file

pytestmark = pytest.mark.django_db


def test_consensus_is_rated_to_the_first_error_and_unknown_is_null(tmp_path):
    decided = a_decided_project(
        whole=("gn", "gn"), wrong=("gb--", "gb--"), torn=("ggg", "gbg"), gap=("g", "b")
    )

    manifest = export_run(decided.run, tmp_path / "out", format="prm800k")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    for row in rows:
        check_prm800k(row)
    assert [ratings_of(row) for row in rows] == [[1, 0], [1, -1], [1, None, 1]]
    assert [row["label"]["finish_reason"] for row in rows] == ["solution", "found_error", None]
    assert manifest["counts"]["steps_without_rating"] == 1


def ratings_of(row: dict[str, Any]) -> list[int | None]:
    taken = [
        turn["human_completion"] or turn["completions"][turn["chosen_completion"] or 0]
        for turn in row["label"]["steps"]
    ]
    return [one["rating"] for one in taken]


def a_labelling(labeler: str, *turns: dict[str, Any], **question: Any) -> dict[str, Any]:
    return {
        "labeler": labeler,
        "timestamp": "2022-07-17T16:56:51",
        "generation": 3,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": "p", "ground_truth_answer": "1", "ground_truth_solution": "s", **question},
        "label": {"steps": list(turns), "total_time": 9000, "finish_reason": "found_error"},
    }


def said(text: str, rating: int | None, flagged: bool = False) -> dict[str, Any]:
    return {"text": text, "rating": rating, "flagged": flagged}


def turn(*proposals: dict[str, Any], chosen: int | None = None, human: str | None = None) -> dict[str, Any]:
    written = said(human, None) | {"source": "human"} if human else None
    return {"completions": list(proposals), "chosen_completion": chosen, "human_completion": written}


WALK = a_labelling(
    "lab-1",
    turn(said("a", 1), said("x", -1), chosen=0),
    turn(said("y", 0), human="b"),
    turn(said("z", -1), said("c", 0, flagged=True), said("v", None), chosen=1),
    turn(said("w", -1)),
)
WHOLE = [
    a_labelling(
        labeler,
        turn(said("one", 1), chosen=0),
        # The labeler stopped here and took nothing.
        turn(said("other", 1), said("two", rating), said("none", None)),
        pre_generated_steps=["one", "two", "three"],
        pre_generated_answer="2",
        pre_generated_verifier_score=0.5,
    )
    for labeler, rating in (("lab-1", -1), ("lab-2", 0))
]


def brought_in(path: Path, rows: list[dict[str, Any]]) -> Project:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    project = a_project(overlap=1)
    ingest_file(project, path, format="prm800k")
    return project


def round_trip(project: Project, tmp_path: Path) -> list[dict[str, Any]]:
    run = run_consensus(project, policy="majority")
    settings = {"by": "rater", "is_anonymous": False}
    export_run(run, tmp_path / "out", format="prm800k", settings=settings)
    return rows_of(tmp_path / "out/data/train.jsonl")


def test_both_phases_go_out_as_they_came_in(tmp_path):
    given = [WALK, *WHOLE]
    out = round_trip(brought_in(tmp_path / "in.jsonl", given), tmp_path)

    for row in out:
        check_prm800k(row)
    assert sorted(out, key=_key) == sorted((_plain(row) for row in given), key=_key)


def _key(row: dict[str, Any]) -> tuple[int, str]:
    return len(row["label"]["steps"]), row["labeler"]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """As a reader keeps it: a walk's trace stands for the proposals that were taken."""
    return json.loads(json.dumps(row))


def test_people_are_hidden_by_default(tmp_path):
    project = brought_in(tmp_path / "in.jsonl", WHOLE)
    run = run_consensus(project, policy="majority")

    export_run(run, tmp_path / "out", format="prm800k", settings={"by": "rater"})

    text = (tmp_path / "out/data/train.jsonl").read_text()
    assert "lab-" not in text
    assert "person-001" in text


def test_real_rows_come_in_again_with_every_label(tmp_path):
    source = data_file("prm800k_samples/prm800k-phase2-train-example.multi.jsonl")
    project = a_project()
    ingest_file(project, source, format="prm800k")
    run = run_consensus(project, policy="majority", settings={"stops_at_first_error": False})
    settings = {"by": "rater", "is_anonymous": False}
    export_run(run, tmp_path / "out", format="prm800k", settings=settings)
    again = a_project()

    report = ingest_file(again, tmp_path / "out/data/train.jsonl", format="prm800k")

    assert not report.errors
    assert contents(again) == contents(project)


@pytest.mark.parametrize(
    "name",
    [
        "phase1-train-example.json",
        "phase1-test-example.json",
        "phase2-train-example.json",
        "phase2-train-example.multi.jsonl",
    ],
)
def test_real_rows_go_out_turn_by_turn_as_they_were(tmp_path: Path, name: str) -> None:
    source = data_file(f"prm800k_samples/prm800k-{name}")
    with Source(source) as file:
        given = [record.value for record in json_records(file.text) if isinstance(record, Record)]
    project = a_project()
    ingest_file(project, source, format="prm800k")
    out = {one["timestamp"]: one for one in round_trip(project, tmp_path)}
    assert out.keys() == {one["timestamp"] for one in given}
    for row in given:
        label = out[row["timestamp"]]["label"]
        assert label["finish_reason"] == row["label"]["finish_reason"]
        for found, wanted in zip(label["steps"], row["label"]["steps"], strict=True):
            assert _without_flags(found) == _without_flags(wanted)


def _without_flags(turn: dict[str, Any]) -> dict[str, Any]:
    """null and false say the same of a flag; what was written by hand has the rating that was given with it."""
    flags = [{**one, "flagged": bool(one["flagged"])} for one in turn["completions"]]
    human = turn["human_completion"]
    written = human and {**human, "flagged": bool(human["flagged"])}
    return {**turn, "completions": flags, "human_completion": written}


def contents(project: Project) -> dict[str, Any]:
    labels = Label.objects.filter(rater__project=project).values_list(
        "step__trace__external_id", "step__position", "rater__name", "value", "evidence"
    )
    return {
        "labels": sorted(map(repr, labels)),
        "traces": {
            trace.external_id: (trace.text, trace.meta, [step.meta for step in trace.steps.all()])
            for trace in Trace.objects.filter(project=project)
        },
    }
