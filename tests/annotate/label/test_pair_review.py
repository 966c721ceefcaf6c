"""Reviewers decide about pairs on which people differ, and their word stands."""

from __future__ import annotations

import pytest

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison, fill_comparisons
from annotate.assign.compare.queries import Standing, compare_state
from annotate.consensus.preferences import Verdict, compared_by_people, comparing_criterion, newest_label
from annotate.label.answers import Said, Written
from annotate.label.pair_review import (
    decide_pair,
    next_pair,
    no_pair_because,
    pair_review_of,
    pair_review_queue,
)
from annotate.label.review_queue import Show
from annotate.models import Label, Pair, Project
from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.factories import a_criterion, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project_of_pairs()


def decided(pair: Pair, name: str, value: str, text: str = "", **more: int) -> Written:
    said = Said(a_criterion(pair.project, "preference").pk, None, value, text, **more)  # type: ignore[arg-type]
    [written] = decide_pair(pair, a_person(name), [said])
    return written


def test_only_pairs_on_which_people_differ_wait(project: Project) -> None:
    assert "No pair has been compared by two people" in no_pair_because(project)
    compared(project, bob="left", dora="left")
    assert pair_review_queue(project) == []
    assert "People agree about the one pair" in no_pair_because(project)
    differing = compared(project, bob="left", dora="right")
    [row] = pair_review_queue(project)
    assert (row.pair_id, row.n_disputed, row.n_open) == (differing.pk, 1, 1)
    decided(differing, "carol", "left")
    assert pair_review_queue(project) == []
    assert [row.pair_id for row in pair_review_queue(project, show=Show.DECIDED)] == [differing.pk]
    assert "is decided" in no_pair_because(project)


def test_a_decision_is_a_label_by_the_desk_between_the_readings(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    written = decided(pair, "carol", "left", "It is right.")
    label = Label.objects.decisions().get()
    assert label.pk == written.label_id
    assert (label.pair, label.value, label.text) == (pair, "left", "It is right.")
    assert label.decided_by is not None
    assert label.decided_by.name == "carol"
    readings = Label.objects.independent().filter(pair=pair)
    assert label.evidence == {"between": sorted(readings.values_list("pk", flat=True))}
    [matter] = pair_review_of(pair).matters
    assert {one.who for one in matter.heard} == {"bob", "dora"}
    assert not matter.is_open
    assert not matter.has_changed


def test_readers_have_letters_until_it_is_decided(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    [matter] = pair_review_of(pair).matters
    assert [one.who for one in matter.heard] == ["Reader A", "Reader B"]


def test_what_nobody_says_needs_a_reason_and_no_decision_is_overwritten_unseen(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    refusal = decided(pair, "carol", "tie").refusal
    assert refusal is not None
    assert "say why" in refusal.reason
    seen = pair_review_of(pair).seen
    first = decided(pair, "carol", "tie", "The same steps.", seen=seen)
    assert first.label_id is not None
    late = decided(pair, "alice", "left", seen=seen)
    assert (late.is_conflict, late.value, late.text) == (True, "tie", "The same steps.")
    again = decided(pair, "alice", "left", seen=pair_review_of(pair).seen)
    assert Label.objects.decisions().get().pk == again.label_id
    question = a_criterion(project, "preference").pk
    decide_pair(pair, a_person("carol"), [Said(question, None, is_cleared=True)])
    assert not Label.objects.decisions().exists()
    assert len(pair_review_queue(project)) == 1


def test_a_question_about_something_else_cannot_be_decided_here(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    [written] = decide_pair(pair, a_person("carol"), [Said(10**9, None, "left")])
    assert written.refusal is not None
    assert written.refusal.field == "criterion"


def test_a_decision_stands_in_place_of_the_votes_and_as_of_its_day(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    criterion = comparing_criterion(project)
    before = newest_label(criterion)
    [one] = compared_by_people(criterion, before)
    assert one.ruling is None
    decided(pair, "carol", "right")
    [one] = compared_by_people(criterion, newest_label(criterion))
    assert one.ruling == Verdict.RIGHT
    # What people said is all there, and nothing of the reviewer's counts among it.
    assert (one.votes.left, one.votes.right) == (1, 1)
    [then] = compared_by_people(criterion, before)
    assert then.ruling is None
    decided(pair, "carol", "unsure", "Neither can be told.")
    [one] = compared_by_people(criterion, newest_label(criterion))
    assert one.ruling == Verdict.UNSURE


def test_whoever_decided_about_a_pair_is_not_asked_which_side_is_better(project: Project) -> None:
    pair = compared(project, bob="left")
    decided(pair, "carol", "left")
    carol = rater_of(project, a_person("carol"))
    assert compare_state(project, carol).standing is Standing.DONE_BY_YOU
    assert claim_comparison(project, carol) is None
    dora = claim_comparison(project, rater_of(project, a_person("dora")))
    assert dora is not None
    assert dora.pair == pair


def test_the_next_pair_is_none_that_the_reviewer_compares(project: Project) -> None:
    first, second = (compared(project, bob="left", dora="right") for _ in range(2))
    rows = pair_review_queue(project)
    assert next_pair(rows, first, a_person("carol")) == second.pk
    project.overlap = 3
    project.save(update_fields=["overlap"])
    fill_comparisons(project)
    held = claim_comparison(project, rater_of(project, a_person("carol")))
    assert held is not None
    other = first if held.pair == second else second
    assert held.pair is not None
    assert next_pair(rows, other, a_person("carol")) in (None, other.pk)
