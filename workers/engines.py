"""The backends this process has open: each address once."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from annotate.prelabel.contracts import Backend, Completion, Request
from workers.backends.registry import open_backend
from workers.backends.withdrawal import make_sure

log = logging.getLogger(__name__)

_LOOK_UP = 0.5


@dataclass
class _Engine:
    """A backend shared by the threads of a process, which together make no more calls than it has an appetite for."""

    backend: Backend

    def __post_init__(self) -> None:
        self.name = self.backend.name
        self.appetite = self.backend.appetite
        self._places = threading.BoundedSemaphore(self.appetite.calls)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        # Another shift may have them for as long as a server is silent.
        while not self._places.acquire(timeout=_LOOK_UP):
            make_sure()
        try:
            return self.backend.answer(requests)
        finally:
            self._places.release()

    def close(self) -> None:
        for _ in range(self.appetite.calls):
            self._places.acquire()
        self.backend.close()


_engines: dict[str, _Engine] = {}
_opening = threading.Lock()


def engine_at(address: str) -> Backend:
    """The backend at ``address``, opened on first use. Raises BackendError when it cannot be."""
    with _opening:
        if address not in _engines:
            _engines[address] = _Engine(open_backend(address))
        return _engines[address]


@atexit.register
def close_engines() -> None:
    """Close whatever is open; safe to call again."""
    with _opening:
        while _engines:
            address, engine = _engines.popitem()
            try:
                engine.close()
            except Exception:
                log.exception("backend %s did not close", address)
