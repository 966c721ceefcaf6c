from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import AssignmentState, CriterionKind, RaterKind, RunKind, Scope
from annotate.errors import Rejected
from annotate.ingest import actions
from annotate.ingest.actions import ingest_file
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.ingest.report import IngestReport
from annotate.label.recutting import Cut, recut
from annotate.models import (
    Assignment,
    Candidate,
    Comparison,
    Label,
    Problem,
    Project,
    Rater,
    Run,
    Step,
    Trace,
    Unit,
)
from tests.annotate.ingest.files import a_file, a_row
from tests.factories import a_criterion, a_label, a_lineup, a_pair, a_person, a_project, a_rater, a_trace
from tests.paths import data_file

pytestmark = pytest.mark.django_db

GOOD = {"rater": "ann", "step": 0, "value": "good"}
TABLE = "trace,step,rater,rater_kind,criterion,value,text,seconds,is_simulated\n"


@pytest.fixture
def project() -> Project:
    return a_project()


def bring(project: Project, folder: Path, *rows: object, **options: Any) -> IngestReport:
    return ingest_file(project, a_file(folder, *rows), **({"format": "jsonl"} | options))


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def errors(report: IngestReport) -> list[tuple[int, str | None]]:
    return [(error.line, error.field) for error in report.errors]


def live() -> list[tuple[str, int | None, str]]:
    labels = Label.objects.live().order_by("rater__name", "step__position")
    return [(label.rater.name, label.step.position if label.step else None, label.value) for label in labels]


def test_trace_comes_in_with_everything_said_about_it(project: Project, tmp_path: Path) -> None:
    problem = {"id": "p1", "text": "2+2?", "reference_answer": "4", "meta": {"a": 1}}
    steps = [{"text": "One.", "kind": "action", "meta": {"b": 2}}, "Two."]
    row = a_row(problem=problem, steps=steps, model="m", outcome="right", meta={"c": 3}, labels=[GOOD])
    assert counts(bring(project, tmp_path, row)) == (1, 0, 0, 0)
    trace = Trace.objects.select_related("problem").get()
    assert (trace.external_id, trace.source_model, trace.outcome, trace.n_steps) == ("t1", "m", "right", 2)
    assert (trace.text, trace.meta, trace.boundary_version) == ("One.\n\nTwo.", {"c": 3}, 1)
    assert (trace.problem.external_id, trace.problem.reference_answer) == ("p1", "4")
    first = trace.steps.get(position=0)
    assert (first.body, first.tail, first.kind, first.meta) == ("One.", 2, "action", {"b": 2})
    assert live() == [("ann", 0, "good")]
    project.refresh_from_db()
    assert project.rubric is not None
    assert project.rubric.is_frozen


def test_same_file_twice_is_once(project: Project, tmp_path: Path) -> None:
    rows = [a_row(f"t{i}", gold={"first_error": 1}, labels=[GOOD]) for i in range(3)]
    first, second = bring(project, tmp_path, *rows), bring(project, tmp_path, *rows)
    assert (counts(first), first.labels) == ((3, 0, 0, 0), 9)
    assert (counts(second), second.labels) == ((0, 0, 3, 0), 0)
    assert (Trace.objects.count(), Step.objects.count(), Label.objects.count()) == (3, 9, 9)


