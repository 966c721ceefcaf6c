"""Prepared statements that write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from django.db.models import (
    BooleanField,
    CharField,
    Field,
    FloatField,
    ForeignKey,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.sql import UpdateQuery

from .cursor import n_changed, rows_in, send
from .reads import Reader, reader_of
from .statement import StandIns, Statement, Values, shape_of, the_database, with_places

M = TypeVar("M", bound=Model)
Build = Callable[..., tuple[QuerySet[Any], dict[str, Any]]]
_Make = Callable[[Any, Any], Any]
# Databases take some ten thousand values in one statement at most; a label has about twenty.
MOST_ROWS = 100
# What these hold is handed to the database as it is, if it is of the column's own type.
_AS_THEY_ARE = (BooleanField, CharField, FloatField, ForeignKey, TextField)


@dataclass
class PreparedUpdate:
    """``build`` makes the queryset and what is to be written to its rows, from values by name.

    ``kinds`` are those of values that may be None.
    """

    build: Build
    kinds: Mapping[str, type] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], Statement] = field(default_factory=dict)

    def __call__(self, **values: Any) -> int:
        """How many rows there were."""
        database = the_database()
        shape = shape_of(database, values)
        if shape not in self._known:
            _, self._known[shape] = _compiled(self.build, values, self.kinds)
        statement = self._known[shape]
        return send(database, statement.sql, statement.filled(values), n_changed)


@dataclass
class PreparedChange(Generic[M]):
    """An update that gives back the rows as they are then, locked by it as by ``select_for_update``."""

    build: Build
    kinds: Mapping[str, type] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], tuple[Statement, Reader]] = field(default_factory=dict)

    def first(self, **values: Any) -> M | None:
        database = the_database()
        shape = shape_of(database, values)
        if shape not in self._known:
            self._known[shape] = self._compiled(values)
        statement, read = self._known[shape]
        found: list[M] = read(send(database, statement.sql, statement.filled(values), rows_in))
        return found[0] if found else None

    def _compiled(self, values: Values) -> tuple[Statement, Reader]:
        model, statement = _compiled(self.build, values, self.kinds)
        database = the_database()
        compiler = model._base_manager.order_by().query.get_compiler(connection=database)
        compiler.as_sql()
        columns = (column.target.column for column, *_ in compiler.select)
        statement.sql += f" RETURNING {', '.join(map(database.ops.quote_name, columns))}"
        return statement, reader_of(compiler, is_models=True)


def _compiled(build: Build, values: Values, kinds: Mapping[str, type]) -> tuple[type[Model], Statement]:
    stand_ins = StandIns()
    queryset, written = build(
        **{name: stand_ins.of(name, one, kinds.get(name)) for name, one in values.items()}
    )
    query = cast(UpdateQuery, queryset.order_by().query.chain(UpdateQuery))
    query.add_update_values(written)
    sql, params = query.get_compiler(connection=the_database()).as_sql()
    return queryset.model, Statement.of(sql, params, stand_ins)


@dataclass
class PreparedInsert:
    """Rows of one model written together, each a tuple of values for ``names``; other columns hold their usual value.

    Like ``bulk_create``, without signals and without instances: to make one and to ask each column for its value took
    three quarters of a submission's writing. More than MOST_ROWS are several statements: whoever needs all or none of
    them opens a transaction.
    """

    model: type[Model]
    names: Sequence[str]
    _known: dict[tuple[str, str, int], tuple[str, list[_Make | None]]] = field(default_factory=dict)

    def __call__(self, rows: Sequence[Sequence[Any]]) -> list[int]:
        """The new rows' ids, in their order."""
        ids: list[int] = []
        for start in range(0, len(rows), MOST_ROWS):
            ids += self._write(rows[start : start + MOST_ROWS])
        return ids

    def _write(self, rows: Sequence[Sequence[Any]]) -> list[int]:
        database = the_database()
        shape = (database.alias, database.vendor, len(rows))
        if shape not in self._known:
            self._known[shape] = self._written(len(rows))
        sql, makers = self._known[shape]
        values = [
            value if make is None else make(value, database)
            for row in rows
            for make, value in zip(makers, row, strict=True)
        ]
        return [pk for (pk,) in send(database, sql, values, rows_in)]

    def _written(self, n: int) -> tuple[str, list[_Make | None]]:
        database, meta = the_database(), self.model._meta
        quote = database.ops.quote_name
        by_name = {one.attname: one for one in meta.concrete_fields if not one.primary_key}
        given = [by_name.pop(name) for name in self.names]
        usual = {str(one.column): _literal(one) for one in by_name.values()}
        columns = ", ".join(quote(str(name)) for name in (*(one.column for one in given), *usual))
        row = "(" + ", ".join([*["%s"] * len(given), *usual.values()]) + ")"
        # Only names of our own tables and columns, and their constants, are written into the text.
        sql = (
            f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {', '.join([row] * n)}"  # noqa: S608
            f" RETURNING {quote(str(meta.pk.column))}"
        )
        return with_places(sql), [_maker_of(one) for one in given]


def _literal(one: Field[Any, Any]) -> str:
    """What a column holds that no row says, as SQL: nothing, or no text."""
    if one.null and not one.has_default():
        return "NULL"
    if isinstance(one, CharField | TextField) and one.get_default() == "":
        return "''"
    raise TypeError(f"{one.model.__name__}.{one.attname} has no value that could be left out")


def _maker_of(one: Field[Any, Any]) -> _Make | None:
    if isinstance(one, _AS_THEY_ARE):
        return None
    return one.get_db_prep_save
