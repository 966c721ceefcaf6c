"""A file of any size through the API, in pieces, by somebody who may."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from annotate.enums import Role
from annotate.ingest.uploads import work_upload
from annotate.models import Project, Trace, Upload
from tests.factories import a_project
from tests.webapp.api.clients import signed_in
from workers.tasks import ingest as task
from workers.tasks.ingest import store

pytestmark = pytest.mark.django_db

TRACE = {"id": "t1", "problem": {"text": "1 + 1?"}, "steps": ["Two."]}


@pytest.fixture
def project() -> Project:
    return a_project(slug="sums", bob=Role.ANNOTATOR, carol=Role.MANAGER)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks) -> list[int]:
    sent: list[int] = []
    monkeypatch.setattr(task, "_send", sent.append)
    return sent


def begun(content: bytes) -> dict:
    said = {"name": "t.jsonl", "size": len(content), "sha256": sha256(content).hexdigest()}
    made = signed_in("carol").post("/api/projects/sums/uploads/", said, format="json")
    assert made.status_code == 201, made.data
    return made.data


def piece(pk: int, offset: int, content: bytes):
    return signed_in("carol").post(
        f"/api/uploads/{pk}/content/?offset={offset}", content, content_type="application/octet-stream"
    )


def test_a_file_in_pieces_is_looked_at_and_brought_in(
    project, sent, django_capture_on_commit_callbacks
) -> None:
    content = (json.dumps(TRACE) + "\n").encode()
    upload = begun(content)
    first = piece(upload["id"], 0, content[:20]).data
    assert (first["received"], first["state"]) == (20, "coming")
    # Broken off and begun again: the same upload goes on.
    again = begun(content)
    assert (again["id"], again["received"]) == (upload["id"], 20)
    twice = piece(upload["id"], 0, content[:20])
    assert (twice.status_code, "byte 20" in twice.data["detail"]) == (409, True)
    address = f"/api/uploads/{upload['id']}/"
    early = signed_in("carol").post(f"{address}ingest/", {}, format="json")
    assert early.status_code == 409
    assert piece(upload["id"], 20, content[20:]).data["state"] == "here"
    shown = signed_in("carol").post(f"{address}preview/", {}, format="json").data
    assert (shown["format"], shown["traces"][0]["steps"], shown["bad"]) == ("jsonl", ["Two."], [])
    with django_capture_on_commit_callbacks(execute=True):
        asked = signed_in("carol").post(f"{address}ingest/", {"is_dry_run": True}, format="json")
    assert (asked.status_code, asked.data["state"], sent) == (202, "queued", [upload["id"]])
    work_upload(Upload.objects.get(), store())
    tried = signed_in("carol").get(address).data
    assert (tried["state"], tried["report"]["created"]) == ("tried", 1)
    assert not Trace.objects.exists()
    signed_in("carol").post(f"{address}ingest/", {}, format="json")
    work_upload(Upload.objects.get(), store())
    assert signed_in("carol").get(address).data["state"] == "done"
    assert Trace.objects.get().external_id == "t1"


def test_another_file_of_the_same_name_and_size_is_another_upload(project) -> None:
    first, second = (json.dumps(TRACE | {"id": name}).encode() + b"\n" for name in ("t1", "t2"))
    broken_off = begun(first)
    piece(broken_off["id"], 0, first[:20])

    corrected = begun(second)

    assert (corrected["id"] != broken_off["id"], corrected["received"]) == (True, 0)
    assert begun(first)["received"] == 20


def test_pieces_of_two_files_are_no_file(project, sent) -> None:
    """Whoever sends another file's bytes to an upload by its number is told before a row is read."""
    first, second = (
        b"".join(json.dumps(TRACE | {"id": f"{name}{i}"}).encode() + b"\n" for i in range(4)) for name in "ab"
    )
    upload = begun(first)
    half = first.index(b"\n", 100) + 1
    piece(upload["id"], 0, first[:half])
    assert piece(upload["id"], half, second[half:]).data["state"] == "here"
    address = f"/api/uploads/{upload['id']}/"
    signed_in("carol").post(f"{address}ingest/", {}, format="json")

    work_upload(Upload.objects.get(), store())

    read = signed_in("carol").get(address).data
    assert read["state"] == "failed"
    assert read["error"].startswith(
        "What arrived is not the file that was announced: its SHA-256 is another."
    )
    assert not Trace.objects.exists()


@pytest.mark.parametrize("digest", [None, "", "abc", "x" * 64])
def test_no_upload_begins_without_a_digest(project, digest) -> None:
    said = {"name": "t.jsonl", "size": 3} | ({} if digest is None else {"sha256": digest})
    refused = signed_in("carol").post("/api/projects/sums/uploads/", said, format="json")
    assert (refused.status_code, list(refused.data)) == (400, ["sha256"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "xyz"}, "format"),
        ({"options": {"split": "words"}}, "split"),
        ({"options": {"nothing": "x"}}, "nothing"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(project, sent, body, field) -> None:
    upload = begun(b"{}\n\n")
    piece(upload["id"], 0, b"{}\n\n")
    refused = signed_in("carol").post(f"/api/uploads/{upload['id']}/ingest/", body, format="json")
    assert (refused.status_code, refused.data["field"]) == (400, field)
    assert not sent


def test_a_file_is_thrown_away_and_stopped(project, sent) -> None:
    upload = begun(b"{}\n")
    piece(upload["id"], 0, b"{}\n")
    address = f"/api/uploads/{upload['id']}/"
    signed_in("carol").post(f"{address}ingest/", {}, format="json")
    assert signed_in("carol").delete(address).status_code == 409
    assert signed_in("carol").post(f"{address}stop/").data["state"] == "cancelled"
    assert signed_in("carol").delete(address).status_code == 204
    assert signed_in("carol").get("/api/projects/sums/uploads/").data["results"] == []
    assert signed_in("bob").post("/api/projects/sums/uploads/", {}, format="json").status_code == 403