def test_batches_give_what_one_would(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH", 2)
    seen: list[tuple[int, int]] = []
    rows = [a_row(f"t{i}") for i in range(5)]
    report = bring(project, tmp_path, *rows, on_progress=lambda done, total: seen.append((done, total)))
    assert counts(report) == (5, 0, 0, 0)
    size = a_file(tmp_path, *rows).stat().st_size
    assert seen[-1] == (size, size)
    assert len(seen) == 3


def test_a_batch_ends_where_its_texts_are_many_megabytes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH_BYTES", 10_000)
    seen: list[int] = []
    rows = [a_row(f"t{i}", steps=["long " * 1500, f"{i}"]) for i in range(4)]
    assert counts(bring(project, tmp_path, *rows, on_progress=lambda done, _: seen.append(done)))[0] == 4
    assert len(seen) == 3


def test_more_said_about_a_trace_updates_it_and_silence_takes_nothing_away(
    project: Project, tmp_path: Path
) -> None:
    bring(project, tmp_path, a_row(outcome="right", meta={"a": {"x": 1}, "b": 1}))
    report = bring(project, tmp_path, a_row(model="m", meta={"a": {"y": 2}}))
    assert counts(report) == (0, 1, 0, 0)
    trace = Trace.objects.get()
    assert (trace.outcome, trace.source_model) == ("right", "m")
    assert trace.meta == {"a": {"x": 1, "y": 2}, "b": 1}


def test_step_meta_of_a_known_trace_is_merged(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, a_row(steps=[{"text": "a", "meta": {"x": 1}}]))
    assert counts(bring(project, tmp_path, a_row(steps=[{"text": "a", "meta": {"y": 2}}]))) == (0, 1, 0, 0)
    assert Step.objects.get().meta == {"x": 1, "y": 2}


def test_new_steps_replace_those_nobody_has_worked_on(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, a_row())
    assert counts(bring(project, tmp_path, a_row(steps=["Only."], labels=[GOOD]))) == (0, 1, 0, 0)
    trace = Trace.objects.get()
    assert (trace.text, trace.n_steps, trace.boundary_version) == ("Only.", 1, 2)
    assert live() == [("ann", 0, "good")]


@pytest.mark.parametrize("work", ["label", "superseded label", "annotator", "run"])
def test_new_steps_are_refused_where_work_would_be_lost(project: Project, tmp_path: Path, work: str) -> None:
    bring(project, tmp_path, a_row())
    trace = Trace.objects.get()
    if work.endswith("label"):
        a_label(a_rater(project), trace.steps.all()[0], "good", is_live=work == "label")
    elif work == "annotator":
        holder, state = a_rater(project), AssignmentState.SUBMITTED
        Assignment.objects.create(project=project, trace=trace, slot=0, state=state, holder=holder)
    else:
        criterion = a_criterion(project)
        run = Run.objects.create(project=project, kind=RunKind.PRELABEL, name="scan", criterion=criterion)
        Unit.objects.create(run=run, trace=trace)
    report = bring(project, tmp_path, a_row(steps=["Only."]), a_row("t2"))
    assert (counts(report), errors(report)) == ((1, 0, 0, 1), [(1, "steps")])
    assert Trace.objects.get(external_id="t1").n_steps == 3


@pytest.mark.parametrize("work", ["pair that was judged", "pair with a person", "lineup with a person"])
def test_new_steps_are_refused_where_somebody_has_compared_the_trace(
    project: Project, tmp_path: Path, work: str
) -> None:
    bring(project, tmp_path, a_row())
    trace = Trace.objects.get()
    others = [a_trace(project, problem=trace.problem, texts=[text]) for text in "ab"]
    pair, lineup = a_pair(trace, others[0]), a_lineup(trace, *others)
    if "judged" in work:
        criterion = a_criterion(project)
        Label.objects.create(rater=a_rater(project, "judge"), criterion=criterion, pair=pair, value="good")
    else:
        about = {"pair": pair} if work.startswith("pair") else {"lineup": lineup}
        holder, state = a_rater(project), AssignmentState.SUBMITTED
        Comparison.objects.create(project=project, slot=0, luck=0, state=state, holder=holder, **about)
    report = bring(project, tmp_path, a_row(steps=["Only."]))
    assert report.errors[0].reason == "the steps have changed, but the trace is or was compared by somebody"
    Comparison.objects.update(state=AssignmentState.OPEN, holder=None)
    Label.objects.all().delete()
    assert counts(bring(project, tmp_path, a_row(steps=["Only."]))) == (0, 1, 0, 0)


def test_copy_under_a_second_id_is_refused_naming_the_first(project: Project, tmp_path: Path) -> None:
    copy = a_row("t2", problem=a_row()["problem"])
    for report in (bring(project, tmp_path, a_row(), copy), bring(project, tmp_path, copy)):
        assert report.rejected == 1
        assert "'t1'" in report.errors[0].reason
    assert Trace.objects.count() == 1


def test_id_that_comes_back_with_other_steps_is_refused_naming_the_line(
    project: Project, tmp_path: Path
) -> None:
    report = bring(project, tmp_path, a_row(), a_row("t2"), a_row(steps=["Other."]), a_row(labels=[GOOD]))
    assert (counts(report), errors(report)) == ((2, 0, 1, 1), [(3, "id")])
    assert "line 1" in report.errors[0].reason
    assert live() == [("ann", 0, "good")]


def marked(marks: str, n: int = 2) -> dict[str, str]:
    steps = [f"Step {number}: more." for number in range(1, n + 1)]
    return {
        "input": "Q? " + "\n".join(f"{step} ки" for step in steps),
        "label": "Q? " + "\n".join(f"{step} {mark}" for step, mark in zip(steps, marks, strict=True)),
    }


@pytest.mark.parametrize("batch", [1, 2, 1800])
def test_copy_with_other_labels_is_refused_naming_the_first_line(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(actions, "BATCH", batch)
    rows = [marked("+-"), marked("+++", 3), marked("++"), marked("+-")]
    for taken, labels in ((2, 5), (0, 0)):
        report = bring(project, tmp_path, *rows, format="auto")
        assert counts(report) == (taken, 0, 3 - taken, 1)
        assert (report.labels, errors(report)) == (labels, [(3, "label.value")])
        assert "line 1" in report.errors[0].reason
    assert [value for _, _, value in live()].count("bad") == 1


def test_a_later_file_may_correct_what_an_earlier_one_said(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, marked("+-"), format="auto")
    report = bring(project, tmp_path, marked("++"), format="auto")
    assert (report.rejected, report.labels) == (0, 1)
    assert [value for _, _, value in live()] == ["good", "good"]


def test_a_correction_may_stand_behind_what_another_rater_says(project: Project, tmp_path: Path) -> None:
    rows = [a_row(labels=[{**GOOD, "rater": who}]) for who in ("ann", "ben")]
    bring(project, tmp_path, *rows)
    rows[1]["labels"][0]["value"] = "bad"
    report = bring(project, tmp_path, *rows)
    assert (report.rejected, report.labels) == (0, 1)
    assert live() == [("ann", 0, "good"), ("ben", 0, "bad")]


def test_the_line_named_is_the_one_in_which_the_rater_spoke(project: Project, tmp_path: Path) -> None:
    rows = [a_row(labels=[{**GOOD, "rater": who}]) for who in ("ann", "ben")]
    twice = [a_row(labels=[{**GOOD, "rater": who, "value": "bad"}]) for who in ("ben", "ann")]
    report = bring(project, tmp_path, *rows, *twice)
    assert [(error.line, error.field, error.reason[:6]) for error in report.errors] == [
        (3, "labels[0].value", "line 2"),
        (4, "labels[0].value", "line 1"),
    ]


def test_problem_is_known_by_its_text(project: Project, tmp_path: Path) -> None:
    report = bring(
        project,
        tmp_path,
        a_row("t1", problem={"id": "p1", "text": "same"}),
        a_row("t2", problem={"id": "p2", "text": "same", "reference_answer": "4"}, steps=["x"]),
        a_row("t3", problem={"text": "same", "reference_answer": "5"}, steps=["y"]),
        a_row("t4", problem={"id": "p1", "text": "other"}),
    )
    assert (counts(report), errors(report)) == (
        (2, 0, 0, 2),
        [(3, "problem.reference_answer"), (4, "problem.id")],
    )
    problem = Problem.objects.get()
    assert (problem.external_id, problem.reference_answer) == ("p1", "4")


def test_refused_row_adds_nothing_to_its_problem(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, a_row(problem={"text": "same"}))
    copy = a_row("t2", problem={"text": "same", "reference_answer": "4"})
    assert errors(bring(project, tmp_path, copy)) == [(1, "id")]
    assert Problem.objects.get().reference_answer is None


def test_contradicting_reference_is_refused(project: Project, tmp_path: Path) -> None:
    bring(project, tmp_path, a_row(problem={"text": "same", "reference_answer": "4"}))
    report = bring(
        project, tmp_path, a_row("t2", problem={"text": "same", "reference_answer": "5"}, steps=["x"])
    )
    assert errors(report) == [(1, "problem.reference_answer")]


def test_good_rows_are_kept_and_bad_ones_located(project: Project, tmp_path: Path) -> None:
    report = bring(project, tmp_path, a_row("t1"), "{", a_row("t2", steps=[]), a_row("t3"))
    assert (counts(report), errors(report)) == ((2, 0, 0, 2), [(2, None), (3, "steps")])
    assert report.is_written


def test_strict_writes_nothing_when_one_row_is_bad(project: Project, tmp_path: Path) -> None:
    report = bring(project, tmp_path, a_row("t1", labels=[GOOD]), a_row("t2", steps=[]), is_strict=True)
    assert (counts(report), report.is_written) == ((1, 0, 0, 1), False)
    assert not Trace.objects.exists()
    assert not Rater.objects.exists()
    assert bring(project, tmp_path, a_row("t1", labels=[GOOD]), is_strict=True).is_written
    assert Trace.objects.count() == 1


def test_dry_run_reports_and_takes_everything_back(project: Project, tmp_path: Path) -> None:
    report = bring(project, tmp_path, a_row(labels=[GOOD]), is_dry_run=True)
    assert (counts(report), report.labels, report.is_written) == ((1, 0, 0, 0), 1, False)
    assert not Trace.objects.exists()
    assert not Label.objects.exists()


def test_errors_shown_are_the_first_of_many(project: Project, tmp_path: Path) -> None:
    report = bring(project, tmp_path, *["{}"] * 350)
    assert report.rejected == 350
    assert [error.line for error in report.errors] == list(range(1, 101))


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ({"step": 3}, "labels[0].step"),
        ({"step": None}, "labels[0].step"),
        ({"criterion": "beauty"}, "labels[0].criterion"),
        ({"value": "great"}, "labels[0].value"),
        ({"value": None}, "labels[0].value"),
        ({"rater": "judge/x@v1"}, "labels[0].rater_kind"),
        ({"rater": "sim"}, None),
        ({"rater": "sim", "is_simulated": False}, "labels[0].is_simulated"),
        ({"rater": "alice"}, "labels[0].rater"),
    ],
)
def test_label_that_cannot_be_entered_refuses_its_row(
    project: Project, tmp_path: Path, label: dict[str, Any], field: str | None
) -> None:
    a_rater(project, RaterKind.JUDGE, "judge/x@v1")
    a_rater(project, name="sim", is_simulated=True)
    a_rater(project, name="alice", person=a_person("alice"))
    report = bring(project, tmp_path, a_row(labels=[GOOD | label]))
    assert [error.field for error in report.errors] == ([field] if field else [])
    assert Trace.objects.count() == Label.objects.count() == report.created


