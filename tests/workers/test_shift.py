from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from annotate import clock
from annotate.enums import RunState, UnitState
from annotate.errors import BackendError, Conflict
from annotate.models import Completion as CompletionRow
from annotate.models import Label, Run, Unit
from annotate.outage import Outage
from annotate.prelabel.actions import (
    MAX_ATTEMPTS,
    cancel_run,
    claim_units,
    fail_unit,
    finish_unit,
    open_run,
    raise_budget,
    retry_failed,
)
from annotate.prelabel.contracts import Appetite, Completion, Request
from annotate.prelabel.queries import run_progress, tasks_of
from annotate.prelabel.strategies import STRATEGIES, strategy_of_run
from tests.annotate.prelabel.worlds import an_entry, traces_of
from tests.factories import a_project, a_trace
from tests.workers.players import HashBackend
from tests.workers.site import a_script
from workers import leases
from workers import shift as shifts
from workers.driver import drive
from workers.shift import work_shift
from workers.store import RunStore

pytestmark = pytest.mark.django_db


def a_scan(backend: str, n_traces: int = 3, **settings: Any) -> Run:
    project = a_project()
    for i in range(n_traces):
        a_trace(project, texts=[f"Story {i}.\n", "So.\n", "Answer: 42"])
    return open_run(project, strategy="rollout/scan", backend=backend, settings=settings)


def states(run: Run) -> list[str]:
    return list(Unit.objects.filter(run=run).order_by("pk").values_list("state", flat=True))


def test_a_shift_finishes_a_run_and_closes_it(tmp_path: Path) -> None:
    run = a_scan(a_script(tmp_path / "script.json", success=1.0))
    shift = work_shift(run.pk)
    run.refresh_from_db()
    assert (shift.finished, shift.failed, shift.has_more) == (3, 0, False)
    assert run.state == RunState.DONE
    assert run.summary["labels"] == Label.objects.count() == 9
    assert run.summary["completions"] == {"stop": CompletionRow.objects.count()}
    assert work_shift(run.pk) == shifts.Shift()


def test_a_backend_that_cannot_be_opened_fails_the_run_with_the_reason(tmp_path: Path) -> None:
    run = a_scan(f"scripted:{tmp_path / 'absent.json'}")
    work_shift(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "absent.json" in run.error
    a_script(tmp_path / "absent.json", success=1.0)
    assert retry_failed(run) == 3
    work_shift(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE


@dataclass
class AbsentBackend(HashBackend):
    """Away for the first ``away`` calls."""

    away: int = 0

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if self.away:
            self.away -= 1
            raise BackendError("connection refused", retry=True)
        return super().answer(requests)


def test_a_backend_that_stays_away_costs_no_unit_and_is_said_on_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = AbsentBackend(away=3)
    monkeypatch.setattr(shifts, "engine_at", lambda address: backend)
    monkeypatch.setattr("workers.line.FIRST_WAIT", 0.0)
    monkeypatch.setattr("workers.line.TRIES", 3)
    run = a_scan("elsewhere:model")
    shift = work_shift(run.pk)
    run.refresh_from_db()
    assert (shift.trouble, shift.has_more) == ("connection refused", True)
    assert run.error == "connection refused"
    assert states(run) == [UnitState.PENDING] * 3
    work_shift(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.DONE, "")


class FullDisk(OSError):
    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        pytest.param("finish_unit", True, id="where findings are written"),
        pytest.param("store_completions", False, id="where answers are"),
    ],
)
def test_a_full_disk_costs_no_unit_however_long_it_lasts_and_is_said_on_the_run(
    monkeypatch: pytest.MonkeyPatch, place: str, kept: bool
) -> None:
    backend = HashBackend()
    monkeypatch.setattr(shifts, "engine_at", lambda address: backend)
    run = a_scan("scripted:unused", k=2)
    module = "workers.shift" if place == "finish_unit" else "workers.store"

    def full(*words: Any, **more: Any) -> Any:
        raise OperationalError from FullDisk()

    with monkeypatch.context() as while_full:
        while_full.setattr(f"{module}.{place}", full)
        for _ in range(MAX_ATTEMPTS + 1):
            shift = work_shift(run.pk)
            assert (shift.finished, shift.failed, shift.has_more) == (0, 0, True)
            assert shift.trouble == Outage.FULL
    n_kept = CompletionRow.objects.count()
    assert (n_kept > 0) == kept
    assert set(states(run)) == {UnitState.PENDING}
    assert run_progress(run).note.startswith("The disk of the database is full.")
    # None of that counts when a worker dies of them at last.
    Unit.objects.filter(run=run).update(state=UnitState.RUNNING, worker="gone", lease_until=clock.now())
    assert (work_shift(run.pk).finished, work_shift(run.pk).finished) == (3, 0)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.DONE, "")


