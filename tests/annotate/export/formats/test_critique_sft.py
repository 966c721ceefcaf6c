from __future__ import annotations

import pytest

from annotate.enums import CandidateKind, RaterKind
from annotate.errors import Conflict
from annotate.export.actions import export_project
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.models import Label, Project, Step
from tests.annotate.export.published import rows_of
from tests.factories import a_candidate, a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def critical() -> tuple[Project, list[Step]]:
    project = a_project(slug="sums")
    use_rubric(project, create_from_preset(project, "prm800k"))
    trace = a_trace(project, texts=["First.\n", "Second.\n"], external_id="one")
    return project, list(trace.steps.all())


def test_a_critique_follows_the_problem_and_the_steps_up_to_it(critical, tmp_path):
    project, (first, second) = critical
    ann = a_rater(project)
    a_label(ann, first, "good", text="Fine.")
    a_label(ann, second, "bad")
    a_label(ann, second, "", criterion_key="critique", text="12 is not 14.")

    export_project(project, tmp_path / "out", format="critique_sft")

    rows = rows_of(tmp_path / "out/data/train.jsonl")
    assert [row["messages"][1]["content"] for row in rows] == [
        "Fine.\n\nVerdict: good",
        "12 is not 14.\n\nVerdict: bad",
    ]
    question = rows[0]["messages"][0]["content"]
    assert question.endswith("Problem:\nWhat is six times seven?\n\nSolution:\nStep 1: First.")
    assert "Second" not in question


def test_a_machine_speaks_only_where_most_people_say_the_same(critical, tmp_path):
    project, (first, second) = critical
    judge = a_rater(project, RaterKind.JUDGE, "judge/one@v1")
    other = a_rater(project, RaterKind.JUDGE, "judge/two@v1")
    a_label(a_rater(project), first, "bad")
    a_label(judge, first, "bad", text="It is wrong.")
    a_label(other, first, "good", text="It is right.")
    a_label(judge, second, "bad", text="Nobody else looked.")

    with pytest.raises(Conflict, match="No label says anything"):
        export_project(project, tmp_path / "none", format="critique_sft")
    manifest = export_project(
        project, tmp_path / "out", format="critique_sft", settings={"with_machines": True}
    )

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["messages"][1]["content"] == "It is wrong.\n\nVerdict: bad"
    assert row["by"] == "judge"
    assert manifest["counts"]["machine_disagrees_with_people"] == 1
    assert manifest["counts"]["machine_and_no_majority_of_people"] == 1


def test_given_critiques_need_most_ratings_at_the_best_level(critical, tmp_path):
    project, (first, _) = critical
    good = a_candidate(first, "It says why.", kind=CandidateKind.CRITIQUE)
    poor = a_candidate(first, "It misses it.", kind=CandidateKind.CRITIQUE)
    a_candidate(first, "Nobody rated it.", kind=CandidateKind.CRITIQUE)
    ann = a_rater(project)
    a_label(ann, first, "bad")
    for candidate, value in ((good, "right"), (poor, "partly")):
        rating = a_criterion(project, "critique-rating")
        Label.objects.create(rater=ann, criterion=rating, candidate=candidate, value=value)

    manifest = export_project(project, tmp_path / "out", format="critique_sft")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["messages"][1]["content"] == "It says why.\n\nVerdict: bad"
    assert manifest["counts"]["given_critique_not_rated_best"] == 1
    assert manifest["counts"]["given_critique_not_rated"] == 1


def test_a_decided_rating_of_a_critique_wins(critical, tmp_path):
    project, (first, _) = critical
    critique = a_candidate(first, "It says why.", kind=CandidateKind.CRITIQUE)
    rating = a_criterion(project, "critique-rating")
    for value in ("right", "partly"):
        Label.objects.create(rater=a_rater(project), criterion=rating, candidate=critique, value=value)
    a_label(a_rater(project), first, "bad")

    decide(first.trace, a_person("alice"), [Said(rating.pk, None, "right", candidate=critique.pk)])
    manifest = export_project(project, tmp_path / "out", format="critique_sft")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["messages"][1]["content"] == "It says why.\n\nVerdict: bad"
    assert not manifest["counts"].get("given_critique_not_rated_best")
