from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate.errors import Conflict
from annotate.export.actions import export_project
from annotate.ingest.actions import ingest_file
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.models import Candidate, Label, Project, Rater, Step
from tests.annotate.export.formats.test_prm800k import WALK
from tests.annotate.export.published import rows_of
from tests.factories import a_candidate, a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def a_project_asking(preset: str) -> tuple[Project, list[Step]]:
    project = a_project(slug="sums")
    use_rubric(project, create_from_preset(project, preset))
    trace = a_trace(project, texts=["First.\n", "Second.\n"], external_id="one")
    return project, list(trace.steps.all())


def rated(rater: Rater, candidate: Candidate, value: str, key: str) -> None:
    a_criterion_of = a_criterion(rater.project, key)
    Label.objects.create(rater=rater, criterion=a_criterion_of, candidate=candidate, value=value)


def test_a_correction_is_chosen_over_the_step_it_corrects(tmp_path):
    project, (_, second) = a_project_asking("prm800k")
    ann = a_rater(project)
    a_label(ann, second, "bad")
    a_label(ann, second, "", criterion_key="correction", text="Second, mended.")

    manifest = export_project(project, tmp_path / "out", format="step_preference")

    assert rows_of(tmp_path / "out/data/train.jsonl") == [
        {
            "prompt": "What is six times seven?\n\nFirst.\n",
            "chosen": "Second, mended.",
            "rejected": "Second.",
        }
    ]
    assert manifest["counts"]["written_from_correction"] == 1


def test_ratings_of_one_person_on_one_scale_order_step_and_alternatives(tmp_path):
    project, (first, _) = a_project_asking("prm800k-walk")
    better, equal = a_candidate(first, "Better."), a_candidate(first, "Equal.")
    ann, ben = a_rater(project), a_rater(project)
    a_label(ann, first, "bad")
    rated(ann, better, "good", "alternative-verdict")
    rated(ann, equal, "bad", "alternative-verdict")
    # Ben never rated the step itself.
    rated(ben, better, "unsure", "alternative-verdict")

    manifest = export_project(project, tmp_path / "out", format="step_preference")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert sorted((row["chosen"], row["rejected"]) for row in rows) == [
        ("Better.", "Equal."),
        ("Better.", "First."),
    ]
    assert manifest["counts"]["ties"] == 1


def test_a_comparison_with_the_step_taken_needs_more_than_half(tmp_path):
    project, (first, _) = a_project_asking("next-step")
    won, torn = a_candidate(first, "Won."), a_candidate(first, "Torn.")
    for value, other in (("worse", "better"), ("worse", "worse"), ("same", "same")):
        rater = a_rater(project)
        rated(rater, won, value, "comparison")
        rated(rater, torn, other, "comparison")

    manifest = export_project(project, tmp_path / "out", format="step_preference")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert (row["chosen"], row["rejected"]) == ("First.", "Won.")
    assert manifest["counts"]["disputed"] == 1
    votes = rows_of(tmp_path / "out/votes/train.jsonl")
    assert [one["said"] for one in votes[0]["by"]].count("tie") == 1


def test_what_is_written_in_place_of_a_bad_step_is_better_than_it(tmp_path):
    project, (first, second) = a_project_asking("prm800k-walk")
    other = a_candidate(first, "Other.")
    ann = a_rater(project)
    a_label(ann, first, "bad")
    a_label(ann, first, "", criterion_key="pick", text="Mine.")
    a_label(ann, second, "good")

    export_project(project, tmp_path / "out", format="step_preference")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert sorted((row["chosen"], row["rejected"]) for row in rows) == [
        ("Mine.", "First."),
        ("Mine.", other.text),
    ]


def test_ratings_that_came_along_with_prm800k_speak_too(tmp_path: Path) -> None:
    project = a_project()
    (tmp_path / "in.jsonl").write_text(json.dumps(WALK))
    ingest_file(project, tmp_path / "in.jsonl", format="prm800k")

    export_project(project, tmp_path / "out", format="step_preference")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert [(row["chosen"], row["rejected"]) for row in rows] == [("a", "x"), ("c", "z")]
    assert rows[1]["prompt"] == "p\n\na\nb\n"


def test_what_a_reviewer_decided_about_an_alternative_stands_in_place_of_the_votes(tmp_path: Path) -> None:
    project, (first, _) = a_project_asking("prm800k-walk")
    disputed = a_candidate(first, "Disputed.")
    for value in ("good", "bad"):
        rater = a_rater(project)
        a_label(rater, first, "neutral")
        rated(rater, disputed, value, "alternative-verdict")
    with pytest.raises(Conflict, match="No label says anything"):
        export_project(project, tmp_path / "before", format="step_preference")

    question = a_criterion(project, "alternative-verdict")
    decide(first.trace, a_person("alice"), [Said(question.pk, None, "bad", candidate=disputed.pk)])
    export_project(project, tmp_path / "after", format="step_preference")

    [row] = rows_of(tmp_path / "after/data/train.jsonl")
    assert (row["chosen"], row["rejected"]) == ("First.", "Disputed.")
