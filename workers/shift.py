"""One worker's shift at a run: claim units, drive them, write what they find, hand the rest back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection

from annotate.clock import steady
from annotate.errors import BackendError, GradusError
from annotate.measure.actions import record_audit
from annotate.models import Run
from annotate.outage import Outage, outage_of
from annotate.prelabel.actions import (
    begin_run,
    claim_units,
    close_run_if_over,
    fail_run,
    fail_unit,
    finish_unit,
    note_trouble,
    release_units,
    stop_if_spent,
)
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.contracts import Backend, Finding, Strategy
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.queries import has_free_units, tasks_of, wants_cancel
from annotate.prelabel.strategies import strategy_of_run
from workers.allowance import Allowance
from workers.driver import Drive, drive
from workers.engines import engine_at
from workers.leases import Leases
from workers.process_name import worker_name
from workers.store import RunStore

log = logging.getLogger(__name__)

# Brokers take a message back from a worker that holds it too long (Redis after its visibility timeout, RabbitMQ
# after 30 minutes): a shift claims nothing new after the first limit and lets go of what it holds after the second.
CLAIM_SECONDS = 240.0
SHIFT_SECONDS = 480.0
# For so long calls under way are waited for, since what they bring is paid for: at the end of a shift, where the worker
# is told to stop (its supervisor kills it soon after), and where a person wants the run to end.
LAST_CALLS_SECONDS = 240.0
STOP_SECONDS = 15.0
CANCEL_SECONDS = 5.0
# Small bites leave something for other workers, and still fill a batch after a few.
BITE = 8
_CANCEL_POLL = 1.0

_at_work: set[int] = set()
_at_work_lock = threading.Lock()


@dataclass(slots=True)
class Shift:
    """What came of it.

    ``has_more``: units are free for another shift; ``is_doubled``: this process was at the run already;
    ``is_crowded``: it was at as many others as it may; ``trouble``: why the backend stayed away, or which outage of
    the database or its disk ended the shift.
    """

    finished: int = 0
    failed: int = 0
    has_more: bool = False
    is_doubled: bool = False
    is_crowded: bool = False
    trouble: str = ""


def work_shift(
    run_id: int,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    invite: Callable[[], object] = lambda: None,
    most: int | None = None,
) -> Shift:
    """Work at a run until nothing is left to claim, the shift's time is up, or ``should_stop``.

    ``invite`` is called once if, after the first claim, others could help. Safe to call any number of times, by any
    number of workers. A second shift of one process at one run would only wait for the first one's model, so it
    ends at once, and so does one more than ``most`` shifts of one process. Does nothing for a run that is over or gone.
    """
    run = Run.objects.select_related("project", "rater", "criterion__rubric").filter(pk=run_id).first()
    if run is None or run.is_over:
        return Shift()
    with _placed_at(run_id, most) as refused:
        if refused is not None:
            refused.has_more = has_free_units(run)
            return refused
        shift = _worked(run, should_stop, invite)
    close_if_over(run)
    shift.has_more = has_free_units(run)
    return shift


def close_if_over(run: Run) -> None:
    """Close the run if no unit is open; an audit leaves its rates behind."""
    if close_run_if_over(run) and run.name == AUDIT:
        record_audit(run)


@contextmanager
def _placed_at(run_id: int, most: int | None) -> Iterator[Shift | None]:
    """None where there is a place at the run for a shift, else what comes of it."""
    refused = None
    with _at_work_lock:
        if run_id in _at_work:
            refused = Shift(is_doubled=True)
        elif most is not None and len(_at_work) >= most:
            refused = Shift(is_crowded=True)
        else:
            _at_work.add(run_id)
    try:
        yield refused
    finally:
        if refused is None:
            with _at_work_lock:
                _at_work.discard(run_id)


def _worked(run: Run, should_stop: Callable[[], bool], invite: Callable[[], object]) -> Shift:
    entry = strategy_of_run(run.name)
    begin_run(run)
    try:
        backend = engine_at(run.backend) if entry.needs_backend else None
        addresses = entry.player_addresses(run.settings)
        players = {player: engine_at(address) for player, address in addresses.items()}
    except BackendError as error:
        if error.retry:
            note_trouble(run, str(error))
            return Shift(trouble=str(error))
        fail_run(run, str(error))
        return Shift(failed=1)
    with Leases(worker_name(), settings.WORKER_LEASE_SECONDS) as leases:
        return _ShiftAtRun(run, entry, backend, players, leases, should_stop, invite).work()


class _ShiftAtRun:
    def __init__(
        self,
        run: Run,
        entry: StrategyEntry,
        backend: Backend | None,
        players: Mapping[str, Backend],
        leases: Leases,
        should_stop: Callable[[], bool],
        invite: Callable[[], object],
    ) -> None:
        self._run = run
        self._entry = entry
        self._backend = backend
        self._players = players
        self._store = RunStore(run)
        self._leases = leases
        self._is_told_to_stop = should_stop
        self._invite = invite
        self._has_invited = False
        self._began = time.monotonic()
        self._polled = 0.0
        self._allowance = Allowance(run, self._store)
        self._is_cancelled = False
        self._outage: Outage | None = None
        self._n_unwritten = 0

    def work(self) -> Shift:
        try:
            report = drive(
                {},
                self._backend,
                self._store,
                on_finish=self._finish,
                on_fail=self._fail,
                should_stop=self._should_stop,
                grace=self._grace,
                more=self._claim,
                players=self._players,
                may_ask=self._allowance.samples,
                claims=self._leases,
            )
        except BaseException as error:
            if not self._is_outage(error):
                # A bug or a dying process: let go at once, so that others need not wait for the leases to run out.
                reason = "The worker broke off; see its log."
                release_units(self._run, self._leases.held(), error=reason, is_their_fault=True)
                raise
            log.warning("a shift at run %s ends early", self._run.pk, exc_info=True)
            report = Drive()
        # Where not even this can be written it raises, and the leases run out.
        release_units(self._run, self._leases.held(), error=report.trouble)
        trouble = self._outage or report.trouble
        if trouble or report.asked:
            note_trouble(self._run, trouble)
        return Shift(report.finished - self._n_unwritten, report.failed, trouble=trouble)

    def _claim(self, room: int) -> dict[int, Strategy]:
        if time.monotonic() - self._began > CLAIM_SECONDS:
            return {}
        since = steady()
        units = claim_units(
            self._run, self._leases.worker, min(room, BITE), lease_seconds=self._leases.seconds
        )
        self._leases.hold(units, since=since)
        if units and not self._has_invited:
            self._has_invited = True
            if has_free_units(self._run):
                self._invite()
        tasks = tasks_of(self._run, units)
        return {
            unit.pk: self._entry.start(task, self._run.settings)
            for unit, task in zip(units, tasks, strict=True)
        }

    def _finish(self, key: int, finding: Finding) -> None:
        unit = self._leases.drop(key)
        try:
            is_ours = finish_unit(unit, finding)
        except GradusError as error:
            is_ours = fail_unit(unit, str(error))
        except (AnyDatabaseError, OSError) as error:
            if not self._is_outage(error):
                raise
            # What was asked for is stored: whoever takes the unit up once there is room comes to the same finding.
            log.warning("the finding of unit %s could not be written", key, exc_info=True)
            self._leases.hold([unit], since=float("-inf"))
            self._n_unwritten += 1
            return
        if not is_ours:
            log.warning("unit %s was taken over by another worker; its finding is left to that one", key)

    def _is_outage(self, error: BaseException) -> bool:
        """Whether ``error`` passes by itself; the shift ends then, and keeps what it still can."""
        self._outage = outage_of(error)
        if self._outage == Outage.AWAY:
            # Another may do where this connection has broken.
            connection.close()
        return self._outage is not None

    def _fail(self, key: int, reason: str) -> None:
        fail_unit(self._leases.drop(key), reason)

    def _grace(self) -> float:
        if self._outage is None:
            self._look_for_cancel(time.monotonic())
        # Where a budget is used up nobody is in a hurry.
        if self._is_cancelled and not self._allowance.is_spent:
            return CANCEL_SECONDS
        return STOP_SECONDS if self._is_told_to_stop() else LAST_CALLS_SECONDS

    def _look_for_cancel(self, now: float) -> None:
        if now - self._polled > _CANCEL_POLL:
            self._polled = now
            self._is_cancelled = wants_cancel(self._run)

    def _should_stop(self) -> bool:
        now = time.monotonic()
        self._look_for_cancel(now)
        if not self._is_cancelled and self._allowance.is_spent:
            # Whoever of the workers sees it spent stops them all.
            self._is_cancelled = stop_if_spent(self._run)
        is_to_stop = self._is_cancelled or self._outage is not None or self._is_told_to_stop()
        return is_to_stop or now - self._began > SHIFT_SECONDS
