"""A real worker that is killed between a receiver's answer and its own note, and another that sends again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.utils import timezone

from annotate.enums import NoticeEvent, NoticeState
from annotate.models import Notice, Pulse, Worker
from annotate.notices.announcing import announce
from annotate.notices.signing import secret_of
from tests.annotate.notices.listeners import a_webhook
from tests.factories import a_project
from tests.workers.post.receiver import Receiver, a_receiver
from tests.workers.site import Site, a_site
from workers.celery import NOTICE_SWEEP

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        site.settings = {"GRADUS_WEBHOOK_HOSTS": "127.0.0.1", "GRADUS_SECRET_KEY": "one-for-all-of-this-test"}
        yield site


def test_a_killed_worker_costs_a_second_message_of_the_same_id_and_no_notice(
    site: Site, receiver: Receiver
) -> None:
    hook = a_webhook(a_project(), receiver.url)
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    over = threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        over.wait(240)

    receiver.acts = [hold]
    site.start_worker()
    site.wait_until(lambda: len(receiver.got) == 1, seconds=120)
    site.kill()
    over.set()
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == (NoticeState.WAITING, 1)
    assert notice.leased_until is not None
    # Its lease runs out.
    Notice.objects.update(leased_until=timezone.now())
    site.start_worker()
    site.wait_until(lambda: Notice.objects.get().state == NoticeState.DELIVERED, seconds=120)
    assert [got.headers["webhook-id"] for got in receiver.got] == [notice.message_id] * 2
    assert receiver.got[0].body == receiver.got[1].body
    assert Notice.objects.get().attempts == 2
    assert Pulse.objects.filter(name=NOTICE_SWEEP).exists()
    assert Worker.objects.exclude(version="").exists()
    log = site.log()
    assert secret_of(hook) not in log
    assert "key=1" not in log
