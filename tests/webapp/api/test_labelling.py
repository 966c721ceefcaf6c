"""Bob labels a trace with a script instead of the page."""

from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import AssignmentState, Role
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.models import Assignment, Label, Project
from tests.factories import a_candidate, a_project, a_trace
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    a_trace(project, n_steps=2)
    return project


@pytest.fixture
def held(project: Project) -> dict[str, Any]:
    signed_in("alice").post(f"/api/projects/{project.slug}/assignments/fill/")
    answer = signed_in("bob").post(f"/api/projects/{project.slug}/assignments/claim/")
    assignment: dict[str, Any] = answer.data["assignment"]
    return assignment


def answer(held: dict[str, Any], **given: Any) -> Any:
    body = {"token": held["token"], "criterion": "verdict"} | given
    return signed_in("bob").post(f"/api/assignments/{held['id']}/labels/", body, format="json")


def test_bob_claims_answers_and_submits(project, held):
    bob = signed_in("bob")
    address = f"/api/assignments/{held['id']}/"

    assert [step["text"] for step in held["steps"]] == ["Step 1: one more.\n", "Step 2: one more.\n"]
    assert [criterion["key"] for criterion in held["criteria"]] == ["verdict"]
    assert held["problem"]["reference_answer"] is None
    early = bob.post(f"{address}submit/", {"token": held["token"]}, format="json")
    assert answer(held, step=0, value="good", seconds=1.5).data["is_draft"] is True
    assert answer(held, step=1, value="good").status_code == 200
    assert answer(held, step=1, value="bad", text="no").status_code == 200
    assert bob.get(address).data["n_missing"] == 0
    late = bob.post(f"{address}submit/", {"token": held["token"]}, format="json")

    assert (early.status_code, early.data["field"]) == (400, "step-0")
    assert late.data["state"] == AssignmentState.SUBMITTED
    assert list(
        Label.objects.counted().order_by("step__position").values_list("value", "text", "seconds")
    ) == [
        ("good", "", 1.5),
        ("bad", "no", None),
    ]
    assert bob.get(address).data["answers"][1] == {
        "criterion": "verdict",
        "step": 1,
        "candidate": None,
        "value": "bad",
        "text": "no",
    }
    empty = bob.post(f"/api/projects/{project.slug}/assignments/claim/").data
    assert empty == {
        "assignment": None,
        "reason": "Every trace has been labelled as often as the project asks.",
    }


def test_an_answer_can_be_taken_back(held):
    answer(held, step=0, value="good")
    place = {"token": held["token"], "criterion": "verdict", "step": 0}

    cleared = signed_in("bob").post(f"/api/assignments/{held['id']}/labels/clear/", place, format="json")

    assert cleared.status_code == 204
    assert signed_in("bob").get(f"/api/assignments/{held['id']}/labels/").data["results"] == []


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"step": 0, "value": "great"}, 400, "value"),
        ({"step": 9, "value": "good"}, 400, "step"),
        ({"value": "good"}, 400, "step"),
        ({"step": 0, "value": "good", "criterion": "style"}, 400, "criterion"),
        ({"step": 0, "value": "good", "criterion": "recoverable"}, 400, "criterion"),
        ({"step": 0, "value": "good", "token": 99}, 409, None),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused(held, given, status, field):
    refusal = answer(held, **given)

    assert refusal.status_code == status
    assert refusal.data.get("field") == field
    assert not Label.objects.exists()


def test_extend_skip_and_release_carry_the_token(project, held):
    bob, address = signed_in("bob"), f"/api/assignments/{held['id']}/"
    stale, fresh = {"token": held["token"] + 1}, {"token": held["token"]}

    assert bob.post(f"{address}extend/", stale, format="json").status_code == 409
    assert bob.post(f"{address}extend/", fresh, format="json").data["held_until"] > held["held_until"]
    skipped = bob.post(f"{address}skip/", fresh | {"note": "unreadable"}, format="json")
    assert (skipped.data["state"], skipped.data["note"]) == ("skipped", "unreadable")
    assert Assignment.objects.filter(project=project, state=AssignmentState.OPEN).count() == 1


def test_a_released_trace_goes_back_to_the_queue(project, held):
    released = signed_in("bob").post(
        f"/api/assignments/{held['id']}/release/", {"token": held["token"]}, format="json"
    )

    assert released.status_code == 204
    assert Assignment.objects.get(pk=held["id"]).state == AssignmentState.OPEN


def test_candidates_are_laid_out_without_their_source_and_rated(project):
    use_rubric(project, create_from_preset(project, "next-step"))
    signed_in("alice").post(f"/api/projects/{project.slug}/assignments/fill/")
    given = a_candidate(project.traces.get().steps.first(), "Another way.", source_model="secret-model")
    bob = signed_in("bob")
    sheet = bob.post(f"/api/projects/{project.slug}/assignments/claim/").data["assignment"]
    address = f"/api/assignments/{sheet['id']}/"
    rating = {"token": sheet["token"], "criterion": "comparison", "candidate": given.pk, "value": "better"}

    made = bob.post(f"{address}labels/", rating, format="json")
    read = bob.get(address).data
    missing = bob.post(f"{address}labels/", rating | {"candidate": 0}, format="json")

    assert sheet["candidates"] == [
        {"id": given.pk, "step": 0, "kind": "alternative", "position": 0, "text": "Another way."}
    ]
    assert sheet["n_missing"] == 1
    assert (made.status_code, made.data["candidate"], made.data["step"]) == (200, given.pk, None)
    assert read["answers"] == [
        {"criterion": "comparison", "step": None, "candidate": given.pk, "value": "better", "text": ""}
    ]
    assert (missing.status_code, missing.data["field"]) == (400, "candidate")
    assert bob.post(f"{address}submit/", {"token": sheet["token"]}, format="json").status_code == 200
