from __future__ import annotations

import time
from collections.abc import Callable

from .errors import GradusError
from .rows import Work


class Push(Work):
    """A release on its way to the Hugging Face Hub. ``data`` is what the server last said of it."""

    def refresh(self) -> Push:
        self.data = self._server.get(f"pushes/{self.id}/")
        return self

    def wait(
        self,
        *,
        timeout: float | None = None,
        every: float = 1.0,
        show: Callable[[int, int], None] | None = None,
    ) -> Push:
        """Wait until all is on the Hub; ``show`` is called with (bytes there, bytes in all).

        Raises GradusError with the reason where it failed, was stopped or took too long.
        """
        begun = time.monotonic()
        while not self.refresh().is_over:
            if show:
                show(self.data["bytes_done"], self.data["bytes_total"])
            if timeout is not None and time.monotonic() - begun > timeout:
                raise GradusError(f"push {self.id} is {self.state} after {timeout:g} s; is a worker running?")
            time.sleep(every)
        if self.state != "done":
            raise GradusError(self.data["error"] or f"push {self.id} was stopped")
        return self

    def cancel(self) -> Push:
        """Stop it; what the Hub has stays there."""
        self.data = self._server.post(f"pushes/{self.id}/cancel/")
        return self

    def retry(self, *, may_replace: bool | None = None) -> Push:
        """Take up one that failed or was stopped; what the Hub has is not sent again."""
        said = {} if may_replace is None else {"may_replace": may_replace}
        self.data = self._server.post(f"pushes/{self.id}/retry/", said)
        return self

    def __repr__(self) -> str:
        return f"<Push {self.id} to {self.data['repository']}: {self.state}>"
