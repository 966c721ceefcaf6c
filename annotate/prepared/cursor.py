"""How a prepared statement reaches the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast

T = TypeVar("T")


def send(database: Any, sql: str, values: Sequence[Any], read: Callable[[Any], T]) -> T:
    """What ``read`` makes of the cursor once the statement has been executed."""
    if database.vendor != "postgresql":
        with database.cursor() as cursor:
            cursor.execute(sql, values)
            return read(cursor)
    database.close_if_health_check_failed()
    if database.connection is None:
        database.ensure_connection()
    with database.wrap_database_errors:
        raw = _planning_cursor()(database.connection)
        if database.execute_wrappers or database.queries_logged:
            with database._prepare_cursor(raw) as cursor:
                cursor.execute(sql, values)
                return read(cursor)
        # Nobody listens: without Django's cursor around the driver's, which takes 25 calls for each statement.
        database.validate_thread_sharing()
        database.validate_no_broken_transaction()
        with raw:
            raw.execute(sql, values)
            return read(raw)


def rows_in(cursor: Any) -> list[tuple[Any, ...]]:
    return cast("list[tuple[Any, ...]]", cursor.fetchall())


def n_changed(cursor: Any) -> int:
    return int(cursor.rowcount)


@cache
def _planning_cursor() -> type[Any]:
    """Django's own cursor writes the values into the text, which PostgreSQL then has to plan anew each time."""
    from psycopg import RawCursor

    class PlanningCursor(RawCursor[Any]):
        def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
            # Does nothing more than sending them apart where the connection has no prepare_threshold.
            super().execute(query, params, prepare=True)
            # What Django shows when it logs queries; the driver forgets the text of what was planned before.
            self._query = self._query or cast(Any, SimpleNamespace(query=query.encode()))
            return self

    return PlanningCursor
