"""The rows of pushes: what may be asked, one at a time, stopped, taken up again, fenced."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.enums import ReleaseState, RunState
from annotate.errors import Conflict, Rejected
from annotate.export.pushes import (
    cancel_push,
    claim_push,
    finish_push,
    left_alone,
    note_push,
    open_push,
    pushes_of,
    retry_push,
)
from annotate.models import Push, Release
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db

LEASE = timedelta(seconds=60)


@pytest.fixture
def release() -> Release:
    return a_release()


def a_release(number: int = 1) -> Release:
    return Release.objects.create(
        project=a_project(slug=f"sums-{number}"),
        number=number,
        format="jsonl",
        state=ReleaseState.PUBLISHED,
        published_at=timezone.now(),
    )


def test_a_push_is_private_and_waits_for_a_worker(release: Release) -> None:
    push = open_push(release, repository=" alice/sums ", person=a_person("alice"))
    assert (push.repository, push.is_private, push.may_replace) == ("alice/sums", True, False)
    assert (push.state, push.is_under_way, push.percent) == (RunState.QUEUED, True, 0)
    assert list(pushes_of(release)) == [push]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sums",
        "a/b/c",
        "alice/",
        "/sums",
        "alice/su ms",
        "alice/../x",
        "alice/a--b",
        "älice/sums",
        "https://x/y",
    ],
)
def test_a_name_that_can_be_none_is_refused(release: Release, name: str) -> None:
    with pytest.raises(Rejected) as refusal:
        open_push(release, repository=name)
    assert refusal.value.field == "repository"
    assert not Push.objects.exists()


def test_people_write_only_below_the_owners_the_operator_allows(release: Release) -> None:
    with pytest.raises(Rejected, match="the operator allows acme"):
        open_push(release, repository="alice/sums", owners=["acme"])
    with pytest.raises(Rejected, match="nobody"):
        open_push(release, repository="alice/sums", owners=[])
    assert open_push(release, repository="Acme/sums", owners=["acme"]).pk


def test_only_what_is_published_is_pushed(release: Release) -> None:
    building = Release.objects.create(project=release.project, number=2, format="jsonl")
    with pytest.raises(Conflict, match="building, not published"):
        open_push(building, repository="alice/sums")


def test_one_push_at_a_time_goes_to_a_data_set(release: Release) -> None:
    first = open_push(release, repository="alice/sums")
    with pytest.raises(Conflict, match="on its way to alice/sums already"):
        open_push(a_release(2), repository="alice/sums")
    cancel_push(first)
    second = open_push(a_release(3), repository="alice/sums")
    with pytest.raises(Conflict, match="on its way to alice/sums already"):
        retry_push(first)
    cancel_push(second)
    assert retry_push(first).state == RunState.QUEUED


def test_one_worker_has_it_and_a_late_one_writes_nothing_more(release: Release) -> None:
    push = open_push(release, repository="alice/sums")
    first = claim_push(push.pk, lease=LEASE)
    assert first is not None
    assert claim_push(push.pk, lease=LEASE) is None
    Push.objects.update(seen_at=timezone.now() - 2 * LEASE)
    second = claim_push(push.pk, lease=LEASE)
    assert second is not None
    assert not note_push(first, files_total=9)
    assert not finish_push(first, RunState.FAILED, error="late")
    assert note_push(second, files_total=3, files_done=2)
    assert finish_push(second, RunState.DONE, revision="f" * 40)
    push.refresh_from_db()
    assert (push.state, push.files_total, push.error) == (RunState.DONE, 3, "")


def test_a_stopped_push_is_ended_by_nobody(release: Release) -> None:
    push = open_push(release, repository="alice/sums")
    claimed = claim_push(push.pk, lease=LEASE)
    assert claimed is not None
    cancel_push(push)
    assert not note_push(claimed, files_total=1)
    assert not finish_push(claimed, RunState.DONE)
    with pytest.raises(Conflict, match="not under way"):
        cancel_push(push)


def test_what_is_done_or_under_way_is_not_taken_up_again(release: Release) -> None:
    push = open_push(release, repository="alice/sums")
    with pytest.raises(Conflict, match="Only a push that failed"):
        retry_push(push)
    claimed = claim_push(push.pk, lease=LEASE)
    assert claimed is not None
    finish_push(claimed, RunState.FAILED, error="x" * 5000)
    push.refresh_from_db()
    assert len(push.error) == 1000
    assert retry_push(push, may_replace=True).may_replace


def test_what_nobody_is_at_is_found(release: Release) -> None:
    push = open_push(release, repository="alice/sums")
    assert left_alone(LEASE) == []
    Push.objects.update(asked_at=timezone.now() - 2 * LEASE)
    assert left_alone(LEASE) == [push.pk]
    claim_push(push.pk, lease=LEASE)
    assert left_alone(LEASE) == []
    Push.objects.update(seen_at=timezone.now() - 2 * LEASE)
    assert left_alone(LEASE) == [push.pk]
