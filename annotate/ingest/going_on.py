"""Rows that PostgreSQL is still taking in while whoever sent them reads on.

A COPY's last rows are sent long before the server has put them into every index. Whoever waits there for it to end, and
reads the next rows after that, needs a third more time than one who reads meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from django.db import connection


class GoingOn:
    """A COPY that goes on until :meth:`end`, or until the connection is wanted for anything else.

    The driver would wait for ever for a connection that it uses itself, so the first statement that Django is given in
    between ends the COPY. What the server refuses is raised where the COPY ends. As a context it ends with its block,
    and is given up where that raises: it belongs inside the transaction's block.
    """

    def __init__(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with ExitStack() as ends:
            ends.enter_context(connection.wrap_database_errors)
            cursor = ends.enter_context(connection.cursor())
            copy = ends.enter_context(cursor.copy(statement))
            for row in rows:
                copy.write_row(row)
            self._ends = ends.pop_all()
        connection.execute_wrappers.append(self._ended_first)

    @property
    def is_over(self) -> bool:
        return self._ended_first not in connection.execute_wrappers

    def end(self) -> None:
        self.__exit__(None, None, None)

    def _ended_first(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        self.end()
        return execute(sql, params, many, context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_over:
            connection.execute_wrappers.remove(self._ended_first)
            self._ends.__exit__(kind, error, trace)
