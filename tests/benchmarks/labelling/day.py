"""People's days at a server: trace after trace with pauses, whichever program answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.labelling.reader import Reader

VERDICTS = ("good", "good", "good", "bad")


@dataclass(frozen=True)
class Pace:
    """How people come and read: ``people`` of them within ``arrive`` seconds, for ``seconds`` in all.

    ``think`` is the mean pause before each act, in seconds; no pause is longer than five times that.
    """

    people: int
    seconds: float
    think: float
    arrive: float


def a_persons_day(reader: Reader, slug: str, pace: Pace, ends: float, drawn: random.Random) -> None:
    """Trace after trace until time is up or nothing is left; whoever is told of an error tries again after a pause."""

    def pause() -> bool:
        reader.wait(min(drawn.expovariate(1 / pace.think), 5 * pace.think))
        return time.monotonic() < ends

    time.sleep(drawn.uniform(0, pace.arrive))
    goes_on = False
    while time.monotonic() < ends:
        n_errors = len(reader.errors)
        goes_on = (goes_on or reader.start(slug)) and a_trace(reader, pause, drawn)
        if not goes_on and (len(reader.errors) == n_errors or not pause()):
            break
    reader.is_idle = not goes_on and time.monotonic() < ends


def a_trace(reader: Reader, pause: Callable[[], bool], drawn: random.Random) -> bool:
    """Read the trace at hand, answer step by step, submit; whether there is a next one and time for it."""
    if not reader.read():
        return False
    for index in range(len(reader.questions)):
        if not pause():
            return False
        reader.press(index, drawn.choice(VERDICTS))
    return pause() and reader.submit()


def days(readers: list[Reader], slug: str, pace: Pace) -> float:
    """Let everybody work at once, the same people with the same pauses in every call; seconds it took."""
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=a_persons_day, args=(reader, slug, pace, began + pace.seconds, random.Random(number))
        )
        for number, reader in enumerate(readers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader in readers:
        reader.wire.close()
    return time.monotonic() - began
