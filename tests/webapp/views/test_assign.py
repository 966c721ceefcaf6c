from __future__ import annotations

import pytest
from django.test import Client

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.assign.fillings import work_filling
from annotate.enums import AssignmentState, Role
from annotate.models import Assignment, Project
from tests.factories import a_person, a_project, a_trace
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)


@pytest.fixture
def bob(project: Project) -> Client:
    return signed_in("bob")


def test_the_queue_says_why_there_is_nothing(project: Project, bob: Client) -> None:
    assert b"The project has no traces yet." in bob.get("/projects/words/queue/").content
    a_trace(project)
    assert b"the queue has not been filled" in bob.post("/projects/words/queue/").content
    assert b"Fill the queue" not in bob.get("/projects/words/queue/").content
    signed_in("alice").post("/projects/words/queue/fill/")
    taken = bob.post("/projects/words/queue/")
    held = Assignment.objects.get(state=AssignmentState.HELD)
    assert taken["Location"] == f"/assignments/{held.pk}/"
    assert b"You have a trace open" in bob.get("/projects/words/queue/").content
    assert held.held_until is not None
    assert (
        f"until {held.held_until:%H:%M}".encode() in signed_in("carol").get("/projects/words/queue/").content
    )


def test_filling_is_for_managers(project: Project, bob: Client) -> None:
    a_trace(project)
    assert bob.post("/projects/words/queue/fill/").status_code == 403
    assert not Assignment.objects.exists()


def test_a_lease_is_extended_skipped_and_given_back(project: Project, bob: Client) -> None:
    for _ in range(2):
        a_trace(project)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    assert bob.post(f"/assignments/{held.pk}/lease/", {"token": held.token}).json()["held_until"]
    late = {"token": held.token + 1}
    assert bob.post(f"/assignments/{held.pk}/lease/", late).status_code == 409
    skipped = bob.post(f"/assignments/{held.pk}/skip/", {"token": held.token, "note": "blurred"})
    following = Assignment.objects.get(state=AssignmentState.HELD)
    assert skipped["Location"] == f"/assignments/{following.pk}/"
    back = bob.post(f"/assignments/{following.pk}/release/", {"token": following.token}, follow=True)
    assert b"Your answers wait there for you." in back.content
    assert not Assignment.objects.filter(state=AssignmentState.HELD).exists()


def test_another_persons_trace_is_nowhere(project: Project) -> None:
    a_trace(project)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    carol = signed_in("carol")
    for part in ("", "lease/", "skip/", "release/", "answers/"):
        assert carol.post(f"/assignments/{held.pk}/{part}", {"token": held.token}).status_code == 404


def test_a_big_projects_queue_is_filled_by_a_worker_and_the_pages_say_how_far(
    project: Project, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotate.assign.fillings.MOST_AT_ONCE", 1)
    for _ in range(3):
        a_trace(project)
    alice = signed_in("alice")
    sent = alice.post("/projects/words/queue/fill/")
    assert sent["Location"] == "/projects/words/overview/"
    assert not Assignment.objects.exists()
    overview = alice.get("/projects/words/overview/").content.decode()
    assert "The queue waits to be filled: 0% is done." in overview
    assert "python3 manage.py queue words --resume" in overview
    assert "The queue waits to be filled" in bob.get("/projects/words/queue/").content.decode()
    assert bob.post("/projects/words/queue/filling/", {"do": "cancel"}).status_code == 403
    assert alice.post("/projects/words/queue/filling/", {"do": "forget"}).status_code == 400
    alice.post("/projects/words/queue/filling/", {"do": "cancel"})
    stopped = alice.get("/projects/words/overview/", headers={"HX-Request": "true"}).content.decode()
    assert "was stopped at 0%" in stopped
    alice.post("/projects/words/queue/filling/", {"do": "resume"})
    assert work_filling(project).n_slots == 3
    assert b"waits to be filled" not in alice.get("/projects/words/overview/").content
    settings = {"overlap": 1, "lease_minutes": 30, "set-policy": "random", "set-grow_when": "no_majority"}
    rules = alice.post("/projects/words/queue/rules/", settings, follow=True).content.decode()
    assert "A worker puts the queue in its new order." in rules
    assert "waits to be filled: 0%" in rules
