"""Managers and their queue by the API: the same actions as the pages."""

from __future__ import annotations

from typing import Any

import pytest

from annotate.assign.fillings import work_filling
from annotate.enums import ExamState, Role
from annotate.models import Invitation, Project, Turn
from tests.annotate.assign.queues import a_queue, person, read_next, reader_of, taken
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_queue(n_traces=3)


@pytest.fixture
def at(project: Project) -> str:
    return f"/api/projects/{project.slug}"


def send(method: str, address: str, body: Any = None, name: str = "alice") -> Any:
    return getattr(signed_in(name), method)(address, body, format="json")


def test_rules_are_read_and_written(at: str) -> None:
    body = {"overlap": 2, "lease_minutes": 15, "rules": {"policy": "random", "overlap_of": []}}
    answer = send("put", f"{at}/queue/", body)
    assert (answer.status_code, answer.data["rules"]["policy"]) == (200, "random")
    read = signed_in("alice").get(f"{at}/queue/").data
    assert (read["overlap"], read["lease_minutes"], read["rules"]["exam_pass"]) == (2, 15, 0.8)
    refused = send("put", f"{at}/queue/", body | {"rules": {"policy": "best"}})
    assert (refused.status_code, refused.data["field"]) == (400, "policy")
    assert send("put", f"{at}/queue/", body, name="bob").status_code == 403


def test_the_overview_is_read(project: Project, at: str) -> None:
    bob = person(project, "bob")
    read_next(project, bob)
    taken(project, bob)
    seen = signed_in("alice").get(f"{at}/queue/overview/").data
    assert seen["counts"] == {"open": 1, "held": 1, "submitted": 1, "skipped": 0, "wanted": 3}
    assert [(one["name"], one["submitted"]) for one in seen["people"]] == [("bob", 1)]
    assert seen["holdings"][0]["name"] == "bob"
    assert signed_in("bob").get(f"{at}/queue/overview/").status_code == 403


def test_traces_are_counted_and_then_changed(at: str) -> None:
    body = {"which": {"state": "unread"}, "what": {"do": "priority", "priority": 4}}
    asked = send("post", f"{at}/queue/change/", body)
    assert asked.data == {"count": 3, "is_done": False}
    assert send("post", f"{at}/queue/change/", body | {"count": 2}).status_code == 409
    assert send("post", f"{at}/queue/change/", body | {"count": 3}).data == {"count": 3, "is_done": True}
    assert set(Turn.objects.values_list("priority", flat=True)) == {4}
    assert send("post", f"{at}/queue/renew/").data == {"changed": 0, "is_done": True}
    assert send("post", f"{at}/queue/change/", body, name="bob").status_code == 403


def test_a_person_is_acted_on(project: Project) -> None:
    bob = person(project, "bob")
    address = f"/api/raters/{bob.pk}/queue/"
    assert send("post", address, {"do": "pause", "reason": "wait"}).data["detail"].startswith("bob is paused")
    assert send("post", address, {"do": "waive_exam"}).status_code == 200
    assert reader_of(bob).exam == ExamState.WAIVED
    assert (
        send("post", address, {"do": "skills", "skills": ["code"]}).data["detail"] == "Skills of bob: code."
    )
    assert send("post", address, {"do": "resume"}, name="bob").status_code == 403


def test_invitations_are_made_listed_and_closed(at: str) -> None:
    made = send("post", f"{at}/invitations/", {"role": "reviewer", "uses": None})
    assert made.status_code == 201
    assert made.data["link"].startswith("http://testserver/join/?token=")
    assert Invitation.objects.get().role == Role.REVIEWER
    assert send("post", f"/api/invitations/{made.data['id']}/withdraw/").status_code == 204
    (listed,) = signed_in("alice").get(f"{at}/invitations/").data["results"]
    assert (listed["link"], listed["why_closed"]) == (None, "It was withdrawn.")
    assert send("post", f"{at}/invitations/", {"role": "owner"}).status_code == 400
    assert signed_in("bob").get(f"{at}/invitations/").status_code == 403


def test_a_big_projects_filling_is_left_to_a_worker_and_told(
    project: Project, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotate.assign.fillings.MOST_AT_ONCE", 2)
    assert send("get", f"{at}/queue/filling/").data == {"filling": None}
    assert send("post", f"{at}/assignments/fill/").data == {"added": 0, "is_done": False}
    told = send("get", f"{at}/queue/filling/").data["filling"]
    assert (told["state"], told["done"], told["total"]) == ("queued", 0, 3)
    body = {"do": "cancel"}
    assert send("post", f"{at}/queue/filling/", body).data["filling"]["state"] == "cancelled"
    assert send("post", f"{at}/queue/filling/", body).status_code == 409
    assert send("post", f"{at}/queue/filling/", {"do": "resume"}).data["filling"]["state"] == "queued"
    work_filling(project)
    assert send("get", f"{at}/queue/filling/").data == {"filling": None}
    assert send("post", f"{at}/queue/renew/").data == {"changed": 0, "is_done": False}
    rules = {"overlap": 1, "lease_minutes": 30, "rules": {"policy": "random"}}
    assert send("put", f"{at}/queue/", rules).status_code == 200
    assert send("get", f"{at}/queue/filling/").data["filling"]["stage"] == "order"
    assert send("post", f"{at}/queue/filling/", body, name="bob").status_code == 403
