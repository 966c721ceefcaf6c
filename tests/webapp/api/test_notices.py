"""Notices through the API."""

from __future__ import annotations

import pytest

from annotate.enums import NoticeState, Role
from annotate.models import Listener, Notice
from annotate.notices.signing import secret_of
from annotate.tokens import make_token
from tests.factories import a_person, a_project
from tests.webapp.api.clients import signed_in
from workers.tasks import notices as task

pytestmark = pytest.mark.django_db

HOOK = {
    "kind": "webhook",
    "name": "chat",
    "url": "https://hooks.example.org/T1/a-key",
    "events": ["run.failed"],
}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sent: list[int] = []
    monkeypatch.setattr(task, "_send", sent.append)
    return sent


def test_a_webhook_is_added_changed_tried_and_removed(sent, django_capture_on_commit_callbacks) -> None:
    a_project(slug="sums", mia=Role.MANAGER)
    mia, address = signed_in("mia"), "/api/projects/sums/listeners/"
    made = mia.post(address, HOOK, format="json")
    hook = Listener.objects.get()
    assert (made.status_code, made.data["secret"]) == (201, secret_of(hook))
    assert (made.data["shown_url"], made.data["events"]) == ("https://hooks.example.org/…", ["run.failed"])
    own = f"/api/listeners/{hook.pk}/"
    listed = mia.get(address)
    assert [one["id"] for one in listed.data["results"]] == [hook.pk]
    for answer in (listed, mia.get(own)):
        assert not [secret for secret in ("a-key", "whsec_", hook.salt) if secret in answer.content.decode()]
    assert mia.put(own, {"events": ["queue.empty"]}, format="json").data["events"] == ["queue.empty"]
    assert mia.put(own, {"events": ["nothing"]}, format="json").status_code == 400
    assert mia.post(f"{own}renew/").data["secret"] != made.data["secret"]
    with django_capture_on_commit_callbacks(execute=True):
        assert mia.post(f"{own}test/").status_code == 202
    assert sent == [hook.pk]
    [notice] = mia.get("/api/projects/sums/notices/").data["results"]
    assert (notice["event"], notice["state"], notice["says"]) == (
        *("test", "waiting"),
        "This is a test. Notices reach you.",
    )
    Notice.objects.update(state=NoticeState.FAILED)
    assert mia.post(f"/api/notices/{notice['id']}/again/").data["state"] == "waiting"
    assert mia.delete(own).status_code == 204
    assert not Notice.objects.exists()


def test_what_is_wrong_names_its_field() -> None:
    a_project(slug="sums", mia=Role.MANAGER)
    mia, address = signed_in("mia"), "/api/projects/sums/listeners/"
    refused = mia.post(address, {**HOOK, "url": "https://127.0.0.1/"}, format="json")
    assert (refused.status_code, refused.data["field"]) == (400, "url")
    refused = mia.post(address, {**HOOK, "kind": "mail"}, format="json")
    assert (refused.status_code, refused.data["field"]) == (400, "roles")
    made = mia.post(address, {**HOOK, "kind": "mail", "roles": ["owner"]}, format="json")
    assert (made.status_code, made.data["secret"], made.data["shown_url"]) == (201, "", "")


def test_a_token_needs_the_scope_of_settings() -> None:
    a_project(slug="sums")
    for scope, status in (("read", 403), ("run", 403), ("admin", 201)):
        _, text = make_token(a_person("alice"), name="t", scopes=["read", scope], days=1)
        client = signed_in("alice")
        client.logout()
        client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
        assert client.get("/api/projects/sums/listeners/").status_code == 200
        assert client.post("/api/projects/sums/listeners/", HOOK, format="json").status_code == status
