from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import RaterKind, Role
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.review import letter_of, review_of
from annotate.models import Label, Project, Rater, Trace
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(overlap=2, carol=Role.REVIEWER)


@pytest.fixture
def readers(project: Project) -> list[Rater]:
    return [a_rater(project, name=name) for name in ("ann", "ben")]


def a_read_trace(readers: list[Rater], *values: str) -> Trace:
    """One letter per step and reader: ``("gg", "gb")``."""
    trace = a_trace(readers[0].project, n_steps=len(values[0]))
    for rater, letters in zip(readers, values, strict=True):
        for step, letter in zip(trace.steps.all(), letters, strict=True):
            if letter != "-":
                a_label(rater, step, {"g": "good", "b": "bad"}[letter], seconds=2)
    return trace


def test_what_people_said_stands_side_by_side_and_machines_are_no_readers(project, readers):
    trace = a_read_trace(readers, "gg-", "gbb")
    a_label(a_rater(project, RaterKind.JUDGE), trace.steps.get(position=0), "bad")
    review = review_of(trace)
    assert [one.is_disputed for one in review.steps] == [False, True, False]
    assert (review.n_disputed, review.n_open) == (1, 1)
    assert [len(one.matters[0].heard) for one in review.steps] == [2, 2, 1]


def test_names_are_letters_until_the_step_is_decided(project, readers):
    trace = a_read_trace(readers, "gg", "gb")
    decide(trace, a_person("carol"), [Said(a_criterion(project).pk, 1, "bad")])
    first, second = review_of(trace).steps
    assert [one.who for one in first.matters[0].heard] == ["Reader A", "Reader B"]
    assert {one.who for one in second.matters[0].heard} == {"ann", "ben"}
    project.hides_readers = False
    project.save()
    trace.project.refresh_from_db()
    assert {one.who for one in review_of(trace).steps[0].matters[0].heard} == {"ann", "ben"}


def test_a_letter_is_one_persons_in_a_trace_and_not_in_the_next(project, readers):
    traces = [a_read_trace(readers, "ggg", "bbb") for _ in range(12)]
    first = set()
    for trace in traces:
        orders = {
            tuple(one.label.rater.name for one in step.matters[0].heard) for step in review_of(trace).steps
        }
        assert len(orders) == 1
        first.add(orders.pop()[0])
    assert first == {"ann", "ben"}


def test_a_reading_that_changed_after_the_decision_is_noticed(project, readers):
    trace = a_read_trace(readers, "g", "b")
    decide(trace, a_person("carol"), [Said(a_criterion(project).pk, 0, "bad")])
    assert not review_of(trace).steps[0].matters[0].has_changed
    label = Label.objects.get(rater=readers[0])
    Label.objects.filter(pk=label.pk).update(is_live=False)
    a_label(readers[0], trace.steps.get(), "bad", supersedes=label)
    matter = review_of(trace).steps[0].matters[0]
    assert matter.has_changed
    assert not matter.is_disputed


def test_drafts_are_not_shown(project, readers):
    trace = a_read_trace(readers, "g", "b")
    fill_queue(project)
    carol = a_person("carol")
    held = claim_next(project, rater_of(project, carol))
    assert held is not None
    a_label(rater_of(project, carol), trace.steps.get(), "bad", assignment=held)
    assert len(review_of(trace).steps[0].matters[0].heard) == 2
    # Whoever is at work has a letter already: it does not pass to another when they submit.
    assert rater_of(project, carol) in review_of(trace).readers.raters


@pytest.mark.parametrize(("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (52, "BA")])
def test_there_are_letters_for_everybody(number, letters):
    assert letter_of(number) == letters


@pytest.mark.parametrize("n_steps", [1, 4])
def test_a_trace_costs_the_same_queries_however_long(
    project, readers, n_steps, django_assert_num_queries: DjangoAssertNumQueries
):
    trace = a_read_trace(readers, "g" * n_steps, "b" * n_steps)
    review_of(trace)
    with django_assert_num_queries(5):
        review_of(trace)
