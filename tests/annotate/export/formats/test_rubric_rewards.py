from __future__ import annotations

import pytest

from annotate.errors import Conflict, Rejected
from annotate.export.actions import export_project
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.actions import freeze_rubric
from annotate.models import Label, Project, Rater, Trace
from tests.annotate.export.published import rows_of
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_label,
    a_pair,
    a_pair_label,
    a_project,
    a_rater,
    a_trace,
    some_attempts,
)

pytestmark = pytest.mark.django_db


def asked(preset: str) -> tuple[Project, Trace]:
    project = a_project(slug="sums")
    use_rubric(project, create_from_preset(project, preset))
    return project, a_trace(project, n_steps=2, external_id="one")


def answer(rater: Rater, trace: Trace, **values: str) -> None:
    freeze_rubric(trace.project.rubric)
    for key, value in values.items():
        criterion = a_criterion(trace.project, key.replace("_", "-"))
        Label.objects.create(rater=rater, criterion=criterion, trace=trace, value=value)


def test_the_reward_is_the_rubrics_own_sum_averaged_over_people(tmp_path):
    project, trace = asked("checklist")
    ann, ben = a_rater(project), a_rater(project)
    answer(ann, trace, answer_right="yes", steps_sound="no", not_fabricated="yes")
    answer(ben, trace, answer_right="yes", steps_sound="unsure", not_fabricated="yes")

    export_project(project, tmp_path / "out", format="rubric_rewards")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    # Weights 2, 1, 1: Ann comes to 3/4; Ben left one open and comes to 1.
    assert row["groups"]["correctness"] == pytest.approx(0.875)
    assert row["reward"] == pytest.approx(0.875)
    assert row["rewards"]["answer-right"] == 1.0
    assert row["rewards"]["steps-sound"] == 0.0
    assert row["rewards"]["question-answered"] is None
    assert row["completion"] == trace.text
    assert row["raters"] == 2


def test_questions_about_steps_give_a_reward_each(tmp_path):
    project, trace = asked("three-dimensions")
    key = project.rubric.criteria.filter(scope="step").first().key
    level = project.rubric.criteria.get(key=key).levels.exclude(score=None).order_by("-score").first()
    a_label(a_rater(project), trace.steps.first(), level.key, criterion_key=key)

    export_project(project, tmp_path / "out", format="rubric_rewards")

    (row,) = rows_of(tmp_path / "out/data/train.jsonl")
    assert row["step_rewards"][key] == [level.score, None]
    assert row["reward"] is None


def test_too_few_raters_are_unknown_and_not_nought(tmp_path):
    project, trace = asked("checklist")
    answer(a_rater(project), trace, answer_right="yes")

    with pytest.raises(Conflict, match="No label says anything"):
        export_project(project, tmp_path / "out", format="rubric_rewards", settings={"min_raters": 2})


def test_a_rubric_without_a_number_line_is_refused(tmp_path):
    project = a_comparing_project(preset="preference")
    a_pair_label(a_rater(project), a_pair(*some_attempts(project, "one", "two")), "left")
    with pytest.raises(Rejected, match="number line") as refusal:
        export_project(project, tmp_path / "out", format="rubric_rewards")
    assert refusal.value.field == "format"
