from __future__ import annotations

import pytest

from annotate.models import Label, Project
from tests.annotate.assign.compare.queues import a_queue_of_lineups
from tests.annotate.label.pair_desks import a_project_of_pairs, compared
from tests.factories import a_criterion, a_rater
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project_of_pairs()


def test_a_reviewer_of_pairs_works_by_script_from_the_queue_to_the_decision(project: Project) -> None:
    pair = compared(project, bob="left", dora="right")
    carol, queue = signed_in("carol"), f"/api/projects/{project.slug}/review/pairs/"
    [row] = carol.get(queue).json()["results"]
    assert row == {"pair": pair.pk, "n_disputed": 1, "n_open": 1}
    laid_out = carol.get(f"/api/pairs/{pair.pk}/review/").json()
    [matter] = [one for one in laid_out["matters"] if one["is_disputed"]]
    assert {heard["who"] for heard in matter["heard"]} == {"Reader A", "Reader B"}
    url = f"/api/pairs/{pair.pk}/decisions/"
    given = {"criterion": "preference", "value": "tie", "text": "The same steps.", "seen": laid_out["seen"]}
    decided = carol.post(url, given, format="json").json()
    assert (decided["rater_kind"], decided["decided_by"], decided["pair"]) == ("review", "carol", pair.pk)
    assert [one["id"] for one in carol.get(url).json()] == [decided["id"]]
    assert carol.get(queue).json()["results"] == []
    assert len(carol.get(f"{queue}?show=decided").json()["results"]) == 1
    late = signed_in("alice").post(url, given | {"value": "left"}, format="json")
    assert late.status_code == 409
    cleared = carol.post(f"{url}clear/", {"criterion": "preference"}, format="json")
    assert cleared.status_code == 204
    assert not Label.objects.decisions().exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"criterion": "preference", "value": "tie"}, "reason"),
        ({"criterion": "verdict", "value": "good"}, "criterion"),
        ({"criterion": "preference", "value": "middle"}, "value"),
    ],
)
def test_a_decision_about_a_pair_that_cannot_be_taken_names_its_field(
    project: Project, given: dict[str, str], field: str
) -> None:
    pair = compared(project, bob="left", dora="right")
    refused = signed_in("carol").post(f"/api/pairs/{pair.pk}/decisions/", given, format="json")
    assert refused.status_code == 400
    assert refused.json()["field"].startswith(field)


def test_a_lineup_is_decided_and_gets_its_known_answer_by_script() -> None:
    project = a_queue_of_lineups(overlap=2)
    lineup = project.lineups.get()
    for name, value in (("ann", "a>b>c"), ("ben", "b>a>c")):
        rater = a_rater(project, name=name)
        Label.objects.create(
            rater=rater, criterion=a_criterion(project, "ranking"), lineup=lineup, value=value
        )
    alice = signed_in("alice")
    [row] = alice.get(f"/api/projects/{project.slug}/review/lineups/").json()["results"]
    assert row == {"lineup": lineup.pk, "n_disputed": 1, "n_open": 1}
    seen = alice.get(f"/api/lineups/{lineup.pk}/review/").json()["seen"]
    given = {"criterion": "ranking", "value": "b>a>c", "seen": seen}
    decided = alice.post(f"/api/lineups/{lineup.pk}/decisions/", given, format="json").json()
    assert (decided["value"], decided["lineup"], decided["decided_by"]) == ("b>a>c", lineup.pk, "alice")
    url = f"/api/lineups/{lineup.pk}/key/"
    known = {"answers": [{"criterion": "ranking", "value": "b>a=c"}], "source": "Graded."}
    [label] = alice.post(url, known, format="json").json()
    assert (label["value"], label["text"], label["rater_kind"]) == ("b>a=c", "Graded.", "gold")
    assert alice.post(url, {"answers": known["answers"]}, format="json").json()["field"] == "source"
    alice.post(url, {"use": "work"}, format="json")
    lineup.refresh_from_db()
    assert lineup.use == "work"
