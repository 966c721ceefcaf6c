"""Run many strategies at once against a run's backends.

The driver merges the requests that wait for one backend, whoever asked them, into calls of the size and number that
the backend has an appetite for (``line.py``): a model in memory gets one batch after the other, the next of them while
the answers of the last are stored and graded; servers get many requests at once, and each that is answered makes room
for another. Four rules make a killed run resumable, and a resumed run identical to an undisturbed one:

Numbering
    A request with ``n`` asks for the *next* ``n`` samples of its digest, counted per strategy: a wave of two is
    samples 0 and 1, a following wave of four is samples 2 to 5. A request that only scores (``n`` = 0) is always
    sample 0: the same text scored twice is one answer. Two strategies that ask the same (digest, sample) share it.
Store first
    A strategy is fed nothing that the store does not hold. Stored answers are looked up before a batch is asked,
    and a batch is stored, in one short transaction, before any strategy sees it. Replaying the store therefore
    replays every decision. A kill loses at most the calls under way, and so does whoever stops in a hurry (``grace``).
Failures are not answers
    A sample that came back ``error`` or ``timeout`` is asked again a few times and stored only when that is used
    up, as what it then is: unknown, for good. Tries before that leave no trace, so no strategy ever saw them. A call
    that fails while others are answered is such a failure of its samples; one that fails while none is answered is an
    outage of the backend, which is waited out and costs no sample a try.

What is another's
    Nothing is asked for a strategy whose unit may be somebody else's by now (``Claims``). Once that is settled, those
    that are lost end without a finding, and what the others wait for is looked up again before it is asked: whoever
    was at it meanwhile may have stored it.

Nothing here knows a database or a socket: see ``Store`` and ``contracts.Backend``.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from annotate.errors import BackendError, GradusError
from annotate.prelabel.contracts import Answer, Backend, Completion, Finding, FinishReason, Strategy
from workers.backends.withdrawal import Recall, Withdrawn
from workers.line import Answers, Call, Line
from workers.waves import Ask, Place, Player

log = logging.getLogger(__name__)

SAMPLE_TRIES = 3
_TICK = 0.2
# What servers were asked for is called off at once; a model in memory does not hear it.
_CALLED_OFF = 1.0
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


class Claims(Protocol):
    """Whose the keys are."""

    @property
    def is_sure(self) -> bool:
        """Whether every key is known to be ours, at this moment. Asked by the backends' threads too."""
        ...

    def lost(self) -> Collection[int]:
        """Find out: the keys that are another's by now, which are then none of ours."""
        ...


class _Ours:
    """Nobody else works at these."""

    is_sure = True

    def lost(self) -> Collection[int]:
        return ()


OURS = _Ours()


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
    max_batch: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    grace: Callable[[], float] = lambda: math.inf,
    more: Callable[[int], Mapping[int, Strategy]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    players: Mapping[str, Backend] = _NOBODY,
    may_ask: Callable[[int], int] = lambda under_way: 1 << 62,
    claims: Claims = OURS,
) -> Drive:
    """Run the strategies to their ends.

    ``players`` are the further backends, by the name that ``Request.player`` asks for; ``backend`` answers the rest.
    None suits strategies that never ask. ``max_batch`` replaces the samples per call that they have an appetite for.

    ``on_finish`` or ``on_fail`` is called once per key, as that strategy ends; neither for what ``claims`` has lost.
    ``should_stop`` is asked all along; what is answered within ``grace()`` seconds from then is still stored, and the
    rest called off. They are asked for all the while, so that they may become fewer.

    ``may_ask(under_way)`` is how many more samples may be asked for while ``under_way`` of them are; the strategies
    wait where it is none. ``more(room)`` is called for further strategies whenever the backends could take more than
    waits for them. Older strategies go first, so that a long run finishes traces all along instead of all at its end.
    Everything but the backends, and whether ``claims`` are sure, is called from the caller's own thread.
    """
    everyone = {"": backend, **players}
    lines = {name: Line(one, most_samples=max_batch) for name, one in everyone.items()}
    recall = Recall()
    pool = ThreadPoolExecutor(sum(line.most_calls for line in lines.values()), "backend")
    try:
        driver = _Driver(lines, pool, store, on_finish, on_fail, sleep, may_ask, claims, recall)
        return driver.run(strategies, should_stop, more or (lambda room: {}), grace)
    finally:
        # After a bug nobody waits for the calls under way: the caller lets its leases go at once.
        recall.make()
        pool.shutdown(wait=False, cancel_futures=True)


