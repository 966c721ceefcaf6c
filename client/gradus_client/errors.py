from __future__ import annotations

from typing import Any


class GradusError(Exception):
    """Anything that went wrong between here and the server."""


class Unreachable(GradusError):
    """The server did not answer, or answered that it is busy, however often it was asked.

    What cannot safely be asked twice was asked once, and may have been done.
    """


class Denied(GradusError):
    """There is no such thing for whoever asks, or their role does not reach."""


class Refused(GradusError):
    """The server said no: ``status``, and where it named them the ``field`` and the ``row``."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.field: str | None = body.get("field")
        self.row: int | None = body.get("row")
        self.body = body
        # DRF names fields as keys, each with a list of reasons.
        said = body.get("detail") or body.get("reason") or "; ".join(f"{k}: {v}" for k, v in body.items())
        super().__init__(str(said) or f"the server answered {status}")
