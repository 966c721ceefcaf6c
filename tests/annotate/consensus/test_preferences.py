from __future__ import annotations

import pytest

from annotate.consensus.preferences import (
    Verdict,
    Votes,
    compared_by_people,
    comparing_criterion,
    decide,
    newest_label,
)
from annotate.enums import CriterionKind, RaterKind, Scope
from annotate.errors import Rejected
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import GALLERY, CriterionPreset, LevelPreset
from annotate.models import Label, Lineup, Project, Rater
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_lineup,
    a_pair,
    a_pair_label,
    a_project,
    a_rater,
    some_attempts,
)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        (Votes(left=1), Verdict.LEFT),
        (Votes(left=2, right=1), Verdict.LEFT),
        (Votes(left=1, right=2, unsure=5), Verdict.RIGHT),
        (Votes(left=1, right=1), Verdict.DISPUTED),
        # The most votes are not enough: half of those who answered saw no difference or the contrary.
        (Votes(left=2, tie=1, right=1), Verdict.DISPUTED),
        (Votes(left=1, tie=1), Verdict.DISPUTED),
        (Votes(tie=2, right=1), Verdict.TIE),
        (Votes(unsure=3), Verdict.UNSURE),
        (Votes(), Verdict.UNSURE),
    ],
)
def test_only_more_than_half_of_the_votes_win(votes: Votes, verdict: Verdict) -> None:
    assert decide(votes) == verdict


def test_fewer_votes_than_wanted_or_a_smaller_share_win_nothing() -> None:
    assert decide(Votes(left=1, unsure=2), min_votes=2) == Verdict.TOO_FEW
    assert decide(Votes(left=2, right=1), min_share=0.7) == Verdict.DISPUTED
    assert decide(Votes(left=3, right=1), min_share=0.7) == Verdict.LEFT


@pytest.mark.django_db
def test_people_alone_vote_each_with_what_stands() -> None:
    project = a_comparing_project()
    pair = a_pair(*some_attempts(project, "one", "two"), external_id="p")
    ann, ben, cy = (a_rater(project, name=name) for name in ("ann", "ben", "cy"))
    old = a_pair_label(ann, pair, "left")
    Label.objects.filter(pk=old.pk).update(is_live=False)
    new = Label.objects.create(rater=ann, criterion=old.criterion, pair=pair, value="tie", supersedes=old)
    a_pair_label(ben, pair, "right")
    a_pair_label(cy, pair, "unsure")
    for kind in (RaterKind.JUDGE, RaterKind.GOLD):
        a_pair_label(a_rater(project, kind), pair, "left")
    [now] = compared_by_people(old.criterion, newest_label(old.criterion))
    assert now.said == {ann.pk: 0, ben.pk: -1, cy.pk: None}
    assert now.votes == Votes(tie=1, right=1, unsure=1)
    # As it stood before the change.
    [before] = compared_by_people(old.criterion, new.pk - 1)
    assert before.said == {ann.pk: 1}


@pytest.mark.django_db
def test_a_ranking_says_of_every_two_which_stands_first() -> None:
    project = a_comparing_project(preset="ranking")
    traces = some_attempts(project, "one", "two", "three")
    lineup = a_lineup(*traces, external_id="l")
    ann, ben = a_rater(project), a_rater(project)
    ranked(project, ann, lineup, "a>b=c")
    ranked(project, ben, lineup, "c>a>b")
    criterion = a_criterion(project, "ranking")
    found = {one.name: one for one in compared_by_people(criterion, newest_label(criterion))}
    assert {name: one.votes for name, one in found.items()} == {
        "l ab": Votes(left=2),
        "l ac": Votes(left=1, right=1),
        "l bc": Votes(tie=1, right=1),
    }
    assert found["l bc"].traces == (traces[1].pk, traces[2].pk)


def ranked(project: Project, rater: Rater, lineup: Lineup, value: str) -> Label:
    return Label.objects.create(
        rater=rater, criterion=a_criterion(project, "ranking"), lineup=lineup, value=value
    )


@pytest.mark.django_db
def test_the_question_is_named_or_the_only_one_answered() -> None:
    with pytest.raises(Rejected, match="asks nobody to compare"):
        comparing_criterion(a_project())
    project = a_comparing_project()
    flag = CriterionPreset(
        "same", "Same?", "", (LevelPreset("yes", "Yes"),), scope=Scope.PAIR, kind=CriterionKind.BINARY
    )
    both = (*GALLERY["preference"].criteria, *GALLERY["ranking"].criteria, flag)
    use_rubric(project, create_rubric(project, name="both", criteria=both))
    with pytest.raises(Rejected, match="say which: preference, ranking"):
        comparing_criterion(project)
    with pytest.raises(Rejected, match="there are: preference, ranking"):
        comparing_criterion(project, "same")
    assert comparing_criterion(project, "ranking").kind == CriterionKind.RANKING
    a_pair_label(a_rater(project), a_pair(*some_attempts(project, "one", "two")), "left")
    assert comparing_criterion(project).key == "preference"
