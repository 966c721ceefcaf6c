"""What every row of the server that a script holds has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .connection import Gradus

_OVER = ("done", "failed", "cancelled")


class Row:
    """``data`` is what the server last said of it."""

    def __init__(self, server: Gradus, data: dict[str, Any]) -> None:
        self._server = server
        self.data = data

    @property
    def id(self) -> int:
        found: int = self.data["id"]
        return found


class Work(Row):
    """Something that workers are at."""

    @property
    def state(self) -> str:
        found: str = self.data["state"]
        return found

    @property
    def is_over(self) -> bool:
        return self.state in _OVER