def test_label_said_twice_in_a_row_is_refused(project: Project, tmp_path: Path) -> None:
    report = bring(project, tmp_path, a_row(labels=[GOOD, GOOD | {"value": "bad"}]))
    assert errors(report) == [(1, "labels[1]")]


def test_project_without_a_rubric_takes_traces_but_no_labels(project: Project, tmp_path: Path) -> None:
    project.rubric = None
    project.save()
    report = bring(project, tmp_path, a_row("t1"), a_row("t2", gold={"first_error": 0}))
    assert (counts(report), errors(report)) == ((1, 0, 0, 1), [(2, "gold.first_error.criterion")])


def table(project: Project, folder: Path, *rows: str, **options: Any) -> IngestReport:
    path = folder / "labels.csv"
    path.write_text(TABLE + "".join(f"{row}\n" for row in rows))
    return ingest_file(project, path, format="labels", **options)


def test_label_table_is_entered_once_and_revised(project: Project, tmp_path: Path) -> None:
    a_trace(project, external_id="t1")
    first = table(
        project, tmp_path, "t1,0,ann,,,good,,4,true", "t1,1,ann,,,bad,note,,", "t1,0,judge/x@v1,judge,,bad,,,"
    )
    assert (counts(first), first.labels) == ((3, 0, 0, 0), 3)
    assert Rater.objects.get(name="ann").is_simulated
    second = table(project, tmp_path, "t1,0,ann,,,good,,,", "t1,1,ann,,,good,note,,")
    assert (counts(second), second.labels) == ((0, 1, 1, 0), 1)
    assert live() == [("ann", 0, "good"), ("ann", 1, "good"), ("judge/x@v1", 0, "bad")]
    revised = Label.objects.get(is_live=False)
    assert (revised.value, revised.superseded_by.value) == ("bad", "good")


