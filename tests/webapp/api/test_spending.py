from __future__ import annotations

from typing import Any

import pytest

from annotate.models import Project, Run
from tests.annotate.consensus.markets import a_market
from tests.factories import a_project
from tests.webapp.api.clients import signed_in
from webapp.api.viewsets import spending

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_market()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    runs: list[Run] = []
    monkeypatch.setattr(spending, "send_run", runs.append)
    return runs


def address(project: Project) -> str:
    return f"/api/projects/{project.slug}/spending/"


def send(project: Project, body: Any, name: str = "alice") -> Any:
    return signed_in(name).post(address(project), body, format="json")


def test_a_lot_of_the_plan_is_taken_as_it_stands(project: Project, sent: list[Run]) -> None:
    # With more than this people are paid for, in the place of rollouts.
    found = signed_in("alice").get(address(project), {"budget": 0.3, "person_hour": 40}).data
    lot = next(one for one in found["lots"] if one["what"] == "rollouts")
    answer = send(project, {"what": lot["what"], "rater": lot["rater"], "places": lot["places"]})
    assert (answer.status_code, answer.data) == (201, {"run": sent[0].pk, "n_slots": 0})
    assert sent[0].created_by is not None
    assert sent[0].settings["places"] == [f"{one['trace']}:{one['step'] + 1}" for one in lot["places"]]


def test_people_are_asked_by_the_same_address(project: Project, sent: list[Run]) -> None:
    trace = project.traces.first()
    assert trace is not None
    answer = send(project, {"what": "person", "places": [{"trace": trace.pk}]})
    assert (answer.status_code, answer.data, sent) == (201, {"run": None, "n_slots": 0}, [])


def test_only_managers_spend(project: Project, sent: list[Run]) -> None:
    trace = project.traces.first()
    assert trace is not None
    for name in ("bob", "carol"):
        assert signed_in(name).get(address(project)).status_code == 403
        assert send(project, {"what": "person", "places": [{"trace": trace.pk}]}, name).status_code == 403
    assert sent == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"budget": "much"}, "budget"), ({"person_hour": 0}, "person_hour"), ({"traces": 0}, "traces")],
    ids=["budget", "person_hour", "traces"],
)
def test_what_cannot_be_asked_is_refused(project: Project, query: dict[str, Any], field: str) -> None:
    answer = signed_in("alice").get(address(project), query)
    assert answer.status_code == 400
    assert field in str(answer.data)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"what": "luck", "places": [{"trace": 1}]},
        {"what": "person", "places": []},
        {"what": "person", "places": [{"trace": -1}]},
        {"what": "votes", "places": [{"trace": 1}]},
    ],
    ids=["nothing", "no such thing", "nowhere", "no trace", "no machine"],
)
def test_an_order_that_means_nothing_is_refused(project: Project, body: dict[str, Any]) -> None:
    assert send(project, body).status_code == 400
    assert not project.runs.filter(state="queued").exists()


def test_without_a_fit_there_is_nothing_to_plan_by() -> None:
    answer = signed_in("alice").get(address(a_project()))
    assert answer.status_code == 409
    assert "posterior" in str(answer.data)
