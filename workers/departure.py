"""A worker that was told to stop is gone soon, whatever it is at.

Shifts end by themselves in time. What cannot leave off (a model's batch, a long file, a request to the Hub) is cut off:
all of it is made to be killed at any moment, and what was held is taken up by others once its lease has run out. A
supervisor would do the same a little later, and with less to say about it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

import billiard

from workers.celery import is_stopping

log = logging.getLogger(__name__)

# After a shift's own grace, and before the half minute that operators are promised.
PATIENCE = 22.0
_LOOK = 0.5


class Departure(threading.Thread):
    """Ends the process ``patience`` seconds after it was told to stop, if it is still there; ``farewell`` is first."""

    def __init__(self, farewell: Callable[[], object], *, patience: float = PATIENCE) -> None:
        super().__init__(name="departure", daemon=True)
        self._farewell = farewell
        self._patience = patience

    def run(self) -> None:
        # It looks instead of being told: the signal's handler may interrupt whoever holds the lock it would need.
        while not is_stopping():
            time.sleep(_LOOK)
        time.sleep(self._patience)
        log.warning(
            "still at work %.0f s after it was to stop; what was left is taken up by others", self._patience
        )
        try:
            self._farewell()
        finally:
            for child in billiard.active_children():
                child.kill()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