def test_later_row_of_a_table_revises_an_earlier_one(project: Project, tmp_path: Path) -> None:
    a_trace(project, external_id="t1")
    report = table(project, tmp_path, "t1,0,ann,,,good,,,", "t1,0,ann,,,bad,,,", "t1,0,ann,,,bad,,,")
    assert counts(report) == (1, 1, 1, 0)
    assert live() == [("ann", 0, "bad")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("t9,0,ann,,,good,,,", "trace"),
        ("t1,3,ann,,,good,,,", "step"),
        ("t1,,ann,,,good,,,", "step"),
        ("t1,0,ann,,beauty,good,,,", "criterion"),
        ("t1,0,ann,,,great,,,", "value"),
        ("t1,0,ann,,recoverable,neutral,,,", "value"),
        ("t1,1,ben,judge,,good,,,", "rater_kind"),
        ("t1,2,run,,,bad,,,", "value"),
    ],
)
def test_bad_row_of_a_table_is_located(project: Project, tmp_path: Path, row: str, field: str) -> None:
    trace = a_trace(project, external_id="t1")
    run = Run.objects.create(
        project=project, kind=RunKind.PRELABEL, name="scan", criterion=a_criterion(project)
    )
    a_label(a_rater(project, name="run"), trace.steps.get(position=2), "good", run=run)
    report = table(project, tmp_path, "t1,0,ben,,,good,,,", row)
    assert (counts(report), errors(report)) == ((1, 0, 0, 1), [(3, field)])


