"""Every table of Gradus, and one table's rows as another database takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg
from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col

from annotate.errors import Rejected

# SQLite's rows go in by so many, PostgreSQL's in one stream.
_AT_ONCE = 500

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]


def all_models() -> list[type[models.Model]]:
    """One model per table, those of many-to-many relations included."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def count_rows(connection: BaseDatabaseWrapper, model: type[models.Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(model._meta.db_table)}")
        return int(cursor.fetchone()[0])


def delete_rows(connection: BaseDatabaseWrapper, model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def copy_table(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, model: type[models.Model]) -> None:
    """Every row under its own key. Raises Rejected, with the place, where the target cannot hold a value."""
    fields = model._meta.local_concrete_fields
    write = _write_by_copy if target.vendor == "postgresql" else _write_by_insert
    write(target, model, _columns(target, fields), _rows(source, target, model, fields))


def _columns(connection: BaseDatabaseWrapper, fields: Sequence[Any]) -> str:
    return ", ".join(connection.ops.quote_name(field.column) for field in fields)


def _rows(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, model: type[models.Model], fields: Sequence[Any]
) -> Iterator[Row]:
    convert = [_converter(source, target, model, field) for field in fields]
    table = source.ops.quote_name(model._meta.db_table)
    key = _columns(source, [model._meta.pk])
    with source.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {_columns(source, fields)} FROM {table} ORDER BY {key}")
        while some := cursor.fetchmany(_AT_ONCE):
            for row in some:
                yield tuple(change(value) for change, value in zip(convert, row, strict=True))


def _converter(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, model: type[models.Model], field: Any
) -> Convert:
    """From what one driver returns to what the other takes.

    JSON stays the text it is: read and written again, a null within it could not be told from none at all.
    """
    if isinstance(field, models.JSONField):
        return lambda value: value
    expression = Col(model._meta.db_table, field)
    readers = [*source.ops.get_db_converters(expression), *field.get_db_converters(source)]

    def change(value: Any) -> Any:
        for read in readers:
            value = read(value, expression, source)
        return None if value is None else field.get_db_prep_save(value, connection=target)

    return change


def _write_by_copy(
    target: BaseDatabaseWrapper, model: type[models.Model], columns: str, rows: Iterator[Row]
) -> None:
    table = model._meta.db_table
    statement = f"COPY {target.ops.quote_name(table)} ({columns}) FROM STDIN"
    key: Any = None
    with target.cursor() as cursor:
        try:
            with cursor.cursor.copy(statement) as copy:
                for row in rows:
                    key = row[0]
                    copy.write_row(row)
        except psycopg.DataError as error:
            # The server names the line of the stream; what psycopg itself refuses is the row in hand.
            place = (error.diag.context or f"{table}, row {key}").splitlines()[0]
            raise Rejected(f"{place}: {str(error).splitlines()[0]}", field=table) from None


def _write_by_insert(
    target: BaseDatabaseWrapper, model: type[models.Model], columns: str, rows: Iterator[Row]
) -> None:
    places = ", ".join(["%s"] * len(model._meta.local_concrete_fields))
    table = target.ops.quote_name(model._meta.db_table)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
    with target.cursor() as cursor:
        while some := list(islice(rows, _AT_ONCE)):
            cursor.executemany(statement, some)
