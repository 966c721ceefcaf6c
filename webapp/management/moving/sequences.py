"""The next key of each table. A key that was given once is not given again, also when its row is gone since."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from .tables import all_models


def last_keys(connection: BaseDatabaseWrapper) -> dict[str, int]:
    """By table: the highest key that was ever given."""
    tables = _counting_tables()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            return {name: seq for name, seq in cursor.fetchall() if name in tables}
        found: dict[str, int] = {}
        for table, column in tables.items():
            cursor.execute(
                "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
                (f'"{table}"', column),
            )
            found[table] = cursor.fetchone()[0] or 0
        return found


def go_on_after(connection: BaseDatabaseWrapper, given: Mapping[str, int]) -> None:
    """The next row of each table gets a key above all that were given, here or where the rows come from."""
    with connection.cursor() as cursor:
        for table, column in _counting_tables().items():
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT coalesce(max({connection.ops.quote_name(column)}), 0) FROM {quoted}")
            last = max(int(cursor.fetchone()[0]), given.get(table, 0))
            if last < 1:
                continue
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", (table,))
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (table, last))
            else:
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s)::regclass, %s)",
                    (f'"{table}"', column, last),
                )


def _counting_tables() -> dict[str, str]:
    keys = {model._meta.db_table: model._meta.pk for model in all_models()}
    return {
        table: str(key.column)
        for table, key in keys.items()
        if isinstance(key, models.AutoField | models.BigAutoField)
    }
