from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.assign.actions import fill_queue
from annotate.assign.dryness import QUIET, announce_dry_queues
from annotate.models import Listener, Notice
from annotate.notices.listeners import change_events
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read, taken
from tests.annotate.notices.listeners import a_webhook
from tests.factories import a_trace

pytestmark = pytest.mark.django_db


def test_a_queue_that_runs_dry_is_told_once_and_one_that_never_had_work_is_not() -> None:
    project = a_queue(n_traces=1)
    empty = a_queue(n_traces=0)
    a_webhook(project), a_webhook(empty)
    assert announce_dry_queues() == 0
    held = taken(project, person(project, "bob"))
    assert [announce_dry_queues() for _ in range(3)] == [1, 0, 0]
    read(held)
    assert announce_dry_queues() == 0
    [notice] = Notice.objects.all()
    assert (notice.event, notice.listener.project, notice.facts) == ("queue.empty", project, {})


def test_one_that_is_filled_again_is_told_again_but_not_within_the_hour() -> None:
    project = a_queue(n_traces=1)
    a_webhook(project)
    bob = person(project, "bob")
    announce_dry_queues()
    read(taken(project, bob))
    assert announce_dry_queues() == 1
    a_trace(project)
    fill_queue(project)
    announce_dry_queues()
    read(taken(project, bob))
    assert announce_dry_queues() == 0
    Listener.objects.update(said_empty_at=timezone.now() - QUIET - timedelta(minutes=1))
    assert [announce_dry_queues() for _ in range(2)] == [1, 0]


def test_gold_that_is_left_is_no_work_and_who_did_not_ask_is_not_told() -> None:
    project = a_queue(n_traces=1)
    a_gold_trace(project, "gold")
    hook, other = a_webhook(project), a_webhook(project)
    change_events(other, ["run.finished"])
    announce_dry_queues()
    read(taken(project, person(project, "bob")))
    assert announce_dry_queues() == 1
    assert Notice.objects.get().listener == hook
