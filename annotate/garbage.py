"""Python looks for garbage less often while many rows go by.

It does so whenever some hundred more objects are there than before, which rows that wait to be written are: a quarter
of the time of an export went into looking through rows that were all still needed. What nobody needs any more goes
without that, unless two objects hold each other; such ones wait a little longer here.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
_lock = threading.Lock()
_inside = 0
_usual = (0, 0, 0)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Around work on many rows; what was usual returns when the last of several threads is out."""
    global _inside, _usual  # noqa: PLW0603 - the threshold is the process's own
    with _lock:
        _inside += 1
        if _inside == 1:
            _usual = gc.get_threshold()
            gc.set_threshold(_OBJECTS, *_usual[1:])
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_usual)
