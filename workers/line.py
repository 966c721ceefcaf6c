"""A line to one backend: what waits for it, what is under way, and for how long it is left alone.

A backend says by its ``appetite`` how it wants its work. One with a model in memory takes one batch at a time, and
batches are worth waiting for; a server schedules by itself and wants many requests at once, each on its own.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, replace

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, Backend, Completion
from workers.backends.withdrawal import Recall, ask_while
from workers.waves import Ask

log = logging.getLogger(__name__)

# Eight tries wait about two minutes in all: long enough for a model server to be restarted.
TRIES = 8
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0

Answers = list[list[Completion]]
Chooser = Callable[[Ask], Sequence[int]]


@dataclass(eq=False, slots=True)
class Call:
    """A batch under way. ``outage`` and ``served`` are how many outages and good answers its line had had before it."""

    line: Line
    batch: list[Ask]
    future: Future[Answers]
    outage: int
    served: int

    @property
    def size(self) -> int:
        return sum(len(ask.samples) for ask in self.batch)


class Line:
    """What waits is served oldest strategy first. ``paused`` are the seconds the backend is to be left alone.

    A failing backend is tried again, after a pause that doubles; calls that were under way together fail as one. Once
    patience is used up the next failure is not waited for, until a call succeeds.
    """

    def __init__(self, backend: Backend | None, *, most_samples: int | None = None) -> None:
        appetite = backend.appetite if backend is not None else Appetite()
        self._backend = backend
        self._appetite = replace(appetite, samples=most_samples or appetite.samples)
        self._heap: list[tuple[int, int, Ask]] = []
        self._apart: deque[Ask] = deque()
        self._n_pushed = 0
        self._samples = 0
        self._outages = 0
        self._failures = 0
        self._served = 0
        self.under_way = 0
        self.paused = 0.0

    @property
    def most_calls(self) -> int:
        return self._appetite.calls

    @property
    def is_waiting(self) -> bool:
        return bool(self._heap or self._apart)

    @property
    def fill(self) -> float:
        """What waits, in calls."""
        by_samples = self._samples / self._appetite.samples
        by_requests = len(self._heap) / self._appetite.requests if self._appetite.requests else 0.0
        return len(self._apart) + max(by_samples, by_requests)

    @property
    def room(self) -> int:
        """How much more could wait before every call that can be made now, or the next one, is full."""
        size = self._appetite.requests or self._appetite.samples
        return int((max(1, self.most_calls - self.under_way) - self.fill) * size)

    @property
    def has_place(self) -> bool:
        return self.under_way < self.most_calls and self.paused <= 0

    @property
    def oldest(self) -> int:
        return self._heap[0][0] if self._heap else 0

    def push(self, rank: int, ask: Ask) -> None:
        self._n_pushed += 1
        self._samples += len(ask.samples)
        heapq.heappush(self._heap, (rank, self._n_pushed, ask))

    def push_apart(self, ask: Ask) -> None:
        """Put an ask in front that is to be a call of its own."""
        self._apart.append(ask)

    def take(self, wanted: Chooser, most: int) -> list[Ask]:
        """The next batch of at most ``most`` samples, those that ``wanted`` still wants; empty when nothing waits."""
        while self._apart:
            ask = self._apart.popleft()
            samples = tuple(wanted(ask))
            if samples[most:]:
                self._apart.appendleft(replace(ask, samples=samples[most:]))
            if samples:
                return [replace(ask, samples=samples[:most])]
        batch: list[Ask] = []
        room = min(most, self._appetite.samples)
        while room and self._heap and not 0 < self._appetite.requests <= len(batch):
            rank, _, ask = heapq.heappop(self._heap)
            self._samples -= len(ask.samples)
            samples = tuple(wanted(ask))
            if samples[room:]:
                self.push(rank, replace(ask, samples=samples[room:]))
            if samples:
                batch.append(replace(ask, samples=samples[:room]))
                room -= len(batch[-1].samples)
        return batch

    def send(
        self,
        batch: list[Ask],
        pool: Executor,
        may_ask: Callable[[], bool] = lambda: True,
        recall: Recall | None = None,
    ) -> Call:
        """Begin a call; nothing of it leaves once ``may_ask`` says no, as far as the backend can tell.

        It ends as ``Withdrawn`` where ``recall`` is made before it is answered, if the backend can leave off.
        """
        self.under_way += 1
        # Lines of the log and traces of what is asked belong to whoever asks, in the pool's threads too.
        context = copy_context()
        context.run(ask_while, may_ask, recall)
        future = pool.submit(context.run, self._answers, batch)
        return Call(self, batch, future, self._outages, self._served)

    def succeeded(self) -> None:
        self._failures = 0
        self._served += 1

    def is_call_to_blame(self, call: Call) -> bool:
        """Whether others were answered while this call failed: then the backend is there, and it is this question."""
        return self._served > call.served

    def failed(self, call: Call, error: BackendError) -> bool:
        """Take note of a failure that may pass; whether there is patience left to try again after the pause."""
        if call.outage == self._outages:
            self._outages += 1
            self._failures += 1
            self.paused = min(LONGEST_WAIT, max(error.wait, FIRST_WAIT * 2 ** (self._failures - 1)))
            log.warning("backend failed (%s); next try in %.0f s", error, self.paused)
        return self._failures < TRIES

    def rest(self, seconds: float) -> None:
        self.paused = max(0.0, self.paused - seconds)

    def _answers(self, batch: Sequence[Ask]) -> Answers:
        if self._backend is None:
            raise BackendError("This strategy asks a model, but the run names no backend.", retry=False)
        try:
            answers = self._backend.answer([(ask.request, ask.samples) for ask in batch])
        except BackendError:
            raise
        except Exception as error:
            # A bug in an engine must not take down the traces that did not meet it; the log keeps it loud.
            log.exception("backend %s failed unexpectedly", self._backend.name)
            raise BackendError(f"The backend broke: {type(error).__name__}: {error}", retry=False) from error
        _check_shape(batch, answers)
        return answers


def _check_shape(batch: Sequence[Ask], answers: Sequence[Sequence[Completion]]) -> None:
    """A short or shuffled answer stored under the wrong sample number would be wrong for ever."""
    numbers = [tuple(completion.sample for completion in completions) for completions in answers]
    expected = [ask.samples for ask in batch]
    if numbers != expected:
        raise BackendError(
            f"The backend answered samples {numbers} where {expected} were asked.", retry=False
        )
