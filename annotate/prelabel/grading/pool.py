"""A few persistent grading children behind a deadline.

Plain ``subprocess`` rather than ``multiprocessing``: a prefork worker is daemonic and may not have
multiprocessing children, a forked child of a process with torch loaded may deadlock, and a signal alarm does not
work in threads. This runs the same in all of them.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import time
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
# Importing sympy takes 1.5 s on an idle machine; a loaded one has been seen to need ten times that.
START_SECONDS = 90.0


class ChildFailed(Exception):
    """The child gave no answer in time or died; the question stays ungraded."""


class Child:
    """One running grading process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-u", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._buffer = b""
        self._read_line(START_SECONDS)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, gold: str, answer: str, seconds: float) -> str:
        """The child's outcome word. Raises ``ChildFailed`` after ``seconds`` or on death."""
        question = json.dumps({"gold": gold, "answer": answer}) + "\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(question.encode())
            self._process.stdin.flush()
        except OSError as error:
            raise ChildFailed("the grading process is gone") from error
        return str(json.loads(self._read_line(seconds))["outcome"])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close our ends of the pipes without touching the process (a forked copy of us owns it)."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read_line(self, seconds: float) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                self.kill()
                raise ChildFailed("the grading process gave no answer")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line


class GradingPool:
    """At most ``size`` children, started when first needed, replaced when one had to be killed."""

    def __init__(self, size: int = 2) -> None:
        self._slots: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(None)

    def ask(self, gold: str, answer: str, seconds: float) -> str:
        """Outcome word of one comparison. Raises ``ChildFailed`` when it had to be abandoned."""
        child = self._slots.get()
        try:
            child = child or Child()
            return child.ask(gold, answer, seconds)
        except BaseException:
            # An answer that was not read would be taken for the next question's.
            if child is not None:
                child.kill()
            child = None
            raise
        finally:
            self._slots.put(child)

    def close(self) -> None:
        """Kill the idle children; the pool can be used again."""
        for child in self._drained():
            child.kill()

    def forget(self) -> None:
        """Let go of children that belong to the process we were forked from."""
        for child in self._drained():
            child.forget()

    def _drained(self) -> list[Child]:
        # All out before any goes back: the queue is last in, first out.
        slots = [self._slots.get() for _ in range(self._slots.qsize())]
        for _ in slots:
            self._slots.put(None)
        return [child for child in slots if child is not None]


_pool = GradingPool()


def ask_child(gold: str, answer: str, seconds: float) -> str:
    """Ask this process's own pool."""
    return _pool.ask(gold, answer, seconds)


def _start_afresh() -> None:
    global _pool
    inherited, _pool = _pool, GradingPool()
    inherited.forget()


atexit.register(lambda: _pool.close())
os.register_at_fork(after_in_child=_start_afresh)
