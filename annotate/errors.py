"""Every error Gradus raises on purpose.

    GradusError
    ├── NotAllowed       the person may not do this (or may not know that it exists)
    ├── Rejected         bad input, with the place it was found
    ├── Conflict         right request, wrong moment: lease expired, already labelled, frozen
    ├── BackendError     a model server or engine failed; says itself whether to try again
    └── NotEstimable     the data cannot answer the question; never a 0 in disguise

Anything else that escapes is a bug and stays loud.
"""

from __future__ import annotations


class GradusError(Exception):
    """Base of all expected errors; its text is written for the person who sees it."""


class NotAllowed(GradusError):
    """The person may not do this. ``is_visible`` says whether they may know the object exists."""

    def __init__(self, reason: str = "Not found.", *, is_visible: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_visible = is_visible


class Rejected(GradusError):
    """Input that cannot be taken, located by row (1-based) and field where they are known."""

    def __init__(self, reason: str, *, row: int | None = None, field: str | None = None) -> None:
        self.reason = reason
        self.row = row
        self.field = field
        super().__init__(self.__str__())

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                f"row {self.row}" if self.row is not None else "",
                f"field {self.field}" if self.field else "",
            )
            if part
        )
        return f"{place}: {self.reason}" if place else self.reason


class Conflict(GradusError):
    """The request was well formed but the state moved on."""


class BackendError(GradusError):
    """A model backend failed. ``retry`` and ``wait`` (seconds) decide, so that callers need not.

    ``is_timeout``: it may still be at work, but took too long.
    """

    def __init__(self, reason: str, *, retry: bool, wait: float = 0.0, is_timeout: bool = False) -> None:
        super().__init__(reason)
        self.retry = retry
        self.wait = wait
        self.is_timeout = is_timeout


class NotEstimable(GradusError):
    """The data at hand cannot support the wanted number; the text says what is missing."""
