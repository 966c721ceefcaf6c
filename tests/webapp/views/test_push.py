"""The page of a release's pushes: asked for, watched, stopped, taken up again, and by whom."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from annotate.enums import ReleaseState, Role, RunState
from annotate.export.pushes import open_push
from annotate.models import Push, Release
from tests.factories import a_project
from tests.webapp.views.clients import signed_in
from workers.tasks import push as task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sent: list[int] = []
    monkeypatch.setattr(task, "_send", sent.append)
    return sent


@pytest.fixture
def release() -> Release:
    project = a_project(slug="sums", mia=Role.MANAGER, eve=Role.VIEWER)
    return Release.objects.create(
        project=project,
        number=3,
        format="jsonl",
        state=ReleaseState.PUBLISHED,
        published_at=timezone.now(),
        manifest={"files": []},
    )


def test_a_push_is_asked_for_and_is_private_by_its_tick(
    release, sent, django_capture_on_commit_callbacks
) -> None:
    client = signed_in("mia")
    page = client.get(f"/releases/{release.pk}/pushes/").content.decode()
    assert re.search(r'<input type="checkbox" name="is_private"[^>]* checked>', page)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            f"/releases/{release.pk}/pushes/", {"repository": "alice/sums", "is_private": "on"}
        )
    push = Push.objects.get()
    assert (answer.status_code, sent) == (302, [push.pk])
    assert (push.is_private, push.may_replace, push.person.username) == (True, False, "mia")
    page = client.get(f"/releases/{release.pk}/pushes/").content.decode()
    assert f'hx-get="/pushes/{push.pk}/"' in page
    assert "Waiting for a worker." in page


@pytest.mark.parametrize(
    ("name", "says"), [("sums", "is no name of a data set"), ("", "This field is required")]
)
def test_a_name_that_is_none_is_told_at_its_field(release, name, says) -> None:
    answer = signed_in("mia").post(f"/releases/{release.pk}/pushes/", {"repository": name})
    assert (answer.status_code, says in answer.content.decode()) == (400, True)
    assert not Push.objects.exists()


def test_only_allowed_owners(release, settings) -> None:
    settings.HUB_OWNERS = ["acme"]
    answer = signed_in("mia").post(f"/releases/{release.pk}/pushes/", {"repository": "alice/sums"})
    assert (answer.status_code, "the operator allows acme" in answer.content.decode()) == (400, True)


def test_how_far_it_is_and_what_came_of_it(release) -> None:
    push = open_push(release, repository="alice/sums")
    numbers = {"files_total": 4, "files_done": 1, "bytes_total": 2048, "bytes_done": 1024}
    Push.objects.update(state=RunState.RUNNING, seen_at=timezone.now(), **numbers)
    client, address = signed_in("eve"), f"/pushes/{push.pk}/"
    piece = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert '<progress max="100" value="50"' in piece
    assert "1 of 4 files" in piece
    assert "Stop" not in piece
    assert client.get(address).headers["Location"] == f"/releases/{release.pk}/pushes/#push-{push.pk}"
    done = {"commit_url": "https://huggingface.co/datasets/alice/sums/commit/abc", "revision": "abcdef" * 6}
    Push.objects.update(state=RunState.DONE, **done)
    piece = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'href="https://huggingface.co/datasets/alice/sums/commit/abc"' in piece
    assert "hx-get" not in piece
    assert "alice/sums" in client.get(f"/releases/{release.pk}/").content.decode()


def test_a_push_is_stopped_and_taken_up_again_by_managers_alone(
    release, sent, django_capture_on_commit_callbacks
) -> None:
    push = open_push(release, repository="alice/sums")
    address = f"/pushes/{push.pk}/"
    assert signed_in("eve").post(address, {"do": "stop"}).status_code == 403
    assert signed_in("eve").post(f"/releases/{release.pk}/pushes/", {"repository": "a/b"}).status_code == 403
    client = signed_in("mia")
    assert client.post(address, {"do": "sing"}).status_code == 400
    client.post(address, {"do": "stop"})
    push.refresh_from_db()
    assert push.state == RunState.CANCELLED
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"do": "retry", "may_replace": "1"})
    push.refresh_from_db()
    assert (push.state, push.may_replace, sent) == (RunState.QUEUED, True, [push.pk])


def test_what_the_hub_says_is_text(release) -> None:
    push = open_push(release, repository="alice/sums")
    Push.objects.update(state=RunState.FAILED, error="It says: <script>alert(1)</script>")
    page = signed_in("mia").get(f"/releases/{release.pk}/pushes/").content.decode()
    assert push.pk
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
