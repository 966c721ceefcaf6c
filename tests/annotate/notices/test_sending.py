from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from annotate.enums import NoticeEvent, NoticeState
from annotate.errors import Conflict
from annotate.models import Listener, Notice
from annotate.notices.announcing import announce
from annotate.notices.listeners import remove_listener, try_listener
from annotate.notices.sending import (
    JITTER,
    KEPT,
    LEASE,
    MOST_SAID,
    TRIES,
    WAITS,
    Answer,
    claim_notice,
    listeners_due,
    record_answer,
    send_again,
    wait_after,
)
from tests.annotate.notices.listeners import a_webhook
from tests.factories import a_project

pytestmark = pytest.mark.django_db

NO = Answer(False, 500, "not now")


@pytest.fixture
def hook() -> Listener:
    hook = a_webhook(a_project())
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    return hook


def claimed(hook: Listener) -> Notice:
    notice = claim_notice(hook.pk)
    assert notice is not None
    return notice


def come(at: datetime) -> None:
    """Move the clock by moving what it is held against."""
    by = at - timezone.now()
    for notice in Notice.objects.all():
        Notice.objects.filter(pk=notice.pk).update(
            next_at=notice.next_at - by, leased_until=notice.leased_until and notice.leased_until - by
        )


def test_a_failing_receiver_is_tried_eight_times_over_a_day_and_then_given_up(hook: Listener) -> None:
    waited = timedelta()
    for i in range(TRIES):
        notice = claimed(hook)
        before = timezone.now()
        assert record_answer(notice, NO)
        notice.refresh_from_db()
        if i < TRIES - 1:
            wait = notice.next_at - before
            assert abs(wait.total_seconds() - WAITS[i]) <= JITTER * WAITS[i] + 30
            assert (notice.state, claim_notice(hook.pk), listeners_due()) == (NoticeState.WAITING, None, [])
            waited += wait
            come(notice.next_at)
            assert listeners_due() == [hook.pk]
    assert (notice.state, notice.attempts, notice.status) == (NoticeState.FAILED, TRIES, 500)
    assert timedelta(hours=18) < waited < timedelta(hours=29)
    assert claim_notice(hook.pk) is None
    assert notice.finished_at is not None


def test_waits_differ_so_that_not_all_come_back_at_once() -> None:
    waits = {wait_after(1) for _ in range(50)}
    assert len(waits) > 10
    assert all((1 - JITTER) * 60 <= wait.total_seconds() <= (1 + JITTER) * 60 for wait in waits)


def test_delivered_is_the_end_of_it(hook: Listener) -> None:
    assert record_answer(claimed(hook), Answer(True, 204, ""))
    notice = Notice.objects.get()
    assert (notice.state, notice.status, notice.attempts) == (NoticeState.DELIVERED, 204, 1)
    assert (claim_notice(hook.pk), listeners_due()) == (None, [])
    with pytest.raises(Conflict):
        send_again(notice)


def test_what_no_try_would_change_is_given_up_at_once_and_sent_again_by_hand(hook: Listener) -> None:
    first = claimed(hook)
    assert record_answer(first, Answer(False, words="no public address", is_final=True))
    notice = Notice.objects.get()
    assert (notice.state, notice.answer) == (NoticeState.FAILED, "no public address")
    again = send_again(notice)
    assert (again.state, again.message_id) == (NoticeState.WAITING, first.message_id)
    # All its tries anew.
    for _ in range(TRIES - 1):
        come(Notice.objects.get().next_at)
        record_answer(claimed(hook), NO)
    assert Notice.objects.get().state == NoticeState.WAITING
    send_again(Notice.objects.get())
    assert record_answer(claimed(hook), Answer(True, 200, ""))


def test_one_worker_at_a_time_and_a_killed_one_is_followed_by_another(hook: Listener) -> None:
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:2")
    lost = claimed(hook)
    assert (claim_notice(hook.pk), listeners_due()) == (None, [])
    with pytest.raises(Conflict):
        send_again(lost)
    come(timezone.now() + LEASE + timedelta(seconds=1))
    assert listeners_due() == [hook.pk]
    taken = claimed(hook)
    assert (taken.pk, taken.message_id, taken.attempts) == (lost.pk, lost.message_id, 2)
    # The first comes back after all: it writes nothing over the second's.
    assert not record_answer(lost, NO)
    assert record_answer(taken, Answer(True, 200, ""))
    assert Notice.objects.get(pk=lost.pk).state == NoticeState.DELIVERED
    assert claimed(hook).key == "queue:2"


def test_a_notice_that_takes_every_worker_with_it_is_given_up(hook: Listener) -> None:
    for _ in range(TRIES):
        claimed(hook)
        come(timezone.now() + LEASE + timedelta(seconds=1))
    assert claim_notice(hook.pk) is None
    assert Notice.objects.get().state == NoticeState.FAILED


def test_the_oldest_comes_first_and_one_that_waits_holds_up_no_other(hook: Listener) -> None:
    announce(hook.project_id, NoticeEvent.QUEUE_EMPTY, key="queue:2")
    first = claimed(hook)
    assert first.key == "queue:1"
    record_answer(first, NO)
    assert claimed(hook).key == "queue:2"


def test_what_a_receiver_says_is_kept_short_and_harmless(hook: Listener) -> None:
    hostile = "<script>\x00alert(1)</script>\r\n\u202eabc " + "x" * 5000
    record_answer(claimed(hook), Answer(False, 500, hostile))
    said = Notice.objects.get().answer
    assert said.startswith("<script> alert(1)</script> abc xxx")
    assert len(said) == MOST_SAID


def test_old_ones_are_forgotten_and_those_of_a_removed_listener_with_it(hook: Listener) -> None:
    record_answer(claimed(hook), Answer(True, 200, ""))
    Notice.objects.update(created_at=timezone.now() - KEPT - timedelta(days=1))
    try_listener(hook)
    notice = claimed(hook)
    assert record_answer(notice, NO)
    assert [one.event for one in Notice.objects.all()] == ["test"]
    come(Notice.objects.get().next_at)
    notice = claimed(hook)
    remove_listener(hook)
    assert not record_answer(notice, NO)
    assert claim_notice(notice.listener_id) is None
