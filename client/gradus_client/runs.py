from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .errors import GradusError
from .rows import Work


class Run(Work):
    """Machine work over a project. ``data`` is what the server last said of it."""

    def refresh(self) -> Run:
        self.data = self._server.get(f"runs/{self.id}/")
        return self

    def wait(
        self,
        *,
        timeout: float | None = None,
        every: float = 2.0,
        show: Callable[[dict[str, Any]], None] | None = None,
    ) -> Run:
        """Wait until it is over; ``show`` is called with its progress. Raises GradusError when it took too long."""
        begun = time.monotonic()
        while not self.refresh().is_over:
            if show:
                show(self.data["progress"])
            if timeout is not None and time.monotonic() - begun > timeout:
                raise GradusError(f"run {self.id} is {self.state} after {timeout:g} s; is a worker running?")
            time.sleep(every)
        return self

    def cancel(self) -> Run:
        """Stop after the batch under way; what was labelled and paid for stays."""
        self.data |= self._server.post(f"runs/{self.id}/cancel/")
        return self

    def retry(self) -> int:
        """Try what failed again; how many traces that are."""
        found: int = self._server.post(f"runs/{self.id}/retry/")["retried"]
        return found

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.data['name']}: {self.state}>"