def test_a_finding_that_does_not_fit_fails_its_unit(tmp_path: Path) -> None:
    run = a_scan(a_script(tmp_path / "script.json", success=1.0), good="superb")
    shift = work_shift(run.pk)
    run.refresh_from_db()
    assert shift.finished == 3
    assert run.state == RunState.FAILED
    assert "no level 'superb'" in run.error
    assert not Label.objects.exists()


def test_a_cancelled_run_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_scan(a_script(tmp_path / "script.json", success=0.1), n_traces=20)
    monkeypatch.setattr(shifts, "_CANCEL_POLL", 0.0)
    calls: list[bool] = []

    def stop() -> bool:
        if len(calls) == 4:
            cancel_run(run)
        calls.append(True)
        return False

    work_shift(run.pk, should_stop=stop)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert set(states(run)) <= {UnitState.CANCELLED, UnitState.DONE}
    assert UnitState.CANCELLED in states(run)


def test_stopping_hands_back_what_is_held(tmp_path: Path) -> None:
    run = a_scan(a_script(tmp_path / "script.json", success=0.1), n_traces=10)
    asked: list[bool] = []
    shift = work_shift(run.pk, should_stop=lambda: bool(asked.append(True)) or len(asked) > 6)
    assert shift.has_more
    assert UnitState.RUNNING not in states(run)
    assert CompletionRow.objects.filter(run=run).exists()


def test_others_are_invited_once_when_there_is_enough_for_them(tmp_path: Path) -> None:
    script = a_script(tmp_path / "script.json", success=1.0)
    for n_traces, expected in ((shifts.BITE, 0), (shifts.BITE * 3, 1)):
        invited: list[bool] = []
        work_shift(a_scan(script, n_traces=n_traces).pk, invite=lambda invited=invited: invited.append(True))
        assert len(invited) == expected


def test_a_second_shift_of_one_process_at_one_run_ends_at_once(tmp_path: Path) -> None:
    run = a_scan(a_script(tmp_path / "script.json", success=1.0))
    inner: list[shifts.Shift] = []
    work_shift(run.pk, should_stop=lambda: bool(inner.append(work_shift(run.pk))))
    assert inner[0].is_doubled
    assert states(run) == [UnitState.DONE] * 3


def test_a_process_that_is_at_as_many_runs_as_it_may_leaves_the_next_one_alone(tmp_path: Path) -> None:
    script = a_script(tmp_path / "script.json", success=1.0)
    run, other = a_scan(script), a_scan(script)
    inner: list[shifts.Shift] = []

    def look() -> bool:
        if not inner:
            inner.extend(work_shift(one.pk, most=1) for one in (other, run))
        return False

    work_shift(run.pk, should_stop=look, most=1)
    assert [(one.is_crowded, one.is_doubled) for one in inner] == [(True, False), (False, True)]
    assert inner[0].has_more
    assert states(other) == [UnitState.PENDING] * 3
    assert work_shift(other.pk, most=1).finished == 3


