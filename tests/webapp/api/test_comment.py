from __future__ import annotations

from typing import Any

import pytest

from annotate.label.discussion import ask_reviewers, write_comment
from annotate.models import Project
from tests.annotate.label.desks import a_shared_project, read, take
from tests.factories import a_person
from tests.webapp.api.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_shared_project(slug="words")


def post(name: str, path: str, data: Any = None) -> Any:
    return signed_in(name).post(path, data or {}, format="json")


def test_a_question_is_asked_answered_and_resolved(project):
    held = take(project, "bob")
    own = f"/api/assignments/{held.pk}/comments/"
    asked = post("bob", own, {"step": 1, "text": "Which units?"})
    assert asked.status_code == 201
    assert (asked.json()["who"], asked.json()["asks_reviewers"]) == ("You", True)
    [waiting] = signed_in("carol").get("/api/projects/words/questions/").json()["results"]
    assert (waiting["id"], waiting["step"]) == (asked.json()["id"], 1)
    answered = post(
        "carol", f"/api/traces/{held.trace_id}/comments/", {"step": 1, "to": held.pk, "text": "Metres"}
    )
    assert (answered.status_code, answered.json()["to"]) == (201, "Reader A")
    seen = signed_in("bob").get(own).json()
    assert [(one["who"], one["to"], one["text"]) for one in seen] == [
        ("You", "", "Which units?"),
        ("A reviewer", "you", "Metres"),
    ]
    edited = post("bob", f"/api/comments/{waiting['id']}/edit/", {"text": "Which unit?"}).json()
    assert (edited["text"], edited["earlier"][0]["text"]) == ("Which unit?", "Which units?")
    assert post("carol", f"/api/comments/{waiting['id']}/resolve/").json()["resolved_at"]
    assert signed_in("carol").get("/api/projects/words/questions/").json()["results"] == []
    assert signed_in("carol").get(f"/api/comments/{waiting['id']}/").json()["who"] == "Reader A"


def test_readers_never_reach_each_others_comments(project):
    bob, dora = read(project, "bob", "gb"), read(project, "dora", "gg")
    words = ask_reviewers(bob, "bob says bad")
    write_comment(bob.trace, a_person("carol"), "between us")
    assert signed_in("dora").get(f"/api/assignments/{dora.pk}/comments/").json() == []
    assert signed_in("dora").get("/api/projects/words/questions/").json()["results"] == []
    assert signed_in("dora").get(f"/api/comments/{words.pk}/").status_code == 404
    assert signed_in("dora").get(f"/api/traces/{bob.trace_id}/comments/").status_code == 403
    assert len(signed_in("carol").get(f"/api/traces/{bob.trace_id}/comments/").json()) == 2


def test_bad_comments_name_their_field(project):
    held = take(project, "bob")
    assert post("bob", f"/api/assignments/{held.pk}/comments/", {"text": " "}).json()["field"] == "text"
    assert (
        post("bob", f"/api/assignments/{held.pk}/comments/", {"text": "a", "step": 7}).json()["field"]
        == "step"
    )
    refused = post("carol", f"/api/traces/{held.trace_id}/comments/", {"text": "a", "to": 10**9})
    assert refused.status_code == 404
