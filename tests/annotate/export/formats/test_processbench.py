from __future__ import annotations

from pathlib import Path

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import Outcome
from annotate.export.actions import export_run
from annotate.ingest.drafts import Row
from annotate.ingest.readers.processbench import ProcessBenchReader
from annotate.ingest.source import Source
from annotate.models import Trace
from tests.annotate.export.decided import a_decided_project
from tests.annotate.export.published import check_processbench, rows_of

pytestmark = pytest.mark.django_db


def test_the_index_is_given_only_where_every_step_before_is_known(tmp_path):
    decided = a_decided_project(
        whole=("ggg", "ggg"), wrong=("gnb-", "gnb-"), torn=("gg", "gb"), first=("b-", "b-"), gap=("-b", "-b")
    )
    Trace.objects.filter(external_id="first").update(outcome=None)

    manifest = export_run(decided.run, tmp_path / "out", format="processbench")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    for row in rows:
        check_processbench(row)
    assert [(row["id"], row["label"], len(row["steps"])) for row in rows] == [
        ("whole", -1, 3),
        ("wrong", 2, 4),
    ]
    assert manifest["counts"] == {
        "traces_written": 2,
        "traces_with_an_error": 1,
        "traces_unknown_before_error": 2,
        "traces_neutral": 0,
        "traces_ungraded": 1,
    }


def test_settings_decide_about_neutral_steps_and_ungraded_answers(tmp_path):
    decided = a_decided_project(wrong=("gnb", "gnb"), whole=("g", "g"))
    Trace.objects.filter(external_id="whole").update(outcome=Outcome.UNGRADABLE)
    settings = {"neutral": "drop", "ungraded": "null"}

    manifest = export_run(decided.run, tmp_path / "out", format="processbench", settings=settings)

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["final_answer_correct"] is None
    assert manifest["counts"]["traces_neutral"] == 1


def test_what_goes_out_comes_in_again_as_it_was(tmp_path):
    """All the format holds: steps, index, outcome, model, names."""
    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"))
    Trace.objects.update(source_model="tiny-1")
    run = run_consensus(decided.project, policy="majority")
    export_run(run, tmp_path / "out", format="processbench")

    drafts = read(tmp_path / "out/data/train.jsonl")

    for draft in drafts:
        trace = Trace.objects.get(external_id=draft.external_id)
        assert [step.text[: len(step.text) - step.tail] for step in draft.steps] == [
            step.body for step in trace.steps.all()
        ]
        assert (draft.outcome, draft.source_model) == (trace.outcome, trace.source_model)
        assert draft.problem.text == trace.problem.text
    assert [[label.value for label in draft.labels] for draft in drafts] == [
        ["good", "good", "good"],
        ["good", "bad"],
    ]


def read(path: Path) -> list:
    with Source(path) as source:
        found = list(ProcessBenchReader().rows(source))
    assert all(isinstance(row, Row) for row in found), found
    return [row.draft for row in found]
