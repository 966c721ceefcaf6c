"""A release to the Hub through the API, with the command and with the Python client."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotate.enums import ReleaseState, Role, RunState
from annotate.models import Push, Release
from tests.factories import a_project
from tests.webapp.api.clients import signed_in
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
        project=project, number=3, format="jsonl", state=ReleaseState.PUBLISHED, published_at=timezone.now()
    )


def test_a_push_is_asked_for_watched_stopped_and_taken_up_again(
    release, sent, django_capture_on_commit_callbacks
) -> None:
    mia, address = signed_in("mia"), f"/api/releases/{release.pk}/pushes/"
    with django_capture_on_commit_callbacks(execute=True):
        made = mia.post(address, {"repository": "alice/sums"}, format="json")
    assert (made.status_code, made.data["state"], made.data["is_private"]) == (202, "queued", True)
    assert sent == [made.data["id"]]
    twice = mia.post(address, {"repository": "alice/sums"}, format="json")
    assert (twice.status_code, "already" in twice.data["detail"]) == (409, True)
    assert [one["id"] for one in mia.get(address).data["results"]] == [made.data["id"]]
    own = f"/api/pushes/{made.data['id']}/"
    assert signed_in("eve").get(own).data["repository"] == "alice/sums"
    assert signed_in("eve").post(f"{own}cancel/").status_code == 403
    assert mia.post(f"{own}cancel/").data["state"] == "cancelled"
    assert mia.post(f"{own}cancel/").status_code == 409
    again = mia.post(f"{own}retry/", {"may_replace": True}, format="json")
    assert (again.status_code, again.data["state"], again.data["may_replace"]) == (202, "queued", True)


def test_a_name_that_is_none_is_told_at_its_field(release, settings) -> None:
    mia, address = signed_in("mia"), f"/api/releases/{release.pk}/pushes/"
    answer = mia.post(address, {"repository": "sums"}, format="json")
    assert (answer.status_code, answer.data["field"]) == (400, "repository")
    settings.HUB_OWNERS = []
    answer = mia.post(address, {"repository": "alice/sums"}, format="json")
    assert (answer.status_code, "nobody" in answer.data["detail"]) == (400, True)


def test_the_command_asks_for_a_push_by_the_releases_number(
    release, sent, settings, django_capture_on_commit_callbacks
) -> None:
    # What people may name binds nobody who sits at the machine.
    settings.HUB_OWNERS = []
    out = StringIO()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("push", "sums", "3", "acme/sums", "--public", stdout=out)
    push = Push.objects.get()
    assert (push.release, push.is_private, sent) == (release, False, [push.pk])
    assert "on its way to acme/sums, public" in " ".join(out.getvalue().split())
    with pytest.raises(CommandError, match="sums has no release 9"):
        call_command("push", "sums", "9", "acme/sums")


@pytest.mark.parametrize(("state", "error"), [(RunState.DONE, ""), (RunState.FAILED, "No token.")])
def test_the_command_follows_it_to_its_end(release, monkeypatch, state, error) -> None:
    def worker(seconds: float) -> None:
        Push.objects.update(state=state, error=error, files_total=2, commit_url="https://hub/x")

    monkeypatch.setattr("webapp.management.commands.push.time.sleep", worker)
    out = StringIO()
    if error:
        with pytest.raises(CommandError, match="No token"):
            call_command("push", "sums", "3", "alice/sums", "--watch", stdout=out)
    else:
        call_command("push", "sums", "3", "alice/sums", "--watch", stdout=out)
        assert "2 files, 0 bytes: https://hub/x" in " ".join(out.getvalue().split())
