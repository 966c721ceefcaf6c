"""Questions that may not be asked any more, and those whose answers nobody waits for any longer.

Between the beginning of a call and its question's leaving lie pauses, further tries and connections that take their
time, and what it is about may be another worker's by then. Whoever begins a call says how to find out whether it may
still be asked; who is about to send one, asks that. And whoever waits for an answer for minutes says how to leave off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from annotate.errors import BackendError

_may_ask: ContextVar[Callable[[], bool] | None] = ContextVar("may_ask", default=None)
_recall: ContextVar[Recall | None] = ContextVar("recall", default=None)


class Withdrawn(BackendError):
    """Nothing was asked, or nobody waited for the answer, and nothing is wrong with the backend."""

    def __init__(self) -> None:
        super().__init__("The question is held back: another worker may be at it.", retry=True)


class Recall:
    """Takes back calls that are under way. May be made by any thread, and more than once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._undoing: list[Callable[[], object]] = []
        self.is_made = False

    def make(self) -> None:
        with self._lock:
            self.is_made = True
            undoing, self._undoing = self._undoing, []
        for undo in undoing:
            undo()

    @contextmanager
    def undone_by(self, undo: Callable[[], object]) -> Iterator[None]:
        with self._lock:
            is_late = self.is_made
            if not is_late:
                self._undoing.append(undo)
        if is_late:
            undo()
        try:
            yield
        finally:
            with self._lock:
                if undo in self._undoing:
                    self._undoing.remove(undo)


def ask_while(may_ask: Callable[[], bool], recall: Recall | None = None) -> None:
    """From here on in this context, questions leave as long as ``may_ask`` and until ``recall`` is made."""
    _may_ask.set(may_ask)
    _recall.set(recall)


def make_sure() -> None:
    """Raise ``Withdrawn`` where nothing may be asked any more."""
    may_ask, recall = _may_ask.get(), _recall.get()
    if (may_ask is not None and not may_ask()) or (recall is not None and recall.is_made):
        raise Withdrawn


@contextmanager
def undone_by(undo: Callable[[], object]) -> Iterator[None]:
    """While this lasts, ``undo`` is called, by another thread, should nobody wait for the answer any more."""
    recall = _recall.get()
    if recall is None:
        yield
        return
    with recall.undone_by(undo):
        yield
