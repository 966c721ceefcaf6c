"""New rows straight into a table: by COPY on PostgreSQL, by statements of many rows on SQLite.

``bulk_create`` turns every value into a model's attribute and back into a parameter, which was three quarters of an
ingest. Who writes here gives values as the database keeps them and has checked them; call it inside a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Field, Model, Q
from django.db.models.expressions import RawSQL

NO_JSON = "{}"
# More in one statement gain nothing, and SQLite looks after each statement's pages on its own.
_AT_ONCE = 100
# Rows become text by so many: it is held several times over while it is made.
_COPIED_AT_ONCE = 2_000
_NULL = r"\N"


def new_keys(model: type[Model], n: int) -> Sequence[int]:
    """``n`` keys that no row of the table has or will get from elsewhere, lowest first.

    On SQLite they are free only as long as the transaction holds the database, which every writing one does.
    """
    table, column = model._meta.db_table, column_of(model, "id")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The sequence's name is looked up once here; inside the query it would be for every key.
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
            [sequence] = cursor.fetchone()
            cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, n])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last: int = found[0] if found else 0
    return range(last + 1, last + 1 + n)


def insert_rows(model: type[Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert ``rows``, tuples in the order of ``fields``; JSON as its text, instants by :func:`instant`."""
    if not rows:
        return
    write = _copy if connection.vendor == "postgresql" else _insert
    write(_into(model, tuple(fields)), len(fields), rows)


def among(field: str, values: Iterable[str]) -> Q:
    """``field__in`` for many texts as one parameter, which costs a tenth of one for each."""
    texts = list(values)
    if connection.vendor == "postgresql":
        # A constant array tells the planner how many there are: guessed wrong, a lookup reads the whole table for each.
        inner = "\x00".join(texts).replace("\\", "\\\\").replace('"', '\\"').replace("\x00", '","')
        given = RawSQL("SELECT unnest(%s::text[])", [f'{{"{inner}"}}' if texts else "{}"])
    else:
        given = RawSQL("SELECT value FROM json_each(%s)", [json.dumps(texts, ensure_ascii=False)])
    return Q(**{f"{field}__in": given})


def column_of(model: type[Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return str(field.column)


def instant(moment: Any) -> Any:
    """A point in time as the database keeps it."""
    return connection.ops.adapt_datetimefield_value(moment)


@cache
def _into(model: type[Model], fields: tuple[str, ...]) -> str:
    """The table and its columns, quoted; both databases quote alike."""
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(column_of(model, name)) for name in fields)
    return f"{quoted(model._meta.db_table)} ({columns})"


def _insert(into: str, n_fields: int, rows: Sequence[tuple[Any, ...]]) -> None:
    place = f"({', '.join(['%s'] * n_fields)})"
    with connection.cursor() as cursor:
        most = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        at_once = min(_AT_ONCE, most // n_fields)
        for begin in range(0, len(rows), at_once):
            some = rows[begin : begin + at_once]
            insert = f"INSERT INTO {into} VALUES {', '.join([place] * len(some))}"  # noqa: S608 - names of models
            cursor.execute(insert, list(chain.from_iterable(some)))


def _copy(into: str, n_fields: int, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for begin in range(0, len(rows), _COPIED_AT_ONCE):
            # By columns, so that nearly all of it is done by a few calls for thousands of values.
            columns = zip(*rows[begin : begin + _COPIED_AT_ONCE], strict=True)
            written = "\n".join(map("\t".join, zip(*map(_written, columns), strict=True)))
            copy.write(f"{written}\n".encode())


def _written(column: tuple[Any, ...]) -> Iterable[str]:
    """A column's values as COPY reads them from text."""
    kinds = set(map(type, column))
    if kinds == {int}:
        return map(str, column)
    if kinds == {str}:
        # No text holds a NUL, which PostgreSQL cannot store; one that does makes a column too long for its rows.
        return _escaped("\x00".join(column)).split("\x00")
    return map(_one_written, column)


def _one_written(value: Any) -> str:
    match value:
        case None:
            return _NULL
        case bool():
            return "t" if value else "f"
        case str():
            return _escaped(str.__str__(value))
        case int():
            return str(int(value))
        case float():
            return repr(value)
        case datetime():
            return value.isoformat(sep=" ")
    raise TypeError(f"{type(value).__name__} is not written this way")


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