class TestPlayers:
    @pytest.fixture
    def entry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = an_entry(players={"helper": "helper"})
        monkeypatch.setitem(STRATEGIES, "judge/table", entry)  # type: ignore[misc]

    def a_table(self, own: str, **settings: str) -> Run:
        project = a_project()
        a_trace(project)
        return open_run(project, strategy="judge/table", backend=own, settings=settings)

    def test_a_run_asks_its_own_model_and_its_players(self, entry: None, tmp_path: Path) -> None:
        own = a_script(tmp_path / "own.json", success=1.0)
        helper = a_script(tmp_path / "helper.json", success=0.0)
        run = self.a_table(own, helper=helper)
        work_shift(run.pk)
        assert Unit.objects.get(run=run).findings["summary"] == {"own": "Answer: 42", "helped": "Answer: -1"}
        assert set(CompletionRow.objects.values_list("player", flat=True)) == {"", "helper"}

    def test_a_player_that_cannot_be_opened_fails_the_run_with_the_reason(
        self, entry: None, tmp_path: Path
    ) -> None:
        run = self.a_table(a_script(tmp_path / "own.json"), helper=f"scripted:{tmp_path / 'absent.json'}")
        work_shift(run.pk)
        run.refresh_from_db()
        assert run.state == RunState.FAILED
        assert "absent.json" in run.error

    def test_a_player_that_was_not_named_is_one_clear_error(self, entry: None, tmp_path: Path) -> None:
        run = self.a_table(a_script(tmp_path / "own.json"))
        work_shift(run.pk)
        run.refresh_from_db()
        assert run.error.endswith("The strategy asks 'helper', but the run names no backend for it.")


class TestBudget:
    @pytest.mark.parametrize("limit", [{"budget_completions": 70}, {"budget_tokens": 150}])
    def test_a_spent_budget_stops_the_run_and_a_raised_one_goes_on(
        self, limit: dict[str, int], tmp_path: Path
    ) -> None:
        script = a_script(tmp_path / "script.json", success=0.0)
        calm = a_scan(script, n_traces=20)
        work_shift(calm.pk)
        run = a_scan(script, n_traces=20)
        Run.objects.filter(pk=run.pk).update(**limit)
        run.refresh_from_db()

        work_shift(run.pk)

        run.refresh_from_db()
        paid = CompletionRow.objects.filter(run=run).count()
        (number,) = limit.values()
        used = paid if "budget_completions" in limit else 2 * paid
        what = next(iter(limit)).removeprefix("budget_")
        assert run.state == RunState.CANCELLED
        assert run.error == f"The budget of {number} {what} is spent ({used} used). Raise it to go on."
        # Completions are counted before they are asked for; tokens are as many as a sample costs on average.
        assert number <= used <= number + (0 if "budget_completions" in limit else 2)
        assert set(states(run)) <= {UnitState.DONE, UnitState.CANCELLED}
        with pytest.raises(Conflict, match="Raise it to go on"):
            retry_failed(run)

        raise_budget(run, **{what: 100_000})
        assert retry_failed(run) > 0
        work_shift(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error) == (RunState.DONE, "")
        assert CompletionRow.objects.filter(run=run).count() == CompletionRow.objects.filter(run=calm).count()
        assert [unit.findings for unit in run.units.order_by("pk")] == [
            unit.findings for unit in calm.units.order_by("pk")
        ]

    def test_a_budget_that_lasts_is_not_noticed(self, tmp_path: Path) -> None:
        run = a_scan(a_script(tmp_path / "script.json", success=1.0))
        Run.objects.filter(pk=run.pk).update(budget_completions=10_000, budget_tokens=10_000)
        work_shift(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error) == (RunState.DONE, "")


@dataclass
class Interrupted(HashBackend):
    """``meanwhile`` happens during the call of that number. Remembers what it is asked afterwards."""

    at: int = 1
    meanwhile: Callable[[], None] = lambda: None
    later: list[tuple[Request, int]] = field(default_factory=list)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        answers = super().answer(requests)
        if self.calls == self.at:
            self.meanwhile()
            connection.close()
        elif self.calls > self.at:
            self.later += [(request, sample) for request, samples in requests for sample in samples]
        return answers

    def one(self, request: Request, sample: int) -> Completion:
        completion = super().one(request, sample)
        return replace(completion, text=f"Answer: {42 if completion.text[-1] > '9' else 41}")


