"""How long a task may take: what goes on for longer is broken off, whether it computes or waits for the database.

Celery's own limits end a process, and here tasks are threads of one. So an exception is put into the thread, and where
that does not arrive because the thread waits for the database, its statement is cancelled. What waits for a server has
a time limit of its own, and a program in the sandbox too.
"""

from __future__ import annotations

import ctypes
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from celery import Task
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext

from annotate.errors import GradusError

# How long a thread may take to notice, and until it is told again.
NOTICE_SECONDS, AGAIN_SECONDS = 1.0, 60.0

log = logging.getLogger(__name__)

T = TypeVar("T")


class TookTooLong(GradusError):
    """A task was broken off because its time was up."""


class Limited(Task):
    """A task that is broken off after ``longest_seconds``, or as many as the installation allows."""

    abstract = True
    longest_seconds: float | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        seconds = self.longest_seconds or settings.LONGEST_TASK_SECONDS
        return limited(lambda: self.run(*args, **kwargs), seconds, of=self.name)


def limited(work: Callable[[], T], seconds: float, *, of: str) -> T:
    """What ``work`` returns; raises `TookTooLong` wherever it is once so many seconds are over."""
    watch = _Watch(seconds, of)
    # The exception may come at any instruction, also at those that lead to the end: then the outer one comes.
    try:
        try:
            watch.begin()
            return work()
        finally:
            watch.end()
    finally:
        watch.end()


class _Watch:
    """Looks at the thread that makes it, from a thread of its own."""

    def __init__(self, seconds: float, of: str) -> None:
        self._thread = threading.get_ident()
        # Each thread has a connection of its own: this one's is looked up here, and cancelled from elsewhere.
        self._database = connections[DEFAULT_DB_ALIAS]
        self._of, self._seconds = of, seconds
        self._is_over, self._lock = False, threading.Lock()
        # Set when the exception has arrived, or the work is over.
        self._may_go_on = threading.Event()
        self._timer: threading.Timer | None = None
        # A thread that is just starting another one may not be broken off at that.
        self._has_begun = threading.Event()

    def begin(self) -> None:
        self._wake_after(self._seconds)
        self._has_begun.set()

    def end(self) -> None:
        """Never raises in this thread again from here on; said twice it is said once."""
        with self._lock:
            self._is_over = True
            self._has_begun.set()
            if self._timer is not None:
                self._timer.cancel()
            self._may_go_on.set()
            # What was sent and has not arrived would break off what this thread does next.
            _raise_in(self._thread, None)

    def _wake_after(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._break_off)
        self._timer.daemon = True
        self._timer.start()

    def _break_off(self) -> None:
        self._has_begun.wait()
        with self._lock:
            if self._is_over:
                return
            self._may_go_on.clear()
            log.error("%s is broken off: it took longer than %g seconds", self._of, self._seconds)
            _raise_in(self._thread, self._error())
        if not self._may_go_on.wait(NOTICE_SECONDS):
            with self._lock:
                if not self._is_over:
                    _cancel_statement(self._database.connection)
        with self._lock:
            # It may have been swallowed by code that goes on after any error.
            if not self._is_over:
                self._wake_after(AGAIN_SECONDS)

    def _error(self) -> type[TookTooLong]:
        """A class, since that is what can be raised in another thread; made when it is, it says that it arrived."""
        may_go_on, seconds = self._may_go_on, self._seconds

        # Whoever drives the database cancels what it has under way at an interrupt, and at no other exception.
        class Arrived(TookTooLong, KeyboardInterrupt):
            def __init__(self) -> None:
                may_go_on.set()
                said = gettext(
                    "It was broken off after %(seconds)s seconds, the longest that this site lets one task take"
                    " (GRADUS_LONGEST_TASK_SECONDS)."
                )
                super().__init__(said % {"seconds": f"{seconds:,g}"})

        Arrived.__name__ = Arrived.__qualname__ = TookTooLong.__name__
        return Arrived


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )


def _cancel_statement(database: Any) -> None:
    """Whatever ``database`` is executing for another thread ends with an error; None and idle ones are left alone."""
    try:
        if isinstance(database, sqlite3.Connection):
            database.interrupt()
        elif database is not None:
            database.cancel_safe(timeout=NOTICE_SECONDS * 5)
    except Exception:
        # Whatever it is, the connection may be closed by now, and the thread is told again.
        log.warning("a statement could not be cancelled", exc_info=True)
