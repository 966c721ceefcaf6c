from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import RaterKind, Role
from annotate.errors import Conflict
from annotate.export.actions import export_project
from annotate.ingest.actions import ingest_file
from annotate.models import Label, Project, Trace
from tests.annotate.export.published import rows_of
from tests.factories import a_candidate, a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_labelled_project() -> Project:
    project = a_project(slug="sums")
    trace = a_trace(project, n_steps=2, external_id="one")
    first, second = trace.steps.all()
    ann = a_rater(project, name="Ann Archer")
    old = a_label(ann, first, "bad", is_live=False)
    a_label(ann, first, "good", supersedes=old, text="it holds", seconds=2.5)
    judge = a_rater(project, RaterKind.JUDGE, "judge/one@v1")
    a_label(judge, second, "bad", score=0.9, distribution={"good": 0.1, "bad": 0.9})
    a_label(a_rater(project, RaterKind.REVIEW, "reviewers"), second, "bad", decided_by=ann)
    return project


def labels_of(project: Project) -> list[object]:
    return sorted(
        Label.objects.filter(rater__project=project, is_live=True)
        .independent()
        .values_list(
            "step__trace__external_id",
            "step__position",
            "rater__name",
            "rater__kind",
            "value",
            "text",
            "seconds",
        )
    )


def test_the_table_comes_in_again_with_every_label_it_can_hold(tmp_path):
    project = a_labelled_project()
    manifest = export_project(project, tmp_path / "out", format="labels", settings={"is_anonymous": False})
    again = a_project()
    a_trace(again, n_steps=2, external_id="one")

    report = ingest_file(again, tmp_path / "out/data/train.jsonl", format="labels")

    assert not report.errors
    assert labels_of(again) == labels_of(project)
    assert manifest["counts"]["only_in_details_by_reviewers"] == 1


def test_details_hold_what_the_table_cannot(tmp_path):
    project = a_labelled_project()
    candidate = a_candidate(Trace.objects.get().steps.first(), "Another way.")
    Label.objects.create(
        rater=project.raters.get(name="Ann Archer"),
        criterion=a_criterion(project),
        candidate=candidate,
        value="good",
    )

    export_project(project, tmp_path / "out", format="labels")

    details = rows_of(tmp_path / "out/details/train.jsonl")
    assert len(details) == 4
    judged = next(row for row in details if row["rater_kind"] == "judge")
    assert (judged["score"], judged["distribution"]) == (0.9, {"good": 0.1, "bad": 0.9})
    rated = details[-1]
    assert (rated["candidate_kind"], rated["candidate"], rated["trace"], rated["step"]) == (
        "alternative",
        0,
        "one",
        0,
    )
    assert b"Archer" not in (tmp_path / "out/details/train.jsonl").read_bytes()


def test_the_same_number_reads_the_same_after_a_revision(tmp_path):
    project = a_labelled_project()
    first = export_project(project, tmp_path / "one", format="labels")
    standing = Label.objects.get(text="it holds")
    Label.objects.filter(pk=standing.pk).update(is_live=False)
    a_label(standing.rater, standing.step, "neutral", supersedes=standing)

    upto = first["labels"]["upto"]
    second = export_project(project, tmp_path / "two", format="labels", settings={"upto": upto})

    assert sums(second) == sums(first)
    newest = export_project(project, tmp_path / "three", format="labels")
    assert sums(newest) != sums(first)


def sums(manifest: dict) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in manifest["files"] if "data" in file["path"]}


def test_work_in_progress_is_not_there(tmp_path):
    project = a_project(bob=Role.ANNOTATOR)
    trace = a_trace(project, n_steps=1)
    fill_queue(project)
    rater = rater_of(project, a_person("bob"))
    held = claim_next(project, rater)
    a_label(rater, trace.steps.get(), "good", assignment=held)

    with pytest.raises(Conflict, match="no label to write"):
        export_project(project, tmp_path / "out", format="labels")