@pytest.mark.django_db(transaction=True)
class TestTakenOver:
    LEASE = 0.9

    @pytest.fixture
    def backend(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Interrupted:
        settings.WORKER_LEASE_SECONDS = self.LEASE
        backend = Interrupted(appetite=Appetite(calls=1, samples=6))
        monkeypatch.setattr(shifts, "engine_at", lambda address: backend)
        return backend

    @pytest.fixture
    def run(self) -> Run:
        project = a_project()
        traces_of(project, 2, 3)
        return open_run(
            project, strategy="rollout/scan", backend="elsewhere:model", settings={"k": 6, "sc_samples": 8}
        )

    def another_works(self, run: Run, limit: int) -> list[int]:
        """Whatever it can claim, to the end."""
        entry = strategy_of_run(run.name)
        units = {unit.pk: unit for unit in claim_units(run, "another", limit)}
        drive(
            {
                unit.pk: entry.start(task, run.settings)
                for unit, task in zip(units.values(), tasks_of(run, list(units.values())), strict=True)
            },
            Interrupted(at=0),
            RunStore(run),
            on_finish=lambda key, finding: finish_unit(units[key], finding),
            on_fail=lambda key, reason: fail_unit(units[key], reason),
        )
        return list(units)

    def test_nothing_is_asked_for_units_that_another_worker_took_over(
        self, run: Run, backend: Interrupted
    ) -> None:
        taken: list[Unit] = []

        def take_over() -> None:
            taken.extend(Unit.objects.filter(run=run, problem=run.units.latest("problem").problem))
            mine = Unit.objects.filter(pk__in=[unit.pk for unit in taken], state=UnitState.RUNNING)
            until = clock.now() + timedelta(minutes=1)
            assert mine.update(worker="another", attempts=F("attempts") + 1, lease_until=until) == 3
            # The next heartbeat says so.
            time.sleep(self.LEASE)

        backend.meanwhile = take_over
        shift = work_shift(run.pk)
        assert shift.finished == 3
        problem = taken[0].problem.text
        asked = [message.content for one, _ in backend.later for message in one.messages]
        assert asked
        assert not any(problem in text for text in asked)
        assert set(run.units.filter(worker="another").values_list("state", flat=True)) == {UnitState.RUNNING}
        assert run.units.filter(state=UnitState.DONE).count() == 3

    def test_a_cable_that_was_cut_for_longer_than_the_lease_has_nothing_asked_that_is_stored(
        self, run: Run, backend: Interrupted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heartbeat, is_whole = leases.heartbeat, threading.Event()
        is_whole.set()
        taken: list[int] = []
        stored: set[tuple[str, int]] = set()

        def beat(*words: Any, **more: Any) -> set[int]:
            # Nobody is told of a cut: what was sent arrives once it is mended.
            assert is_whole.wait(timeout=60)
            return heartbeat(*words, **more)

        def cut() -> None:
            is_whole.clear()
            time.sleep(1.2 * self.LEASE)
            # One of each problem: what the others ask of it is stored then, though they are nobody's.
            taken.extend(self.another_works(run, 1))
            Unit.objects.filter(run=run, problem=Unit.objects.get(pk=taken[0]).problem).exclude(
                pk__in=taken
            ).update(lease_until=clock.now() + timedelta(minutes=1))
            taken.extend(self.another_works(run, 1))
            stored.update(CompletionRow.objects.filter(run=run).values_list("digest", "sample"))
            is_whole.set()

        monkeypatch.setattr(leases, "heartbeat", beat)
        backend.meanwhile = cut
        shift = work_shift(run.pk)
        assert len(set(taken)) == 2
        assert (shift.finished, shift.trouble) == (4, "")
        assert set(run.units.values_list("state", flat=True)) == {UnitState.DONE}
        assert backend.later
        assert [one for one in backend.later if (one[0].digest, one[1]) in stored] == []
        assert set(backend.asked.values()) == {1}
