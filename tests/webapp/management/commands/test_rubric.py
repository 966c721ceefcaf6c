from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.models import Project
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("rubric", *arguments, stdout=out)
    return " ".join(out.getvalue().split())


@pytest.fixture
def project() -> Project:
    return a_project(slug="sums")


def test_it_shows_what_is_asked_about_what_and_of_whom(project: Project) -> None:
    shown = said("sums")
    assert "PRM verdicts v1" in shown
    assert "verdict step people and machines good, neutral, bad, unsure" in shown
    assert "recoverable step machines good, bad" in shown


def test_ready_made_questions_are_added(project: Project) -> None:
    assert "preference pair machines left, tie, right" in said("sums", "--add", "preference")
    shown = said("sums", "--add", "dimensions")
    assert "confidence step machines yes, partly, no" in shown
    assert "preference" in shown
    assert "v1" in shown


def test_labels_are_left_behind_only_when_that_is_said(project: Project) -> None:
    a_label(a_rater(project), a_trace(project).steps.first(), "good")
    with pytest.raises(CommandError, match=r"1 labels rest on it.*no longer count.*--new-version"):
        said("sums", "--add", "preference")
    assert "PRM verdicts v1, frozen by its labels" in said("sums")
    assert "PRM verdicts v2" in said("sums", "--add", "preference", "--new-version")


def test_a_project_without_a_rubric_says_so(project: Project) -> None:
    Project.objects.update(rubric=None)
    assert said("sums") == "sums has no rubric."
    with pytest.raises(CommandError, match="no rubric to add to"):
        said("sums", "--add", "preference", "--new-version")


def test_a_rubric_of_the_gallery_is_taken_up(project: Project) -> None:
    shown = said("sums", "--preset", "prm800k")
    assert "PRM800K, phase 2 v1" in shown
    assert "progress trace people and machines none, some, half, most, all" in shown
    assert Project.objects.get().rubric.name == "PRM800K, phase 2"
    a_label(a_rater(project), a_trace(Project.objects.get()).steps.first(), "good")
    with pytest.raises(CommandError, match=r"1 labels rest on PRM800K.*--new-version"):
        said("sums", "--preset", "checklist")
    assert "Checklist v1" in said("sums", "--preset", "checklist", "--new-version")
