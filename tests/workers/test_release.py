"""A release whose worker was killed, with a broker that hands no message out again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annotate import clock
from annotate.enums import ReleaseState
from annotate.export import actions
from annotate.export.actions import build_release
from annotate.export.unfinished import GIVEN_UP, left_unfinished, sign, take_up
from annotate.models import Pulse, Release
from tests.annotate.export.decided import a_decided_project
from tests.workers.site import Site, a_site
from workers.celery import app
from workers.tasks import export, push

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

KEY = "0123abcd"


class Killed(BaseException):
    pass


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What sweeps send."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(app, "send_task", lambda name, kwargs, queue: sent.append(kwargs))
    return sent


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Building, by nobody any more; its maker gave a sign a moment ago."""

    def die(*args: object) -> None:
        raise Killed

    decided = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-"))
    sign(KEY)
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_write", die)
        with pytest.raises(Killed):
            build_release(
                decided.project,
                folder=tmp_path / "releases",
                format="trl_stepwise",
                settings={"validation_share": 0.25},
                key=KEY,
            )
    return Release.objects.get()


def long_ago() -> None:
    Pulse.objects.update(beat_at=clock.now() - GIVEN_UP - timedelta(seconds=1))


def states() -> list[str]:
    return list(Release.objects.order_by("number").values_list("state", flat=True))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


def test_a_sweep_of_a_real_worker_has_it_made_again(site: Site, left: Release) -> None:
    long_ago()
    site.start_worker()
    site.wait_until(lambda: Release.objects.filter(state=ReleaseState.PUBLISHED).exists(), seconds=120)
    failed, made = Release.objects.order_by("number")
    assert (failed.pk, failed.state, failed.error) == (left.pk, "failed", "Its worker stopped.")
    assert (made.format, made.settings, made.run) == (left.format, left.settings, left.run)
    assert (site.home / "releases" / made.path).is_dir()
    site.wait_until(lambda: not Pulse.objects.filter(name__contains=KEY).exists())


def test_whoever_gives_signs_is_left_alone(left: Release, sent: list[dict[str, Any]]) -> None:
    push.sweep()
    assert sent == []
    # Made on the command line: nobody signs for it, and nobody knows.
    Pulse.objects.filter(name__contains=KEY).delete()
    push.sweep()
    assert (sent, states()) == ([], ["building"])


def test_it_is_sent_once_and_made_once_however_the_messages_arrive(
    left: Release, sent: list[dict[str, Any]], settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path / "releases"
    long_ago()
    push.sweep()
    push.sweep()
    assert len(sent) == 1
    # Nobody has come to it for five minutes.
    long_ago()
    push.sweep()
    first, second = sent
    export.work_release(**first)
    assert states() == ["building"]
    export.work_release(**second)
    assert states() == ["failed", "published"]
    for message in (*sent, first | {"mark": ""}):
        export.work_release(**message)
    assert states() == ["failed", "published"]
    assert not Pulse.objects.filter(name__contains=KEY).exists()


def test_a_second_message_takes_no_sign_from_whoever_is_at_it(
    left: Release, settings: Any, tmp_path: Path
) -> None:
    settings.RELEASES_DIR = tmp_path / "releases"
    message = {"project_id": left.project_id, "format": left.format, "settings": {}, "person_id": None}
    export.work_release(**message, key=KEY)
    assert states() == ["building"]
    assert Pulse.objects.filter(name__contains=KEY).exists()


def test_a_mark_is_good_for_one(left: Release) -> None:
    long_ago()
    [(found, mark)] = left_unfinished()
    assert found == left
    assert list(left_unfinished()) == []
    assert [take_up(KEY, mark), take_up(KEY, mark)] == [True, False]
