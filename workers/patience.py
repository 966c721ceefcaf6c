"""A backend with patience: what may pass is waited for, what is malformed is refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from annotate.errors import BackendError
from annotate.prelabel.contracts import Backend, Completion
from workers.waves import Ask

log = logging.getLogger(__name__)

# Eight tries wait about two minutes in all: long enough for a model server to be restarted.
TRIES = 8
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
_TICK = 0.2


class PatientBackend:
    """Asks ``backend``, again and again where its error says that this helps.

    A failure in a row of calls counts on: once patience is used up the next failing call is not waited for, until
    a call succeeds.
    """

    def __init__(
        self,
        backend: Backend | None,
        *,
        should_stop: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend = backend
        self._should_stop = should_stop
        self._sleep = sleep
        self._failures = 0

    def ask(self, batch: Sequence[Ask]) -> list[list[Completion]]:
        """The completions of each ask, in order. Raises ``BackendError`` once patience or hope is used up."""
        while True:
            try:
                answers = self._answers(batch)
            except BackendError as error:
                if not error.retry:
                    raise
                self._failures += 1
                if self._failures >= TRIES or not self._waited(error):
                    raise
            else:
                self._failures = 0
                return answers

    def _answers(self, batch: Sequence[Ask]) -> list[list[Completion]]:
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

    def _waited(self, error: BackendError) -> bool:
        """Wait before another try; False when told to stop meanwhile."""
        wait = min(LONGEST_WAIT, max(error.wait, FIRST_WAIT * 2 ** (self._failures - 1)))
        log.warning("backend failed (%s); next try in %.0f s", error, wait)
        while wait > 0:
            if self._should_stop():
                return False
            self._sleep(min(_TICK, wait))
            wait -= _TICK
        return True


def _check_shape(batch: Sequence[Ask], answers: Sequence[Sequence[Completion]]) -> None:
    """A short or shuffled answer stored under the wrong sample number would be wrong for ever."""
    numbers = [tuple(completion.sample for completion in completions) for completions in answers]
    expected = [ask.samples for ask in batch]
    if numbers != expected:
        raise BackendError(
            f"The backend answered samples {numbers} where {expected} were asked.", retry=False
        )
