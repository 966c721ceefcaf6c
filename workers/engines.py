"""The backends this process has open: each address once, one batch at a time."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from annotate.prelabel.contracts import Backend, Completion, Request
from workers.backends.registry import open_backend

log = logging.getLogger(__name__)


@dataclass
class _Engine:
    """A backend shared by the threads of a process; an engine with a model in memory answers one at a time."""

    backend: Backend
    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        with self.lock:
            return self.backend.answer(requests)

    def close(self) -> None:
        with self.lock:
            self.backend.close()


_engines: dict[str, _Engine] = {}
_opening = threading.Lock()


def engine_at(address: str) -> Backend:
    """The backend at ``address``, opened on first use. Raises BackendError when it cannot be."""
    with _opening:
        if address not in _engines:
            backend = open_backend(address)
            _engines[address] = _Engine(backend, backend.name)
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