class _Driver:
    def __init__(
        self,
        lines: Mapping[str, Line],
        pool: Executor,
        store: Store,
        on_finish: Callable[[int, Finding], None],
        on_fail: Callable[[int, str], None],
        sleep: Callable[[float], None],
        may_ask: Callable[[int], int],
        claims: Claims,
        recall: Recall,
    ) -> None:
        self._lines = lines
        self._pool = pool
        self._store = store
        self._on_finish = on_finish
        self._on_fail = on_fail
        self._sleep = sleep
        self._may_ask = may_ask
        self._claims = claims
        self._recall = recall
        self._n_under_way = 0
        self._report = Drive()
        self._players: dict[int, Player] = {}
        # Who waits for a place, first asker first; a place nobody was asked for yet is not in here.
        self._waiters: dict[Place, list[int]] = {}
        self._tries: dict[Place, int] = {}
        self._calls: dict[Future[Answers], Call] = {}
        self._n_started = 0

    def run(
        self,
        strategies: Mapping[int, Strategy],
        should_stop: Callable[[], bool],
        more: Callable[[int], Mapping[int, Strategy]],
        grace: Callable[[], float],
    ) -> Drive:
        self._start(strategies)
        while not should_stop() and not self._report.trouble:
            if not self._claims.is_sure:
                self._let_go(self._claims.lost())
                self._advance(self._found_meanwhile())
            self._start_more(more, should_stop)
            self._send(has_more=False)
            if not self._calls and not any(line.is_waiting for line in self._lines.values()):
                break
            ended = self._ended()
            # Whoever has just become free goes on working while the answers are stored and graded.
            self._send(has_more=True)
            self._advance(self._settle(ended))
        self._keep_what_is_under_way(grace)
        for player in self._players.values():
            player.close()
        self._report.left = tuple(self._players)
        return self._report

    def _let_go(self, lost: Collection[int]) -> None:
        for key in lost:
            if key in self._players:
                self._players.pop(key).close()

    def _found_meanwhile(self) -> list[int]:
        """Look up again what waits and is not on its way; the keys whose wave is answered."""
        asked = {place for call in self._calls.values() for ask in call.batch for place in ask.places}
        waiting = [place for place in self._waiters if place not in asked]
        held = self._store.stored({digest for digest, _ in waiting}) if waiting else {}
        return self._take({place: held[place] for place in waiting if place in held})

    def _start(self, strategies: Mapping[int, Strategy]) -> None:
        for key, strategy in strategies.items():
            self._n_started += 1
            self._players[key] = Player(strategy, rank=self._n_started)
        self._advance(list(strategies))

    def _start_more(
        self, more: Callable[[int], Mapping[int, Strategy]], should_stop: Callable[[], bool]
    ) -> None:
        while not should_stop():
            room = min(line.room for line in self._lines.values())
            found = more(room) if room > 0 else {}
            if not found:
                return
            self._start(found)

    def _advance(self, ready: Iterable[int]) -> None:
        """Feed answered strategies until each of them waits for a backend or has ended."""
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
        if stranger := next((a.request.player for a in asks if a.request.player not in self._lines), None):
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
                self._line_of(ask).push(self._players[key].rank, replace(ask, samples=tuple(unknown)))
        return list(ready)

    def _line_of(self, ask: Ask) -> Line:
        return self._lines[ask.request.player]

    def _send(self, *, has_more: bool) -> None:
        """Send every full batch there is a place for; the fullest of the others only when nothing else goes on.

        With ``has_more`` nothing but full batches is sent, for answers that have come may fill up the rest.
        """
        for line in self._lines.values():
            while line.fill >= 1 and line.has_place and self._is_sent_from(line):
                pass
        while not has_more and not self._calls:
            ready = [line for line in self._lines.values() if line.is_waiting and line.has_place]
            if not ready or not self._is_sent_from(max(ready, key=lambda line: (line.fill, -line.oldest))):
                return

    def _is_sent_from(self, line: Line) -> bool:
        """Send the line's next batch; False where nothing more may be asked for now."""
        room = self._may_ask(self._n_under_way)
        if room < 1 or not self._claims.is_sure:
            return False
        if batch := line.take(self._wanted_samples, room):
            call = line.send(batch, self._pool, lambda: self._claims.is_sure, self._recall)
            self._calls[call.future] = call
            self._n_under_way += call.size
        return True

    def _wanted_samples(self, ask: Ask) -> tuple[int, ...]:
        return tuple(sample for sample in ask.samples if self._is_wanted((ask.digest, sample)))

    def _is_wanted(self, place: Place) -> bool:
        """False, and forgotten, when nobody waits for it any more: all have failed, are let go, or have it."""
        if any(key in self._players for key in self._waiters.get(place, ())):
            return True
        self._waiters.pop(place, None)
        return False

    def _ended(self) -> list[Call]:
        """The calls that have ended, waiting a moment for one; pauses run down meanwhile."""
        if self._calls:
            began = time.monotonic()
            ended, _ = wait(self._calls, timeout=_TICK, return_when=FIRST_COMPLETED)
            passed = time.monotonic() - began
        else:
            ended = set()
            self._sleep(_TICK)
            passed = _TICK
        for line in self._lines.values():
            line.rest(passed)
        return [self._closed(future) for future in list(self._calls) if future in ended]

    def _closed(self, future: Future[Answers]) -> Call:
        call = self._calls.pop(future)
        call.line.under_way -= 1
        return call

    def _settle(self, calls: Sequence[Call]) -> list[int]:
        """Store what has come and hand it to whoever waits; the keys whose wave is answered."""
        final: list[Answer] = []
        for call in calls:
            try:
                answers = call.future.result()
            except Withdrawn:
                self._ask_all_again(call)
                continue
            except BackendError as error:
                if not (error.retry and call.line.is_call_to_blame(call)):
                    self._take_failure(call, error)
                    continue
                answers = _failed(call, error)
            else:
                call.line.succeeded()
            self._report.asked += call.size
            for ask, completions in zip(call.batch, answers, strict=True):
                final += self._final(ask, completions)
        kept = self._store.keep(final) if final else {}
        # Not before: what has come and is not stored yet is on no account.
        self._n_under_way -= sum(call.size for call in calls)
        return self._take(kept)

    def _take(self, kept: Mapping[Place, Completion]) -> list[int]:
        """Hand what is stored to whoever waits for it; the keys whose wave is answered."""
        ready: dict[int, None] = {}
        for place, completion in kept.items():
            for key in self._waiters.pop(place):
                if key in self._players and self._players[key].take(place, completion):
                    ready[key] = None
        return list(ready)

    def _ask_all_again(self, call: Call) -> None:
        for ask in call.batch:
            self._ask_again(ask, ask.samples)

    def _take_failure(self, call: Call, error: BackendError) -> None:
        if error.retry:
            if not call.line.failed(call, error):
                self._report.trouble = str(error)
            self._ask_all_again(call)
        elif len(call.batch) > 1:
            # One bad request must not fail the traces that happened to share its batch.
            for ask in call.batch:
                call.line.push_apart(ask)
        else:
            for place in call.batch[0].places:
                for key in self._waiters.pop(place, ()):
                    self._fail(key, str(error))

    def _final(self, ask: Ask, completions: Sequence[Completion]) -> list[Answer]:
        """What is to be stored; samples that failed and have tries left are queued again."""
        again = tuple(c.sample for c in completions if self._is_tried_again(ask, c))
        if again:
            self._ask_again(ask, again)
        return [
            Answer(self._waiters[ask.digest, c.sample][0], ask.request, ask.digest, c)
            for c in completions
            if c.sample not in again
        ]

    def _ask_again(self, ask: Ask, samples: Sequence[int]) -> None:
        asker = self._players.get(self._waiters[ask.digest, samples[0]][0])
        self._line_of(ask).push(asker.rank if asker else 0, replace(ask, samples=tuple(samples)))

    def _is_tried_again(self, ask: Ask, completion: Completion) -> bool:
        place = (ask.digest, completion.sample)
        if completion.finish_reason not in _FAILED:
            self._tries.pop(place, None)
            return False
        self._tries[place] = self._tries.get(place, 0) + 1
        return self._tries[place] < SAMPLE_TRIES

    def _keep_what_is_under_way(self, grace: Callable[[], float]) -> None:
        """Store the answers of calls that nobody waits for any more: they are paid for. Call off what takes long."""
        self._keep_for(grace)
        if self._calls:
            log.info("%s calls are called off", len(self._calls))
            self._recall.make()
            self._keep_for(lambda: _CALLED_OFF)

    def _keep_for(self, seconds: Callable[[], float]) -> None:
        began = time.monotonic()
        while self._calls and time.monotonic() - began < seconds():
            ended, _ = wait(self._calls, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._settle([self._closed(future) for future in ended])


def _failed(call: Call, error: BackendError) -> Answers:
    finish: FinishReason = "timeout" if error.is_timeout else "error"
    return [
        [Completion("", finish, sample, error=str(error)) for sample in ask.samples] for ask in call.batch
    ]
