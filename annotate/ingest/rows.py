"""New rows straight into a table: by COPY on PostgreSQL, by statements of many rows on SQLite.

``bulk_create`` turns every value into a model's attribute and back into a parameter, which was three quarters of an
ingest. Who writes here gives values as the database keeps them and has checked them; call it inside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from annotate.ingest.going_on import GoingOn

NO_JSON = "{}"
# As many as every build of SQLite takes in one statement.
_MOST_VALUES = 999


def new_keys(model: type[Model], n: int) -> Sequence[int]:
    """``n`` keys that no row of the table has or will get from elsewhere, lowest first.

    On SQLite they are free only as long as the transaction holds the database, which every writing one does.
    """
    table, column = model._meta.db_table, column_of(model, "id")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The sequence is looked for once, not for every key, and the keys travel as one text.
            cursor.execute(
                "SELECT array_agg(nextval(name))::text"
                " FROM (SELECT (SELECT pg_get_serial_sequence(%s, %s)::regclass) AS name"
                " FROM generate_series(1, %s)) AS drawn",
                [f'"{table}"', column, n],
            )
            (drawn,) = cursor.fetchone()
            return [int(key) for key in drawn[1:-1].split(",")] if drawn else []
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last: int = found[0] if found else 0
    return range(last + 1, last + 1 + n)


def insert_rows(model: type[Model], fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert ``rows``, tuples in the order of ``fields``; JSON as its text, instants by :func:`instant`."""
    if going := begin_to_insert(model, fields, rows):
        going.end()


def begin_to_insert(
    model: type[Model], fields: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> GoingOn | None:
    """The same, but where the database goes on by itself it is not waited for: end what is returned."""
    quoted = connection.ops.quote_name
    table = quoted(model._meta.db_table)
    columns = ", ".join(quoted(column_of(model, name)) for name in fields)
    if connection.vendor == "postgresql":
        return GoingOn(f"COPY {table} ({columns}) FROM STDIN", rows)
    with connection.cursor() as cursor:
        # A statement for each row would spend three quarters of its time on what is done once per statement.
        for n_rows, same in groupby(_in_pieces(rows, _MOST_VALUES // len(fields)), len):
            places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * n_rows)
            insert = f"INSERT INTO {table} ({columns}) VALUES {places}"  # noqa: S608 - names of models
            cursor.executemany(insert, [list(chain.from_iterable(piece)) for piece in same])
    return None


def _in_pieces(rows: Iterable[tuple[Any, ...]], n: int) -> Iterator[list[tuple[Any, ...]]]:
    """``rows``, at most ``n`` at a time."""
    left = iter(rows)
    while some := list(islice(left, n)):
        yield some


def column_of(model: type[Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return str(field.column)


def instant(moment: Any) -> Any:
    """A point in time as the database keeps it."""
    return connection.ops.adapt_datetimefield_value(moment)
