from __future__ import annotations

from typing import Any

import pytest

from annotate.models import Label, Project
from tests.annotate.label.desks import a_shared_project, answer, read, take
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(slug="words", n_traces=2)


def post(name: str, path: str, data: Any = None) -> Any:
    return signed_in(name).post(path, data or {}, format="json")


def test_a_reviewer_works_by_script_from_the_queue_to_the_decision(project):
    reading = read(project, "bob", "gb")
    read(project, "dora", "gg")
    carol = signed_in("carol")
    [row] = carol.get("/api/projects/words/review/").json()["results"]
    assert row == {"trace": reading.trace_id, "n_disputed": 1, "n_open": 1, "n_asked": 0}
    laid_out = carol.get(f"/api/traces/{row['trace']}/review/").json()
    matter = next(one for one in laid_out["matters"] if one["is_disputed"])
    assert {heard["who"] for heard in matter["heard"]} == {"Reader A", "Reader B"}
    assert reading.pk in {heard["reading"] for heard in matter["heard"]}
    url = f"/api/traces/{row['trace']}/decisions/"
    given = {"criterion": "verdict", "step": 1, "value": "bad", "text": "A slip", "seen": laid_out["seen"]}
    decided = post("carol", url, given).json()
    assert (decided["rater_kind"], decided["decided_by"], decided["value"]) == ("review", "carol", "bad")
    assert decided["evidence"]["between"] == sorted(heard["label_id"] for heard in matter["heard"])
    assert [one["id"] for one in carol.get(url).json()] == [decided["id"]]
    assert carol.get("/api/projects/words/review/").json()["results"] == []
    assert len(carol.get("/api/projects/words/review/?show=decided").json()["results"]) == 1
    late = post("alice", url, given | {"value": "good"})
    assert late.status_code == 409
    assert post("carol", f"{url}clear/", {"criterion": "verdict", "step": 1}).status_code == 204
    assert not Label.objects.decisions().exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"criterion": "verdict", "step": 1, "value": "neutral"}, "reason"),
        ({"criterion": "verdict", "step": 9, "value": "good"}, "step"),
        ({"criterion": "recoverable", "step": 1, "value": "good"}, "criterion"),
    ],
)
def test_a_decision_that_cannot_be_taken_names_its_field(project, given, field):
    reading = read(project, "bob", "gb")
    refused = post("carol", f"/api/traces/{reading.trace_id}/decisions/", given)
    assert refused.status_code == 400
    assert refused.json()["field"].startswith(field)


def test_sending_back_and_what_changed(project):
    reading = read(project, "bob", "gb")
    url = f"/api/traces/{reading.trace_id}/"
    given = {"reading": reading.pk, "comments": [{"step": 1, "text": "Sure?"}]}
    assert post("carol", f"{url}return/", {"reading": reading.pk, "comments": []}).status_code == 400
    assert post("bob", f"{url}return/", given).status_code == 403
    other = project.traces.exclude(pk=reading.trace_id).get()
    assert post("carol", f"/api/traces/{other.pk}/return/", given).json()["field"] == "reading"
    assert post("carol", f"{url}return/", given).json() == {"id": reading.pk, "state": "returned"}
    claimed = post("bob", "/api/projects/words/assignments/claim/").json()["assignment"]
    assert claimed["id"] == reading.pk
    assert [one["value"] for one in claimed["answers"]] == ["good", "bad"]
    reading.refresh_from_db()
    answer(reading, "gg")
    post("bob", f"/api/assignments/{reading.pk}/submit/", {"token": reading.token})
    [returned] = signed_in("carol").get(f"{url}returned/").json()
    assert (returned["stands"], returned["is_back"]) == ("came back", True)
    assert returned["changes"] == [{"criterion": "Verdict", "step": 1, "before": "bad", "after": "good"}]


def test_histories_by_script(project):
    reading = read(project, "bob", "gb")
    read(project, "dora", "gg")
    carol = signed_in("carol")
    found = carol.get(f"/api/traces/{reading.trace_id}/history/?step=1").json()
    assert [(one["what"], one["step"], one["value"]) for one in found["results"]] == [
        ("answered", 1, "bad"),
        ("answered", 1, "good"),
    ]
    assert carol.get(f"/api/traces/{reading.trace_id}/history/?who=machines").json()["count"] == 0
    own = signed_in("bob").get("/api/projects/words/history/").json()["results"]
    assert [one["value"] for one in own] == ["bad", "good"]


def test_names_are_a_managers_choice(project):
    assert post("carol", "/api/projects/words/review/names/", {"hides_readers": False}).status_code == 403
    assert post("alice", "/api/projects/words/review/names/", {"hides_readers": False}).json() == {
        "hides_readers": False
    }
    reading = read(project, "bob", "gb")
    read(project, "dora", "gg")
    laid_out = signed_in("carol").get(f"/api/traces/{reading.trace_id}/review/").json()
    assert {heard["who"] for heard in laid_out["matters"][0]["heard"]} == {"bob", "dora"}


def test_a_reviewer_who_labels_the_trace_is_kept_out_of_all_of_it(project):
    held = take(project, "carol")
    carol = signed_in("carol")
    for path in ("review/", "returned/", "decisions/", "comments/", "history/"):
        refused = carol.get(f"/api/traces/{held.trace_id}/{path}")
        assert refused.status_code == 403
        assert "on your own desk" in refused.json()["detail"]
