"""Reviewers decide about pairs on which people differ, and their word stands."""

from __future__ import annotations

import pytest

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import fill_comparisons
from annotate.assign.compare.queries import Standing, compare_state
from annotate.consensus.preferences import Verdict, compared_by_people, comparing_criterion, newest_label
from annotate.enums import Scope
from annotate.label.answers import Said, Written
from annotate.label.compared_review import (
    compared_review_of,
    compared_review_queue,
    decide_compared,
    events_about,
    next_compared,
    nothing_compared_because,
)
from annotate.label.review_queue import Show
from annotate.models import Label, Lineup, Pair, Project
from tests.annotate.assign.compare.queues import a_queue_of_lineups, say_next
from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.factories import a_criterion, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project_of_pairs()


def decided(pair: Pair, name: str, value: str, text: str = "", **more: int) -> Written:
    said = Said(a_criterion(pair.project, "preference").pk, None, value, text, **more)  # type: ignore[arg-type]
    [written] = decide_compared(pair, a_person(name), [said])
    return written


def test_only_pairs_on_which_people_differ_wait(project: Project) -> None:
    assert "Nothing has been compared by two people" in nothing_compared_because(project)
    compared(project, bob="left", dora="left")
    assert compared_review_queue(project) == []
    assert "People agree at the one place" in nothing_compared_because(project)
    differing = compared(project, bob="left", dora="right")
    [row] = compared_review_queue(project)
    assert (row.pk, row.n_disputed, row.n_open) == (differing.pk, 1, 1)
    decided(differing, "carol", "left")
    assert compared_review_queue(project) == []
    assert [row.pk for row in compared_review_queue(project, show=Show.DECIDED)] == [differing.pk]
    assert "is decided" in nothing_compared_because(project)


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
    [matter] = compared_review_of(pair).matters
    assert {one.who for one in matter.heard} == {"bob", "dora"}
    assert not matter.is_open
    assert not matter.has_changed


def test_readers_have_letters_until_it_is_decided(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    [matter] = compared_review_of(pair).matters
    assert [one.who for one in matter.heard] == ["Reader A", "Reader B"]


def test_what_nobody_says_needs_a_reason_and_no_decision_is_overwritten_unseen(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    refusal = decided(pair, "carol", "tie").refusal
    assert refusal is not None
    assert "say why" in refusal.reason
    seen = compared_review_of(pair).seen
    first = decided(pair, "carol", "tie", "The same steps.", seen=seen)
    assert first.label_id is not None
    late = decided(pair, "alice", "left", seen=seen)
    assert (late.is_conflict, late.value, late.text) == (True, "tie", "The same steps.")
    again = decided(pair, "alice", "left", seen=compared_review_of(pair).seen)
    assert Label.objects.decisions().get().pk == again.label_id
    question = a_criterion(project, "preference").pk
    decide_compared(pair, a_person("carol"), [Said(question, None, is_cleared=True)])
    assert not Label.objects.decisions().exists()
    assert len(compared_review_queue(project)) == 1


def test_a_question_about_something_else_cannot_be_decided_here(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    [written] = decide_compared(pair, a_person("carol"), [Said(10**9, None, "left")])
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


def test_the_next_compared_is_none_that_the_reviewer_compares(project: Project) -> None:
    first, second = (compared(project, bob="left", dora="right") for _ in range(2))
    rows = compared_review_queue(project)
    assert next_compared(rows, first, a_person("carol")) == (Scope.PAIR, second.pk)
    project.overlap = 3
    project.save(update_fields=["overlap"])
    fill_comparisons(project)
    held = claim_comparison(project, rater_of(project, a_person("carol")))
    assert held is not None
    other = first if held.pair == second else second
    assert held.pair is not None
    assert next_compared(rows, other, a_person("carol")) in (None, (Scope.PAIR, other.pk))


def a_lineup_ranked(**said: str) -> Lineup:
    project = a_queue_of_lineups(overlap=2)
    for name, value in said.items():
        say_next(project, rater_of(project, a_person(name)), value)
    return project.lineups.get()


def test_an_order_is_decided_as_a_pair_is_and_stands_couple_by_couple() -> None:
    lineup = a_lineup_ranked(bob="a>b>c", carol="b>a>c")
    project, question = lineup.project, a_criterion(lineup.project, "ranking")
    [row] = compared_review_queue(project)
    assert (row.scope, row.pk, row.n_open) == (Scope.LINEUP, lineup.pk, 1)
    [written] = decide_compared(lineup, a_person("alice"), [Said(question.pk, None, "A > b = c")])
    assert written.refusal is not None
    assert "say why" in written.refusal.reason
    [written] = decide_compared(
        lineup, a_person("alice"), [Said(question.pk, None, "b>c>a", "It is shorter.")]
    )
    assert Label.objects.get(pk=written.label_id).value == "b>c>a"
    assert compared_review_queue(project) == []
    found = {one.name[-2:]: one for one in compared_by_people(question, newest_label(question))}
    rulings = {name: one.ruling for name, one in found.items()}
    assert rulings == {"ab": Verdict.RIGHT, "ac": Verdict.RIGHT, "bc": Verdict.LEFT}


def test_the_history_has_every_word_and_names_only_once_decided() -> None:
    lineup = a_lineup_ranked(bob="a>b>c", carol="b>a>c")
    question = a_criterion(lineup.project, "ranking")

    def who() -> list[str]:
        return [event.who for event in events_about(compared_review_of(lineup), with_keys=False)]

    assert sorted(who()) == ["Reader A", "Reader B"]
    decide_compared(lineup, a_person("alice"), [Said(question.pk, None, "a>b>c")])
    decide_compared(lineup, a_person("alice"), [Said(question.pk, None, "b>a>c")])
    assert who() == ["bob", "carol", "alice", "alice"]