def test_traces_of_other_projects_are_unknown(project: Project, tmp_path: Path) -> None:
    a_trace(a_project(), external_id="t1")
    assert errors(table(project, tmp_path, "t1,0,ann,,,good,,,")) == [(2, "trace")]


def test_labels_of_whole_traces_texts_and_tags(project: Project, tmp_path: Path) -> None:
    levels = [LevelPreset(key, key, "", "", None) for key in ("algebra", "units")]
    project.rubric = create_rubric(
        project,
        name="more",
        criteria=[
            CriterionPreset("why", "Why", "", [], scope=Scope.TRACE, kind=CriterionKind.TEXT),
            CriterionPreset("slips", "Slips", "", levels, kind=CriterionKind.TAGS),
        ],
    )
    project.save()
    a_trace(project, external_id="t1")
    report = table(
        project,
        tmp_path,
        "t1,,ann,,why,,because,,",
        "t1,0,ann,,slips,algebra units,,,",
        "t1,,ben,,why,good,because,,",
        "t1,0,ben,,why,,because,,",
        "t1,0,ben,,slips,units algebra,,,",
        "t1,0,ben,,slips,algebra money,,,",
    )
    assert (counts(report), errors(report)) == (
        (2, 0, 0, 4),
        [(4, "text"), (5, "step"), (6, "value"), (7, "value")],
    )
    said = Label.objects.get(trace__isnull=False)
    assert (said.value, said.text) == ("", "because")


def test_two_labelers_of_one_solution_meet_on_one_trace(project: Project, tmp_path: Path) -> None:
    def labelling(labeler: str, rating: int) -> dict[str, Any]:
        proposals = [{"text": "a", "rating": rating}, {"text": f"other of {labeler}", "rating": 0}]
        return {
            "labeler": labeler,
            "question": {"problem": "p", "pre_generated_steps": ["a", "b"]},
            "label": {"steps": [{"completions": proposals, "chosen_completion": 0}], "total_time": 1},
        }

    report = bring(project, tmp_path, labelling("x", 1), labelling("y", -1), format="prm800k")
    assert (counts(report), report.labels) == ((1, 1, 0, 0), 2)
    trace = Trace.objects.get()
    assert set(trace.meta["prm800k"]["labellings"]) == set(trace.steps.all()[0].meta["prm800k"]) == {"x", "y"}
    assert live() == [("prm800k/x", 0, "good"), ("prm800k/y", 0, "bad")]


def test_unknown_format_and_file_are_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no format 'xml'"):
        bring(project, tmp_path, format="xml")
    with pytest.raises(Rejected, match="cannot be read"):
        ingest_file(project, tmp_path / "absent", format="jsonl")


