"""Run many strategies at once against a run's backends.

The driver merges the requests that wait for one backend, whoever asked them, into one batch per call. Three rules
make a killed run resumable, and a resumed run identical to an undisturbed one:

Numbering
    A request with ``n`` asks for the *next* ``n`` samples of its digest, counted per strategy: a wave of two is
    samples 0 and 1, a following wave of four is samples 2 to 5. A request that only scores (``n`` = 0) is always
    sample 0: the same text scored twice is one answer. Two strategies that ask the same (digest, sample) share it.
Store first
    A strategy is fed nothing that the store does not hold. Stored answers are looked up before a batch is asked,
    and a batch is stored, in one short transaction, before any strategy sees it. Replaying the store therefore
    replays every decision. A kill loses at most the batch in flight.
Failures are not answers
    A sample that came back ``error`` or ``timeout`` is asked again a few times and stored only when that is used
    up, as what it then is: unknown, for good. Tries before that leave no trace, so no strategy ever saw them.

Nothing here knows a database or a socket: see ``Store`` and ``contracts.Backend``.
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from annotate.errors import BackendError, GradusError
from annotate.prelabel.contracts import Answer, Backend, Completion, Finding, Strategy
from workers.patience import PatientBackend
from workers.waves import Ask, Place, Player

log = logging.getLogger(__name__)

MAX_BATCH = 64
SAMPLE_TRIES = 3
_FAILED = ("error", "timeout")
_NOBODY: Mapping[str, Backend] = MappingProxyType({})


class Store(Protocol):
    """Where answers are kept."""

    def stored(self, digests: Collection[str]) -> Mapping[Place, Completion]:
        """Every answer held for these questions."""
        ...

    def keep(self, answers: Sequence[Answer]) -> Mapping[Place, Completion]:
        """Store new answers and return what now stands, which is another's where somebody was faster."""
        ...


@dataclass(slots=True)
class Drive:
    """What a call of :func:`drive` did.

    ``left`` are the keys it did not finish, because it was stopped or because the backend stayed away
    (``trouble`` says how).
    """

    asked: int = 0
    replayed: int = 0
    finished: int = 0
    failed: int = 0
    left: tuple[int, ...] = ()
    trouble: str = ""


