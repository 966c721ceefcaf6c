from __future__ import annotations

import pytest

from annotate.models import Label, Project
from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.factories import a_criterion, a_lineup, some_attempts
from tests.webapp.views.clients import queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project_of_pairs()


def test_a_reviewer_decides_from_the_list_to_the_next_pair(project: Project) -> None:
    first, second = (compared(project, bob="left", dora="right") for _ in range(2))
    carol = signed_in("carol")
    assert "2 pairs and lineups on which people differ" in carol.get(f"/projects/{project.slug}/review/").text
    listed = carol.get(f"/projects/{project.slug}/review/pairs/").text
    assert f"/pairs/{first.pk}/review/" in listed
    page = carol.get(f"/pairs/{first.pk}/review/").text
    assert "People differ on 1 question" in page
    assert "Reader A" in page
    assert "bob" not in page
    question = a_criterion(project, "preference").pk
    given = {f"decide-{question}-trace": "left", f"reason-{question}-trace": "", "seen": "0", "next": "1"}
    saved = carol.post(f"/pairs/{first.pk}/review/", given)
    assert (saved.status_code, saved.headers["Location"]) == (302, f"/pairs/{second.pk}/review/")
    assert "Decided left by carol" in carol.get(f"/pairs/{first.pk}/review/").text
    done = carol.post(f"/pairs/{second.pk}/review/", given)
    assert done.headers["Location"] == f"/projects/{project.slug}/review/pairs/"
    listed = carol.get(f"/projects/{project.slug}/review/pairs/").text
    assert "Every disagreement about what is compared is decided." in listed
    decided = carol.get(f"/projects/{project.slug}/review/pairs/?show=decided").text
    assert f"/pairs/{second.pk}/review/" in decided


def test_a_decision_that_is_not_taken_says_why_and_loses_nothing(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    question = a_criterion(project, "preference").pk
    given = {f"decide-{question}-trace": "tie", f"reason-{question}-trace": "", "seen": "0"}
    refused = signed_in("carol").post(f"/pairs/{pair.pk}/review/", given)
    assert refused.status_code == 400
    assert "The pair: No reading says tie here, so say why you decide it." in refused.text
    assert not Label.objects.decisions().exists()


def test_the_list_costs_no_query_for_each_pair(project: Project) -> None:
    one, three = queries_with_one_and_three(
        signed_in("carol"),
        f"/projects/{project.slug}/review/pairs/",
        lambda: compared(project, bob="left", dora="right"),
    )
    assert one == three


def test_silence_is_not_agreement(project: Project) -> None:
    """Nobody has answered, or nobody was asked: neither is people agreeing."""
    agreed = compared(project, bob="left", dora="left")
    alone = compared(project)
    carol, agreeing = signed_in("carol"), "People agree wherever"
    page = carol.get(f"/pairs/{alone.pk}/review/").text
    assert "Nobody has answered yet." in page
    assert agreeing not in page
    assert agreeing in carol.get(f"/pairs/{agreed.pk}/review/").text
    lineup = a_lineup(*some_attempts(project, "one", "two", "three"))
    page = carol.get(f"/lineups/{lineup.pk}/review/").text
    assert "The rubric asks nothing about this." in page
    assert agreeing not in page
