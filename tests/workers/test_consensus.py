"""A consensus is made once, however its messages arrive and whoever is killed, whatever the broker."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError as BrokerAway

from annotate import clock
from annotate.consensus import actions
from annotate.consensus.actions import ask_consensus
from annotate.consensus.explore.queries import exploration_of
from annotate.consensus.unfinished import GIVEN_UP, MOST_TRIES, left_unfinished, sign, take_up
from annotate.enums import RunState
from annotate.models import Consensus, Project, Pulse, Run
from tests.annotate.assign.queues import a_queue
from tests.factories import a_label, a_rater, a_trace
from tests.workers.site import Site, a_site
from workers.tasks import consensus

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

# Of two traces of three steps, decided once.
ALL = (6, 6)


class Killed(BaseException):
    pass


@pytest.fixture
def project() -> Project:
    project = a_queue(n_traces=2)
    for trace in project.traces.all():
        for step in trace.steps.all():
            a_label(a_rater(project), step, "good")
    return project


@pytest.fixture
def run(project: Project) -> Run:
    """Asked for, and taken up by nobody."""
    return ask_consensus(project, policy="majority", settings={"min_votes": 1})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(consensus.work_consensus, "apply_async", lambda kwargs, **_: sent.append(kwargs))
    return sent


def killed_at(place: str, run: Run, monkeypatch: pytest.MonkeyPatch, mark: str = "") -> None:
    def die(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(actions, place, die)
        with pytest.raises(Killed):
            consensus.work_consensus(run_id=run.pk, mark=mark)


def long_ago() -> None:
    Pulse.objects.update(beat_at=clock.now() - GIVEN_UP - timedelta(seconds=1))


def state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def made(run: Run) -> tuple[int, int]:
    """How many decisions the run has, and how many all runs of its project have together."""
    return run.consensus.count(), Consensus.objects.filter(run__project=run.project).count()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


def test_a_sweep_of_a_real_worker_has_it_made_again(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at("_write", run, monkeypatch)
    assert state(run) == RunState.RUNNING
    long_ago()
    site.start_worker()
    site.wait_until(lambda: not Pulse.objects.filter(name__contains="consensus run").exists(), seconds=120)
    assert state(run) == RunState.DONE
    assert Run.objects.get().summary["tries"] == 2
    assert made(run) == ALL
    assert exploration_of(run) is not None


@pytest.mark.parametrize("seed", range(4))
def test_it_is_made_once_however_its_messages_arrive(
    run: Run, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    writes: list[int] = []
    write = actions._write
    monkeypatch.setattr(actions, "_write", lambda run, *more: (writes.append(run.pk), write(run, *more)))
    consensus.send_consensus(run)
    for _ in range(2):
        long_ago()
        consensus.sweep()
        consensus.sweep()
    assert len(sent) == 3
    messages = sent * 2
    random.Random(seed).shuffle(messages)
    for message in messages:
        consensus.work_consensus(**message)
    assert writes == [run.pk]
    assert state(run) == RunState.DONE
    assert made(run) == ALL
    assert not Pulse.objects.exists()


def test_messages_change_nothing_while_somebody_is_at_it(run: Run, sent: list[dict[str, Any]]) -> None:
    long_ago()
    consensus.sweep()
    held = take_up(run.pk)
    assert held is not None
    for message in (*sent, {"run_id": run.pk}):
        consensus.work_consensus(**message)
    run.refresh_from_db()
    assert (run.state, run.started_at, made(run)) == (RunState.RUNNING, held.started_at, (0, 0))


def test_whoever_gives_signs_is_left_alone(
    run: Run, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at("_write", run, monkeypatch)
    long_ago()
    sign(run)
    consensus.sweep()
    assert sent == []
    long_ago()
    [(found, mark)] = left_unfinished()
    assert found == run.pk
    # It was only slow, and is heard again before anybody has come to the message.
    sign(run)
    consensus.work_consensus(run_id=run.pk, mark=mark)
    assert (state(run), made(run)) == (RunState.RUNNING, (0, 0))


def test_one_that_was_only_slow_writes_nothing_beside_its_successor(run: Run) -> None:
    slow = take_up(run.pk)
    assert slow is not None
    long_ago()
    [(_, mark)] = left_unfinished()
    successor = take_up(run.pk, mark)
    assert successor is not None
    assert take_up(run.pk, mark) is None
    consensus._make(slow)
    assert (state(run), made(run)) == (RunState.RUNNING, (0, 0))
    consensus._make(successor)
    assert (state(run), made(run)) == (RunState.DONE, ALL)


def test_a_failure_of_one_that_was_only_slow_fails_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = take_up(run.pk)
    assert slow is not None
    long_ago()
    [(_, mark)] = left_unfinished()
    assert take_up(run.pk, mark) is not None
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_decide_all", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            consensus._make(slow)
    assert state(run) == RunState.RUNNING
    assert Pulse.objects.exists()


def test_what_is_left_before_it_was_counted_is_counted_by_another(
    run: Run, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at("count_consensus", run, monkeypatch)
    assert (state(run), made(run)) == (RunState.DONE, ALL)
    assert exploration_of(run) is None
    long_ago()
    consensus.sweep()
    for message in sent * 2:
        consensus.work_consensus(**message)
    assert exploration_of(run) is not None
    assert made(run) == ALL
    assert not Pulse.objects.exists()


def test_what_kills_every_worker_is_given_up(
    run: Run, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at("_write", run, monkeypatch)
    for _ in range(MOST_TRIES - 1):
        long_ago()
        consensus.sweep()
        killed_at("_write", run, monkeypatch, sent[-1]["mark"])
    long_ago()
    consensus.sweep()
    consensus.work_consensus(**sent[-1])
    assert state(run) == RunState.FAILED
    assert run.error == "Given up: 3 workers stopped while they were at it."
    assert not Pulse.objects.exists()


def test_a_broker_that_does_not_answer_loses_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]]
) -> None:
    def away(**_: Any) -> None:
        raise BrokerAway("away")

    with monkeypatch.context() as patched:
        patched.setattr(consensus.work_consensus, "apply_async", away)
        assert not consensus.send_consensus(run)
        long_ago()
        consensus.sweep()
    long_ago()
    consensus.sweep()
    consensus.work_consensus(**sent[0])
    assert (state(run), made(run)) == (RunState.DONE, ALL)


def test_a_project_that_is_gone_leaves_nothing_behind(
    project: Project, run: Run, sent: list[dict[str, Any]]
) -> None:
    a_trace(project)
    run.delete()
    long_ago()
    consensus.sweep()
    consensus.work_consensus(**sent[0])
    assert not Pulse.objects.exists()


def test_a_message_of_an_earlier_version_opens_its_run(project: Project) -> None:
    asked = {"project_id": project.pk, "policy": "majority", "settings": {"min_votes": 1}, "person_id": 0}
    consensus.work_consensus(**asked, criterion="")
    run = Run.objects.get()
    assert (run.state, made(run)) == (RunState.DONE, ALL)
    consensus.work_consensus(**asked | {"project_id": 0})