def drive(
    strategies: Mapping[int, Strategy],
    backend: Backend | None,
    store: Store,
    *,
    on_finish: Callable[[int, Finding], None],
    on_fail: Callable[[int, str], None],
    max_batch: int = MAX_BATCH,
    should_stop: Callable[[], bool] = lambda: False,
    more: Callable[[int], Mapping[int, Strategy]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    players: Mapping[str, Backend] = _NOBODY,
) -> Drive:
    """Run the strategies to their ends, at most ``max_batch`` samples per backend call.

    ``players`` are the further backends, by the name that ``Request.player`` asks for; ``backend`` answers the rest.

    ``on_finish`` or ``on_fail`` is called once per key, as that strategy ends. ``should_stop`` is asked between
    batches. ``more(room)`` is called for further strategies whenever no backend has ``max_batch`` samples waiting.
    ``backend`` None suits strategies that never ask. Older strategies go first, so that a long run finishes
    traces all along instead of all at its end.
    """
    everyone = {"": backend, **players}
    patient = {
        name: PatientBackend(one, should_stop=should_stop, sleep=sleep) for name, one in everyone.items()
    }
    driver = _Driver(patient, store, on_finish, on_fail, max(1, max_batch))
    return driver.run(strategies, should_stop, more or (lambda room: {}))


@dataclass(slots=True)
class _Queue:
    """What waits for one backend, oldest strategy first. ``size`` counts samples."""

    size: int = 0
    _heap: list[tuple[int, int, Ask]] = field(default_factory=list)
    _n_pushed: int = 0

    def push(self, rank: int, ask: Ask) -> None:
        self._n_pushed += 1
        self.size += len(ask.samples)
        heapq.heappush(self._heap, (rank, self._n_pushed, ask))

    def pop(self) -> tuple[int, Ask]:
        rank, _, ask = heapq.heappop(self._heap)
        self.size -= len(ask.samples)
        return rank, ask

    @property
    def oldest(self) -> int:
        return self._heap[0][0] if self._heap else 0


class _Driver:
    def __init__(
        self,
        backends: Mapping[str, PatientBackend],
        store: Store,
        on_finish: Callable[[int, Finding], None],
        on_fail: Callable[[int, str], None],
        max_batch: int,
    ) -> None:
        self._backends = backends
        self._store = store
        self._on_finish = on_finish
        self._on_fail = on_fail
        self._max_batch = max_batch
        self._report = Drive()
        self._players: dict[int, Player] = {}
        # Who waits for a place, first asker first; a place nobody was asked for yet is not in here.
        self._waiters: dict[Place, list[int]] = {}
        self._tries: dict[Place, int] = {}
        self._queues = {name: _Queue() for name in backends}
        self._n_started = 0

    def run(
        self,
        strategies: Mapping[int, Strategy],
        should_stop: Callable[[], bool],
        more: Callable[[int], Mapping[int, Strategy]],
    ) -> Drive:
        self._start(strategies)
        while not should_stop() and not self._report.trouble:
            self._start_more(more, should_stop)
            batch = self._next_batch()
            if not batch:
                break
            self._ask(batch, should_stop)
        for player in self._players.values():
            player.close()
        self._report.left = tuple(self._players)
        return self._report

    def _start(self, strategies: Mapping[int, Strategy]) -> None:
        for key, strategy in strategies.items():
            self._n_started += 1
            self._players[key] = Player(strategy, rank=self._n_started)
        self._advance(list(strategies))

    def _start_more(
        self, more: Callable[[int], Mapping[int, Strategy]], should_stop: Callable[[], bool]
    ) -> None:
        while not should_stop():
            room = self._max_batch - max(queue.size for queue in self._queues.values())
            found = more(room) if room > 0 else {}
            if not found:
                return
            self._start(found)

    def _advance(self, ready: Iterable[int]) -> None:
        """Feed answered strategies until each of them waits for the backend or has ended."""
        while ready:
            ready = self._post([(key, ask) for key in ready for ask in self._next_wave(key)])

    def _next_wave(self, key: int) -> list[Ask]:
        player = self._players[key]
        try:
            asks = player.advance()
        except GradusError as error:
            self._fail(key, str(error))
            return []
        except Exception as error:
            log.exception("a strategy broke on unit %s", key)
            self._fail(key, f"The strategy broke: {type(error).__name__}: {error}")
            return []
        if stranger := next((a.request.player for a in asks if a.request.player not in self._queues), None):
            self._fail(key, f"The strategy asks {stranger!r}, but the run names no backend for it.")
            return []
        if player.finding is not None:
            del self._players[key]
            self._report.finished += 1
            self._on_finish(key, player.finding)
        return asks

    def _fail(self, key: int, reason: str) -> None:
        if self._players.pop(key, None) is not None:
            self._report.failed += 1
            self._on_fail(key, reason)

    def _post(self, asks: Sequence[tuple[int, Ask]]) -> list[int]:
        """Answer new asks from the store, queue the rest; the keys whose whole wave was stored already."""
        held = self._store.stored({ask.digest for _, ask in asks}) if asks else {}
        ready: dict[int, None] = {}
        for key, ask in asks:
            unknown = []
            for place in ask.places:
                if place in held:
                    self._report.replayed += 1
                    if self._players[key].take(place, held[place]):
                        ready[key] = None
                elif place in self._waiters:
                    self._waiters[place].append(key)
                else:
                    self._waiters[place] = [key]
                    unknown.append(place[1])
            if unknown:
                self._push(self._players[key].rank, replace(ask, samples=tuple(unknown)))
        return list(ready)

    def _push(self, rank: int, ask: Ask) -> None:
        self._queues[ask.request.player].push(rank, ask)

    def _next_batch(self) -> list[Ask]:
        """For one backend: of those with a full batch the one whose strategy is oldest, else the fullest."""
        batch: list[Ask] = []
        while not batch and any(queue.size for queue in self._queues.values()):
            batch = self._batch_from(
                max(self._queues.values(), key=lambda one: (min(one.size, self._max_batch), -one.oldest))
            )
        return batch

    def _batch_from(self, queue: _Queue) -> list[Ask]:
        batch: list[Ask] = []
        room = self._max_batch
        while room and queue.size:
            rank, ask = queue.pop()
            samples = self._wanted_samples(ask)
            if samples[room:]:
                queue.push(rank, replace(ask, samples=samples[room:]))
            if samples:
                batch.append(replace(ask, samples=samples[:room]))
                room -= len(batch[-1].samples)
        return batch

    def _wanted_samples(self, ask: Ask) -> tuple[int, ...]:
        return tuple(sample for sample in ask.samples if self._is_wanted((ask.digest, sample)))

    def _is_wanted(self, place: Place) -> bool:
        """False, and forgotten, when every strategy that waited for it has failed meanwhile."""
        if any(key in self._players for key in self._waiters[place]):
            return True
        del self._waiters[place]
        return False

    def _ask(self, batch: Sequence[Ask], should_stop: Callable[[], bool]) -> None:
        try:
            answers = self._backends[batch[0].request.player].ask(batch)
        except BackendError as error:
            if error.retry:
                self._report.trouble = "" if should_stop() else str(error)
            elif len(batch) > 1:
                # One bad request must not fail the traces that happened to share its batch.
                self._ask_apart(batch, should_stop)
            else:
                self._refuse(batch[0], str(error))
            return
        self._report.asked += sum(len(ask.samples) for ask in batch)
        self._advance(self._settle(batch, answers))

    def _ask_apart(self, batch: Sequence[Ask], should_stop: Callable[[], bool]) -> None:
        for ask in batch:
            if should_stop() or self._report.trouble:
                return
            samples = self._wanted_samples(ask)
            if samples:
                self._ask([replace(ask, samples=samples)], should_stop)

    def _refuse(self, ask: Ask, reason: str) -> None:
        for place in ask.places:
            for key in self._waiters.pop(place, ()):
                self._fail(key, reason)

    def _settle(self, batch: Sequence[Ask], answers: Sequence[Sequence[Completion]]) -> list[int]:
        """Store what is final and hand it to whoever waits; the keys whose wave is answered."""
        final: list[Answer] = []
        for ask, completions in zip(batch, answers, strict=True):
            again = tuple(c.sample for c in completions if self._is_tried_again(ask, c))
            final += [
                Answer(self._waiters[ask.digest, c.sample][0], ask.request, ask.digest, c)
                for c in completions
                if c.sample not in again
            ]
            if again:
                asker = self._waiters[ask.digest, again[0]][0]
                self._push(
                    self._players[asker].rank if asker in self._players else 0, replace(ask, samples=again)
                )
        ready: dict[int, None] = {}
        for place, completion in (self._store.keep(final) if final else {}).items():
            for key in self._waiters.pop(place):
                if key in self._players and self._players[key].take(place, completion):
                    ready[key] = None
        return list(ready)

    def _is_tried_again(self, ask: Ask, completion: Completion) -> bool:
        place = (ask.digest, completion.sample)
        if completion.finish_reason not in _FAILED:
            self._tries.pop(place, None)
            return False
        self._tries[place] = self._tries.get(place, 0) + 1
        return self._tries[place] < SAMPLE_TRIES
