from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of, skip_assignment
from annotate.enums import CutAnswer, CutFault, Role
from annotate.errors import Conflict, Rejected
from annotate.label.cut_reports import leave_cut, own_reports, report_cut, reports_of
from annotate.label.recutting import Cut, recut
from annotate.models import Assignment, CutReport, Project
from tests.factories import a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    a_trace(project, texts=["One.\n", "Two. Three.\n", "Four."])
    fill_queue(project)
    return project


@pytest.fixture
def held(project: Project) -> Assignment:
    found = claim_next(project, rater_of(project, a_person("bob")))
    assert found is not None
    return found


def test_saying_it_again_changes_the_report_while_it_is_open(project: Project, held: Assignment) -> None:
    first = report_cut(held, 1, CutFault.TOO_LONG)
    again = report_cut(held, 1, CutFault.OTHER, " Two claims. ")
    assert (again.pk, again.text, own_reports(held)) == (first.pk, "Two claims.", {again.step_id: again})
    leave_cut(again, a_person("carol"), "One thought.")
    assert report_cut(held, 1, CutFault.TOO_LONG).pk != first.pk


@pytest.mark.parametrize(
    ("position", "fault", "text", "field"),
    [
        (9, "too_long", "", "step"),
        (0, "belongs_before", "", "fault"),
        (1, "other", " ", "text"),
        (1, "no", "", "fault"),
        (1, "other", "x" * 2001, "text"),
    ],
)
def test_what_cannot_be_reported_names_its_field(
    held: Assignment, position: int, fault: str, text: str, field: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        report_cut(held, position, fault, text)
    assert refusal.value.field == field
    assert not CutReport.objects.exists()


def test_reviewers_see_open_and_done_but_not_of_what_they_read_themselves(
    project: Project, held: Assignment
) -> None:
    report = report_cut(held, 1, CutFault.TOO_LONG)
    carol, bob = a_person("carol"), a_person("bob")
    assert list(reports_of(project, carol)) == [report]
    assert list(reports_of(project, bob)) == []
    leave_cut(report, carol, "One thought.")
    assert list(reports_of(project, carol)) == []
    [done] = reports_of(project, carol, is_open=False)
    assert (done.answer, done.answer_text, done.answered_by) == (CutAnswer.LEFT, "One thought.", carol)
    with pytest.raises(Conflict, match="meanwhile"):
        leave_cut(report, carol)


def test_a_report_from_an_older_page_finds_its_step_or_says_that_it_is_gone(
    project: Project, held: Assignment
) -> None:
    recut(held.trace, a_person("carol"), Cut(1, 1, 5))
    assert report_cut(held, 2, CutFault.TOO_LONG, version=1).position == 3
    with pytest.raises(Conflict, match="split or merged"):
        report_cut(held, 1, CutFault.TOO_LONG, version=1)


def test_whoever_left_the_trace_to_somebody_else_reports_nothing(held: Assignment) -> None:
    skip_assignment(held, held.token)
    held.refresh_from_db()
    with pytest.raises(Conflict, match="not yours"):
        report_cut(held, 1, CutFault.TOO_LONG)
