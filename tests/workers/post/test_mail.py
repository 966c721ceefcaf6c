"""Notices by e-mail: to whom, in which language, through a real server of a few lines."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail as outbox

from annotate.enums import NoticeEvent, NoticeState, Role
from annotate.models import Listener, Membership, Notice, Person
from annotate.notices.announcing import announce
from tests.annotate.notices.listeners import some_members
from tests.factories import a_person, a_project
from workers.tasks.notices import work_notices

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(settings: Any) -> Listener:
    settings.HAS_EMAIL, settings.DEFAULT_FROM_EMAIL = True, "gradus@example.org"
    settings.SITE_ADDRESS = "https://gradus.example.org"
    alice = a_person("alice", email="alice@example.org")
    project = a_project(alice, slug="sums", mia=Role.MANAGER)
    Person.objects.filter(username="mia").update(email="mia@example.org", language="de")
    return some_members(project, "owner", "manager")


def told(team: Listener) -> list[Notice]:
    announce(team.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    work_notices(listener_id=team.pk)
    return list(Notice.objects.order_by("pk"))


def test_each_member_gets_a_message_of_their_own(team: Listener) -> None:
    type(team.project).objects.update(name="Sums\nBcc: all@example.org")
    notices = told(team)
    assert [one.state for one in notices] == [NoticeState.DELIVERED] * 2
    first, second = outbox.outbox
    assert (first.to, second.to) == (["alice@example.org"], ["mia@example.org"])
    assert first.subject == (
        "[Sums Bcc: all@example.org] The queue has run dry: whoever asks for work now gets none."
    )
    assert "https://gradus.example.org/projects/sums/overview/" in first.body
    assert first.extra_headers["Message-ID"] == f"<{notices[0].message_id}@gradus>"
    assert "mia" not in first.body + first.subject


def test_who_has_left_or_changed_roles_since_is_told_nothing(team: Listener) -> None:
    announce(team.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    Membership.objects.filter(person__username="mia").update(role=Role.ANNOTATOR)
    assert [one.state for one in told(team)] == [NoticeState.DELIVERED, NoticeState.FAILED]
    assert [one.to for one in outbox.outbox] == [["alice@example.org"]]


def test_without_a_mail_server_the_reason_is_said_and_nothing_is_tried_again(
    team: Listener, settings: Any
) -> None:
    settings.HAS_EMAIL = False
    assert {(one.state, one.attempts) for one in told(team)} == {(NoticeState.FAILED, 1)}
    assert "GRADUS_EMAIL_HOST" in Notice.objects.all()[0].answer
    assert outbox.outbox == []


@contextmanager
def a_mail_server(**refused: str) -> Iterator[tuple[int, list[str]]]:
    """As much of SMTP as a client needs. ``refused``: what is answered to RCPT for whose name."""
    taken: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            for line in self.rfile:
                word = line.decode().strip()
                if word.upper().startswith("RCPT"):
                    self.say(next((no for name, no in refused.items() if name in word), "250 ok"))
                elif word.upper() == "DATA":
                    self.say("354 go on")
                    taken.append(self.message())
                    self.say("250 taken")
                elif word.upper() == "QUIT":
                    return self.say("221 bye")
                else:
                    self.say("250 ok")

        def message(self) -> str:
            lines: list[bytes] = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            return b"".join(lines).decode()

        def say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], taken
        finally:
            server.shutdown()
            thread.join()


def test_a_real_server_takes_it_refuses_it_for_good_or_asks_for_patience(
    team: Listener, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    with a_mail_server(mia="550 <mia@example.org> unknown") as (settings.EMAIL_PORT, taken):
        alice, mia = told(team)
    assert (alice.state, mia.state, mia.status) == (NoticeState.DELIVERED, NoticeState.FAILED, 550)
    assert mia.answer == "<(their address)> unknown"
    [message] = taken
    assert "To: alice@example.org" in message
    assert "Auto-Submitted: auto-generated" in message
    with a_mail_server(mia="451 later") as (settings.EMAIL_PORT, taken):
        Notice.objects.filter(pk=mia.pk).update(state=NoticeState.WAITING)
        work_notices(listener_id=team.pk)
    mia.refresh_from_db()
    assert (mia.state, mia.status, taken) == (NoticeState.WAITING, 451, [])
    # Nobody is there any more.
    Notice.objects.filter(pk=mia.pk).update(next_at=mia.created_at)
    work_notices(listener_id=team.pk)
    mia.refresh_from_db()
    assert (mia.state, mia.status, "refused" in mia.answer.lower()) == (NoticeState.WAITING, None, True)
