from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.ingest.founding import create_from_preset
from annotate.models import Label, Project
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
    assert "progress trace" in shown
    assert Project.objects.get().rubric.name == "PRM800K, phase 2"
    a_label(a_rater(project), a_trace(Project.objects.get()).steps.first(), "good")
    with pytest.raises(CommandError, match=r"1 labels rest on PRM800K.*--new-version"):
        said("sums", "--preset", "checklist")
    assert "Checklist v1" in said("sums", "--preset", "checklist", "--new-version")


def test_labels_are_carried_over_by_the_moves_that_are_said(project: Project) -> None:
    a_label(a_rater(project), a_trace(project).steps.first(), "neutral")
    made = create_from_preset(project, "first-error")
    tried = said("sums", "--use", "First error v1", "--carry", "--map", "verdict.neutral=good", "--dry-run")
    assert "Nothing was changed" in tried
    assert "verdict neutral verdict: good 1" in tried
    assert "1 labels carried over, 0 set aside." in tried
    assert "verdict neutral set aside 1" in said("sums", "--use", "First error v1", "--carry", "--dry-run")
    done = said("sums", "--use", "First error v1", "--carry", "--map", "verdict.neutral=good")
    assert "Asks by First error v1." in done
    assert Label.objects.get(criterion__rubric=made).value == "good"
    shown = said("sums", "--versions")
    assert "First error v1 in use, frozen 1" in shown
    assert "PRM verdicts v1 frozen 1" in shown


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--use", "No such v9"], "has no version No such v9. It has: PRM verdicts v1"),
        (["--map", "verdict=verdict"], "belong to --carry"),
        (["--preset", "prm800k", "--carry", "--map", "nonsense"], "write OLD=NEW"),
        (["--preset", "prm800k", "--carry", "--map", "verdict.good=splendid"], "no level splendid"),
        (["--preset", "prm800k", "--carry", "--dry-run"], "A dry run makes no version"),
        (["--use", "PRM verdicts v1", "--carry"], "asks by PRM verdicts v1 already"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(project: Project, arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        said("sums", *arguments)
