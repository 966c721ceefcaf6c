"""Managers note what is known about a pair or a lineup."""

from __future__ import annotations

import pytest

from annotate.assign.actions import rater_of
from annotate.assign.compare.queries import not_had, ordinary
from annotate.consensus.preferences import compared_by_people, comparing_criterion, newest_label
from annotate.enums import Purpose, RaterKind, Scope
from annotate.errors import Rejected
from annotate.label.answers import Said
from annotate.label.compared_review import compared_review_queue
from annotate.label.keys import keys_on, write_key
from annotate.models import Comparison, Label, LogEntry, Pair, Project
from tests.annotate.assign.compare.queues import a_queue_of_lineups
from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.factories import a_criterion, a_pair_label, a_person, a_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project_of_pairs()


def note(pair: Pair, value: str = "left", source: str = "A proof.") -> None:
    question = a_criterion(pair.project, "preference")
    write_key(pair, a_person("alice"), [Said(question.pk, None, value)], source=source)


def test_a_key_is_a_label_of_a_gold_rater_with_its_maker_and_its_source(project: Project) -> None:
    pair = compared(project, bob="left")
    note(pair)
    [label] = keys_on(pair)
    assert (label.value, label.text, label.rater.kind) == ("left", "A proof.", RaterKind.GOLD)
    assert label.decided_by is not None
    assert label.decided_by.name == "alice"
    note(pair, "right", "A better proof.")
    [newer] = keys_on(pair)
    assert (newer.value, newer.supersedes_id) == ("right", label.pk)
    assert LogEntry.objects.filter(noun="key", project_pk=project.pk).count() == 2


def test_a_key_beside_one_that_came_with_a_file_leaves_it_alone(project: Project) -> None:
    pair = compared(project, bob="left")
    a_pair_label(a_rater(project, RaterKind.GOLD, "gold/file"), pair, "tie")
    note(pair)
    assert sorted(keys_on(pair).values_list("value", flat=True)) == ["left", "tie"]


@pytest.mark.parametrize(
    ("value", "source", "field"),
    [("left", " ", "source"), ("unsure", "A proof.", "value"), ("middle", "A proof.", "value")],
)
def test_what_nothing_could_be_held_against_is_refused(
    project: Project, value: str, source: str, field: str
) -> None:
    pair = compared(project, bob="left")
    with pytest.raises(Rejected) as refusal:
        note(pair, value, source)
    assert refusal.value.field == field
    assert not Label.objects.filter(rater__kind=RaterKind.GOLD).exists()


def test_an_order_that_ties_all_is_no_key() -> None:
    project = a_queue_of_lineups()
    lineup = project.lineups.get()
    question = a_criterion(project, "ranking")
    with pytest.raises(Rejected, match="say which is better"):
        write_key(lineup, a_person("alice"), [Said(question.pk, None, "a=b=c")], source="A proof.")
    write_key(lineup, a_person("alice"), [Said(question.pk, None, "B > a=c")], source="A proof.")
    assert keys_on(lineup).get().value == "b>a=c"


def test_whoever_made_the_key_is_not_asked(project: Project) -> None:
    pair = compared(project, bob="left")
    note(pair)
    alice = rater_of(project, a_person("alice"))
    assert not not_had(ordinary(project), alice, frozenset({Scope.PAIR})).exists()


def test_what_was_said_of_gold_is_no_vote_and_no_dispute(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    criterion = comparing_criterion(project)
    Comparison.objects.filter(pair=pair, holder__name="dora").update(purpose=Purpose.GOLD)
    assert compared_review_queue(project) == []
    [one] = compared_by_people(criterion, newest_label(criterion))
    assert (one.votes.left, one.votes.right) == (1, 0)
