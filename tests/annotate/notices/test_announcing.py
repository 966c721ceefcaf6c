"""What is told, to whom, and that it is told once: by the actions themselves, not by calling ``announce``."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve

from annotate.assign import finishing
from annotate.assign.actions import claim_next
from annotate.consensus import actions as decisions
from annotate.consensus.actions import run_consensus
from annotate.enums import NoticeEvent, NoticeState, Role, RunState, UnitState
from annotate.errors import Rejected
from annotate.export import actions as export
from annotate.export.actions import build_release
from annotate.models import Notice, Project, Run, Unit
from annotate.notices.announcing import announce
from annotate.notices.events import FACTS, page_of, sentence_of
from annotate.notices.listeners import change_events
from annotate.prelabel.actions import cancel_run, close_run_if_over, fail_run, retry_failed
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read, read_next, reader_of
from tests.annotate.export.decided import a_decided_project
from tests.annotate.notices.listeners import a_webhook, some_members
from tests.factories import a_criterion, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


def told(project: Project) -> list[tuple[str, dict[str, object]]]:
    found = Notice.objects.filter(listener__project=project).order_by("pk")
    return list(found.values_list("event", "facts"))


def a_run(project: Project, *states: UnitState) -> Run:
    run = Run.objects.create(
        project=project, kind="prelabel", name="judge/critique", criterion=a_criterion(project)
    )
    for state in states:
        Unit.objects.create(run=run, trace=a_trace(project), state=state)
    return run


def test_a_run_that_ends_is_told_once_however_often_it_is_closed() -> None:
    project = a_project()
    a_webhook(project)
    run = a_run(project, UnitState.DONE, UnitState.FAILED)
    assert [close_run_if_over(run) for _ in range(3)] == [True, False, False]
    [(event, facts)] = told(project)
    assert event == NoticeEvent.RUN_FINISHED
    assert facts == {"run": run.pk, "kind": "prelabel", "name": "judge/critique", "done": 1, "total": 2}


def test_a_run_that_is_tried_again_ends_again() -> None:
    project = a_project()
    a_webhook(project)
    run = a_run(project, UnitState.PENDING)
    fail_run(run, "the model said: secret words of a trace")
    assert retry_failed(run) == 1
    Unit.objects.update(state=UnitState.DONE)
    close_run_if_over(run)
    assert [event for event, _ in told(project)] == ["run.failed", "run.finished"]
    assert told(project)[0][1]["why"] == "units"
    assert "secret" not in str(told(project))


def test_a_spent_budget_is_told_and_what_somebody_stops_is_not() -> None:
    project = a_project()
    a_webhook(project)
    cancel_run(a_run(project, UnitState.PENDING))
    assert told(project) == []
    spent = a_run(project, UnitState.PENDING)
    Run.objects.filter(pk=spent.pk).update(budget_completions=0)
    cancel_run(spent)
    [(event, facts)] = told(project)
    assert (event, facts["why"], facts["total"]) == ("run.failed", "budget", 1)


def test_releases_and_consensus_runs_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-")).project
    a_webhook(project)
    run = run_consensus(project, policy="majority")
    release = build_release(project, folder=tmp_path, format="jsonl", run=run)
    monkeypatch.setattr(export, "release_before", lambda release: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_release(project, folder=tmp_path, format="jsonl", run=run)
    events = told(project)
    assert [event for event, _ in events] == ["run.finished", "release.finished", "release.failed"]
    assert events[0][1]["kind"] == "consensus"
    assert events[1][1] == {"release": release.pk, "number": 1, "format": "jsonl"}


def test_a_consensus_that_breaks_off_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_decided_project(whole=("ggg", "ggg"), wrong=("gb-", "gb-")).project
    a_webhook(project)
    with pytest.raises(Rejected):
        run_consensus(project, policy="majority", criterion_key="none-such")
    assert told(project) == []
    monkeypatch.setattr(decisions, "Funnel", lambda *reasons, **more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_consensus(project, policy="majority")
    run = Run.objects.get(state=RunState.FAILED)
    [(event, facts)] = told(project)
    assert event == "run.failed"
    assert facts == {
        **{"run": run.pk, "kind": "consensus", "name": "majority"},
        **{"done": 0, "total": 0, "why": "error"},
    }
    assert "earlier decisions stand" in sentence_of(event, facts)
    assert resolve(page_of(event, facts, project.slug)).url_name == "consensus-run"
    # As noted by an earlier version.
    assert "left no run" in sentence_of(event, facts | {"run": None})
    assert resolve(page_of(event, facts | {"run": None}, project.slug)).url_name == "consensus"


def test_a_pause_for_accuracy_or_pace_is_told_by_number() -> None:
    fast = a_queue(n_traces=4, pause_below_seconds=3, pause_window=2)
    a_webhook(fast)
    bob = person(fast, "bob")
    for _ in range(2):
        read_next(fast, bob, seconds=1.0)
    assert told(fast) == [("reader.paused", {"rater": bob.pk, "why": "pace"})]
    wrong = a_queue(n_traces=9, gold_rate=0.5, pause_below_accuracy=0.6, pause_window=2)
    a_webhook(wrong)
    for _ in range(3):
        a_gold_trace(wrong, "gold", ("good", "bad", "bad"))
    carol = person(wrong, "carol")
    while (held := claim_next(wrong, carol)) is not None:
        read(held)
    assert told(wrong) == [("reader.paused", {"rater": carol.pk, "why": "accuracy"})]
    finishing.pause(reader_of(carol), "a manager's word", by=a_person("alice"))
    assert len(told(wrong)) == 1


def test_what_is_rolled_back_tells_nobody_and_the_same_is_told_once() -> None:
    project = a_project()
    hook = a_webhook(project)
    with transaction.atomic():
        announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:1")
        transaction.set_rollback(True)
    assert told(project) == []
    for _ in range(3):
        announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    assert len(told(project)) == 1
    change_events(hook, ["run.finished"])
    announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:2")
    announce(a_project().pk, NoticeEvent.RUN_FINISHED, key="run:1")
    assert len(told(project)) == 1


def test_members_are_mailed_by_their_role_each_once() -> None:
    alice = a_person("alice", email="alice@example.org")
    project = a_project(alice, mia=Role.MANAGER, carol=Role.REVIEWER, bob=Role.ANNOTATOR)
    for name in ("mia", "bob", "carol"):
        person_of = a_person(name)
        person_of.email = f"{name}@example.org"
        person_of.is_active = name != "carol"
        person_of.save()
    some_members(project, "owner", "manager", "reviewer")
    for _ in range(2):
        announce(project.pk, NoticeEvent.QUEUE_EMPTY, key="queue:1")
    found = Notice.objects.order_by("pk").values_list("person__username", "state")
    assert list(found) == [("alice", NoticeState.WAITING), ("mia", NoticeState.WAITING)]
    assert len(set(Notice.objects.values_list("message_id", flat=True))) == 2


@pytest.mark.parametrize("event", list(NoticeEvent))
@pytest.mark.parametrize("why", ["units", "budget", "error", "accuracy", "pace"])
@pytest.mark.parametrize("kind", ["prelabel", "consensus"])
def test_every_event_has_a_sentence_and_a_page(event: NoticeEvent, why: str, kind: str) -> None:
    known = {"why": why, "kind": kind, "name": "judge/critique", "format": "jsonl"}
    facts = {name: known.get(name, 7) for name in FACTS[event]}
    assert sentence_of(event, facts).endswith(".")
    assert "%" not in sentence_of(event, facts)
    assert resolve(page_of(event, facts, "sums"))
    assert Client().get(page_of(event, facts, "sums")).status_code == 302
