"""Webhooks to a real receiver: what is sent, what is made of each answer, and where nothing is ever sent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from annotate.addresses import reach_from
from annotate.enums import NoticeEvent, NoticeState, UnitState
from annotate.models import Listener, Notice, Run, Unit
from annotate.notices.announcing import announce
from annotate.notices.signing import secret_of
from annotate.prelabel.actions import close_run_if_over
from tests.annotate.notices.listeners import a_webhook
from tests.docs.pages import write_files
from tests.factories import a_criterion, a_project, a_trace
from tests.workers.outside import a_certificate, stand_for
from tests.workers.post.receiver import Receiver, a_receiver
from tests.workers.serving import sent
from workers.post import webhook
from workers.tasks.notices import work_notices

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    settings.SITE_ADDRESS = "https://gradus.example.org"
    with a_receiver() as receiver:
        yield receiver


def a_notice(url: str) -> Notice:
    hook = a_webhook(a_project(), url, reach=reach_from(["127.0.0.1", "hook.example.org"]))
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    return Notice.objects.get(listener=hook)


def tried(notice: Notice) -> Notice:
    """After the task itself, as a worker runs it."""
    work_notices(listener_id=notice.listener_id)
    return Notice.objects.get(pk=notice.pk)


@pytest.fixture
def verify(tmp_path: Path) -> Any:
    """What the handbook gives receivers to verify with, which shares no line with what signs."""
    write_files("notices.md", tmp_path)
    named: dict[str, Any] = {}
    exec((tmp_path / "verify.py").read_text(), named)
    return named["is_from_gradus"]


def test_a_finished_run_reaches_the_receiver_signed(receiver: Receiver, verify: Any) -> None:
    project = a_project(slug="sums")
    hook = a_webhook(project, receiver.url)
    run = Run.objects.create(
        project=project, kind="prelabel", name="judge/critique", criterion=a_criterion(project)
    )
    Unit.objects.create(run=run, trace=a_trace(project), state=UnitState.DONE)
    close_run_if_over(run)
    notice = tried(Notice.objects.get())
    assert (notice.state, notice.status) == (NoticeState.DELIVERED, 204)
    [got] = receiver.got
    assert (got.path, got.headers["content-type"]) == ("/hook?key=1", "application/json")
    assert got.headers["webhook-id"] == notice.message_id
    said = json.loads(got.body)
    assert (said["type"], said["timestamp"]) == ("run.finished", notice.created_at.isoformat())
    assert said["data"] == {
        "project": "sums",
        **{"run": run.pk, "kind": "prelabel", "name": "judge/critique", "done": 1, "total": 1},
        "says": f"Run {run.pk} (judge/critique) has finished: 1 of 1 are done.",
        "page": f"https://gradus.example.org/runs/{run.pk}/",
    }
    secret = secret_of(hook)
    assert verify(secret, got.headers, got.body)
    assert not verify(secret, got.headers, got.body + b" ")
    assert not verify(secret_of(a_webhook(project)), got.headers, got.body)
    assert not verify(secret, {**got.headers, "webhook-id": "another"}, got.body)
    assert not verify(secret, {**got.headers, "webhook-timestamp": "1614265330"}, got.body)


def test_a_receiver_that_fails_first_gets_the_same_message_again(receiver: Receiver, verify: Any) -> None:
    receiver.acts = [sent(b"<b>not now</b>", 500)]
    notice = tried(a_notice(receiver.url))
    assert (notice.state, notice.status, notice.answer) == (NoticeState.WAITING, 500, "<b>not now</b>")
    assert tried(notice).attempts == 1
    Notice.objects.update(next_at=notice.created_at)
    assert tried(notice).state == NoticeState.DELIVERED
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert all(verify(secret_of(notice.listener), got.headers, got.body) for got in receiver.got)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        *((200, "delivered"), (299, "delivered"), (400, "waiting"), (404, "waiting"), (429, "waiting")),
        *((410, "failed"), (503, "waiting")),
    ],
)
def test_what_each_status_means(receiver: Receiver, status: int, state: str) -> None:
    receiver.acts = [sent(b"said", status)]
    notice = tried(a_notice(receiver.url))
    assert (notice.state, notice.status) == (state, status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.acts = [sent(b"", status, Location=f"http://127.0.0.1:{receiver.port}/other")]
    notice = tried(a_notice(receiver.url))
    assert (notice.state, notice.status) == (NoticeState.WAITING, status)
    assert "none is followed" in notice.answer
    assert len(receiver.got) == 1


def test_a_huge_answer_is_not_read(receiver: Receiver) -> None:
    n_sent = 0

    def pour(handler: BaseHTTPRequestHandler) -> None:
        nonlocal n_sent
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x" * 1_000_000)
            n_sent += 1_000_000

    receiver.acts = [pour]
    notice = tried(a_notice(receiver.url))
    assert (notice.state, len(notice.answer)) == (NoticeState.DELIVERED, 200)
    assert n_sent < 100_000_000


def test_one_that_is_silent_or_dribbles_is_cut_off(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "LONGEST", 0.5)
    over = threading.Event()

    def dribble(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"X: y\r\n")

    receiver.acts = [lambda _: bool(over.wait(60)) and None, dribble]  # type: ignore[list-item]
    notice = a_notice(receiver.url)
    for tries in (1, 2):
        Notice.objects.update(next_at=notice.created_at)
        notice = tried(notice)
        assert (notice.state, notice.attempts, notice.status) == (NoticeState.WAITING, tries, None)
        assert "No whole answer" in notice.answer
    over.set()


def test_nobody_there_is_tried_again_unless_the_operator_has_taken_the_host_off_the_list(
    settings: Any,
) -> None:
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    with socket.socket() as held:
        # Bound and not listening: whoever connects is refused.
        held.bind(("127.0.0.1", 0))
        absent = tried(a_notice(f"http://127.0.0.1:{held.getsockname()[1]}/"))
        assert (absent.state, absent.status) == (NoticeState.WAITING, None)
        assert "No connection" in absent.answer
    settings.WEBHOOK_HOSTS = []
    refused = tried(a_notice("http://127.0.0.1/"))
    assert (refused.state, refused.attempts) == (NoticeState.FAILED, 1)
    assert "https" in refused.answer


def test_a_name_that_stands_for_an_inner_address_is_refused(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_HOSTS = []
    with a_receiver() as receiver:
        notice = a_notice(f"https://hook.example.org:{receiver.port}/")
        stand_for(monkeypatch, "hook.example.org", "127.0.0.1")
        notice = tried(notice)
        assert (notice.state, notice.status) == (NoticeState.FAILED, None)
        assert "no public address" in notice.answer
        assert "127.0.0.1" not in notice.answer
        # One public address beside it does not help.
        stand_for(monkeypatch, "hook.example.org", "8.8.8.8", "10.0.0.1")
        Notice.objects.update(state=NoticeState.WAITING, next_at=notice.created_at)
        assert tried(notice).state == NoticeState.FAILED
        assert receiver.got == []


def test_the_name_is_looked_up_once_and_its_certificate_is_held_against_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.WEBHOOK_HOSTS = ["127.0.0.0/8"]
    for name, state in (
        ("hook.example.org", NoticeState.DELIVERED),
        ("other.example.org", NoticeState.WAITING),
    ):
        folder = tmp_path / name
        folder.mkdir()
        with a_receiver(a_certificate(folder, name)) as receiver:
            monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
            asked = stand_for(monkeypatch, "hook.example.org", "127.0.0.1")
            notice = tried(a_notice(f"https://hook.example.org:{receiver.port}/x"))
            assert (notice.state, asked) == (state, ["hook.example.org"]), notice.answer
            if state == NoticeState.DELIVERED:
                assert receiver.got[0].headers["host"] == f"hook.example.org:{receiver.port}"
            else:
                assert "certificate" in notice.answer
                assert receiver.got == []


def test_many_notices_go_one_after_another_and_a_bug_costs_a_try(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = a_webhook(a_project(), receiver.url)
    for i in range(3):
        announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key=f"queue:{i}")
    work_notices(listener_id=hook.pk)
    assert len(receiver.got) == 3
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 3
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:4")
    monkeypatch.setattr(webhook, "body_of", lambda notice: 1 / 0)
    work_notices(listener_id=hook.pk)
    left = Notice.objects.get(key="queue:4")
    assert (left.state, left.attempts, "worker's log" in left.answer) == (NoticeState.WAITING, 1, True)
    work_notices(listener_id=10**9)
    assert Listener.objects.count() == 1
