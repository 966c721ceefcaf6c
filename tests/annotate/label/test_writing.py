from __future__ import annotations

import pytest
from django.db import transaction

from annotate.assign.actions import claim_next, fill_queue, held_for_writing, rater_of
from annotate.enums import CriterionKind, Role
from annotate.label.actions import save_answers, submit_sheet
from annotate.label.answers import Said, Written
from annotate.label.queries import blank_sheet, sheet_of
from annotate.label.writing import Ledger
from annotate.models import Assignment, Criterion, Label, Project
from tests.factories import a_criterion, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    a_trace(project)
    fill_queue(project)
    return project


@pytest.fixture
def held(project: Project) -> Assignment:
    assignment = claim_next(project, rater_of(project, a_person("bob")))
    assert assignment is not None
    return assignment


@pytest.fixture
def verdict(project: Project) -> Criterion:
    return a_criterion(project)


def say(held: Assignment, *said: Said) -> list[Written]:
    return save_answers(held, held.token, said)


def values() -> list[str]:
    return list(Label.objects.live().order_by("step__position").values_list("value", flat=True))


def test_answers_arrive_in_their_order_also_at_one_place(held: Assignment, verdict: Criterion) -> None:
    written = say(
        held,
        Said(verdict.pk, 0, "good", seen=0),
        Said(verdict.pk, 1, "bad", seen=0),
        Said(verdict.pk, 0, "bad", seen=0),
        Said(verdict.pk, 0, "neutral", seen=0),
    )
    assert values() == ["neutral", "bad"]
    # Its own earlier answer in the same request is no other window's.
    assert not any(one.is_conflict for one in written)
    last = Label.objects.get(value="neutral")
    chain = Label.objects.filter(pk=last.pk).values_list("supersedes__value", "supersedes__supersedes__value")
    assert list(chain) == [("bad", "good")]


def test_what_is_sent_twice_is_written_once(held: Assignment, verdict: Criterion) -> None:
    first = [Said(verdict.pk, 0, "good", key="a", seen=0), Said(verdict.pk, 0, "bad", key="b", seen=0)]
    once = say(held, *first)
    assert say(held, *first) == once
    assert values() == ["bad"]
    assert Label.objects.count() == 2


def test_a_taking_back_is_part_of_the_history(held: Assignment, verdict: Criterion) -> None:
    [given] = say(held, Said(verdict.pk, 0, "good", key="a"))
    [back] = say(held, Said(verdict.pk, 0, is_cleared=True, key="b", seconds=1.26))
    row = Label.objects.get(pk=back.label_id)
    assert (row.value, row.is_live, row.supersedes_id, row.seconds) == ("", False, given.label_id, 1.3)
    assert say(held, Said(verdict.pk, 0, is_cleared=True, key="b")) == [back]
    assert say(held, Said(verdict.pk, 1, is_cleared=True)) == [Written()]
    # Another window that still shows the old answer is told that it was taken back.
    [late] = say(held, Said(verdict.pk, 0, "bad", seen=given.label_id))
    assert late == Written(back.label_id, is_conflict=True)
    assert sheet_of(held).seen == back.label_id
    assert sheet_of(held).answers == {}


def test_the_same_answer_from_two_windows_is_no_conflict(held: Assignment, verdict: Criterion) -> None:
    [one] = say(held, Said(verdict.pk, 0, "good", key="a", seen=0))
    assert say(held, Said(verdict.pk, 0, "good", key="b", seen=0)) == [one]


def test_a_conflict_at_one_place_leaves_the_others_alone(held: Assignment, verdict: Criterion) -> None:
    [one] = say(held, Said(verdict.pk, 0, "good", text="as it should be"))
    conflict, other = say(held, Said(verdict.pk, 0, "bad", seen=0), Said(verdict.pk, 1, "bad", seen=0))
    assert conflict == Written(one.label_id, is_conflict=True, value="good", text="as it should be")
    assert not other.is_conflict
    assert values() == ["good", "bad"]


def test_a_second_answer_does_not_write_over_what_the_first_ran_into(
    held: Assignment, verdict: Criterion
) -> None:
    say(held, Said(verdict.pk, 0, "good"))
    late = say(held, Said(verdict.pk, 0, "bad", seen=0), Said(verdict.pk, 0, "neutral", seen=0))
    assert [one.is_conflict for one in late] == [True, True]
    assert values() == ["good"]


def test_a_sheet_in_conflict_is_not_submitted(held: Assignment, verdict: Criterion) -> None:
    say(held, Said(verdict.pk, 0, "good"))
    sheet = [Said(verdict.pk, position, "bad", seen=0) for position in range(3)]
    problem = submit_sheet(held, held.token, sheet).problem
    assert problem is not None
    assert problem.field == "step-0"
    held.refresh_from_db()
    assert held.state == "held"
    assert values() == ["good", "bad", "bad"]


@pytest.mark.parametrize("kind", [CriterionKind.VERDICT, CriterionKind.CORRECTION])
def test_a_form_is_read_by_the_sheet_as_it_is_laid_out_now(held: Assignment, kind: CriterionKind) -> None:
    Criterion.objects.filter(rubric=held.project.rubric).update(kind=kind)
    with transaction.atomic():
        blank = Ledger(held_for_writing(held, held.token)).blank()
    expected = blank_sheet(held)
    assert [(one.pk, one.position, one.kind) for one in blank.steps] == [
        (one.pk, one.position, one.kind) for one in expected.steps
    ]
    assert [one.body for one in blank.steps] == [one.body for one in expected.steps]
    assert (blank.criteria, blank.boundary, blank.answers) == (expected.criteria, expected.boundary, {})
