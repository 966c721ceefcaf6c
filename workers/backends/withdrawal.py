"""Questions that may not be asked any more: what they are about may be another worker's by now.

Between the beginning of a call and its question's leaving lie pauses, further tries and connections that take their
time. Whoever begins a call says how to find out whether it may still be asked; who is about to send one, asks that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from annotate.errors import BackendError

_may_ask: ContextVar[Callable[[], bool] | None] = ContextVar("may_ask", default=None)


class Withdrawn(BackendError):
    """Nothing was asked, and nothing is wrong with the backend."""

    def __init__(self) -> None:
        super().__init__("The question is held back: another worker may be at it.", retry=True)


def ask_while(may_ask: Callable[[], bool]) -> None:
    """From here on in this context, questions leave as long as ``may_ask``."""
    _may_ask.set(may_ask)


def make_sure() -> None:
    """Raise ``Withdrawn`` where nothing may be asked any more."""
    may_ask = _may_ask.get()
    if may_ask is not None and not may_ask():
        raise Withdrawn