@pytest.mark.parametrize(("name", "n_traces", "n_right"), [("gsm8k", 400, 193), ("math", 1000, 406)])
def test_processbench_comes_in_whole(project: Project, name: str, n_traces: int, n_right: int) -> None:
    path = data_file(f"processbench/{name}.json.gz")
    report = ingest_file(project, path, format="processbench", is_strict=True)
    assert counts(report) == (n_traces, 0, 0, 0)
    wrong = Label.objects.filter(value="bad").values("step__trace").distinct().count()
    # The published numbers of error-free solutions.
    assert n_traces - wrong == n_right
    assert Label.objects.filter(rater__kind=RaterKind.GOLD).count() == report.labels


def test_read_twice_from_gzip_is_the_same(project: Project) -> None:
    path = data_file("processbench/gsm8k.json.gz")
    ingest_file(project, path, format="processbench")
    assert counts(ingest_file(project, path, format="processbench")) == (0, 0, 400, 0)


def test_joined_steps_hash_to_the_trace(project: Project, tmp_path: Path) -> None:
    text = "Ä.\r\n\n$$\na\n\nb\n$$\n\nEnd \\u2028 \n\n\n"
    bring(project, tmp_path, json.dumps(a_row(steps=None, text=text), ensure_ascii=False))
    trace = Trace.objects.get()
    assert trace.text == text
    assert trace.text_hash == hashlib.sha256(text.encode()).hexdigest()


def test_alternatives_come_along_with_prm800k_once_and_from_every_labeler(
    project: Project, tmp_path: Path
) -> None:
    def labelling(labeler: str, other: str) -> dict[str, Any]:
        proposals = [{"text": text, "rating": 1, "flagged": False} for text in ("a", other)]
        turn = {"completions": proposals, "chosen_completion": 0, "human_completion": None}
        return {"labeler": labeler, "question": {"problem": "p"}, "label": {"steps": [turn]}}

    one, two = labelling("ann", "x"), labelling("ben", "y")
    assert counts(bring(project, tmp_path, one, format="prm800k")) == (1, 0, 0, 0)
    assert counts(bring(project, tmp_path, one, format="prm800k")) == (0, 0, 1, 0)
    assert counts(bring(project, tmp_path, two, format="prm800k")) == (0, 1, 0, 0)
    found = Candidate.objects.order_by("position").values_list("kind", "position", "text")
    assert list(found) == [("alternative", 0, "x"), ("alternative", 1, "y")]


def test_a_trace_that_was_cut_here_stays_so_when_its_file_comes_again(project, tmp_path):
    row = {"id": "t", "problem": {"text": "?"}, "steps": ["One. Two.", "Three."]}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    ingest_file(project, path, format="jsonl")
    trace = Trace.objects.get(external_id="t")
    recut(trace, a_person("carol"), Cut(0, 1, 5))

    report = ingest_file(project, path, format="jsonl")
    assert (report.unchanged, report.rejected) == (1, 0)
    trace.refresh_from_db()
    assert (trace.n_steps, trace.boundary_version) == (3, 2)
    for more, field in (({"gold": {"first_error": 1}}, "labels"), ({"steps": ["One. Two.", "4."]}, "steps")):
        path.write_text(json.dumps(row | more))
        [bad] = ingest_file(project, path, format="jsonl").errors
        assert bad.field == field
        assert "split or merged here" in bad.reason


def test_lines_of_two_files_are_not_taken_for_each_other(project: Project, tmp_path: Path) -> None:
    said = {"step": 0, "rater": "ann", "value": "good"}
    known = a_row("known", labels=[said])
    bring(project, tmp_path, known)
    files = [tmp_path / name for name in ("one.jsonl", "two.jsonl")]
    # Each on the second line: a file that says the same of a known trace twice, otherwise, and one without fault.
    first = [known | {"labels": [said | {"value": "bad"}]}, known | {"labels": [said]}]
    second = [a_row("fresh"), a_row("known2", labels=[said])]
    for path, rows in zip(files, (first, second), strict=True):
        path.write_text("\n".join(map(json.dumps, rows)))
    report = actions.ingest_files(project, files, format="jsonl")
    assert [(row.line, row.file) for row in report.errors] == [(2, "one.jsonl")]
    assert report.created == 2
