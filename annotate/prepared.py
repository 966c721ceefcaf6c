"""Queries of one shape, asked again and again: Django writes the SQL of each once.

To build a query and turn it into SQL costs Django several times what the database needs to look a row up by its key,
and a turn at the labelling page asks two dozen of them. A prepared one is built and compiled the first time, with
stand-ins where the values go, and sent with other values from then on. PostgreSQL keeps its plan as well, where the
connection's ``prepare_threshold`` allows.

What comes back is what the queryset would have given: instances with their related rows and annotations, or tuples.
The conditions must not depend on the values: a filter that is there for some and not for others is two queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import UpdateQuery

T = TypeVar("T")
M = TypeVar("M", bound=Model)
# Values by name; a list stands for an IN of as many.
Values = dict[str, Any]
MOST_SHAPES = 200
# Databases take some ten thousand values in one statement at most; a label has about twenty.
MOST_ROWS = 100
_TEXT = "\ue0ff"


class StandIns:
    """Values that no query holds by itself, handed out to find again where they end up in the SQL."""

    def __init__(self) -> None:
        self.names: dict[Any, tuple[str, int | None]] = {}

    def of(self, name: str, value: Any, kind: type | None = None) -> Any:
        if isinstance(value, list | tuple):
            return [self._one(name, place, type(one)) for place, one in enumerate(value)]
        return self._one(name, None, kind or type(value))

    def _one(self, name: str, place: int | None, kind: type) -> Any:
        number = len(self.names)
        stand_in: Any
        if kind is int:
            stand_in = 2_140_000_000 + number
        elif kind is float:
            stand_in = 1e300 * (1 + number)
        elif kind is datetime:
            stand_in = datetime(1907, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        elif issubclass(kind, str):
            stand_in = f"{_TEXT}{number}"
        else:
            # True and False make two queries, and what may be unknown needs its kind said.
            raise TypeError(f"{name}: there is no stand-in for a value of the kind {kind.__name__}")
        key = (
            connection.ops.adapt_datetimefield_value(stand_in) if isinstance(stand_in, datetime) else stand_in
        )
        self.names[key] = (name, place)
        return stand_in


@dataclass(slots=True)
class _Statement:
    """``holes``: for each parameter its value, or whose it is and what makes it one the database takes."""

    sql: str
    holes: list[tuple[str | None, int | None, Any]]
    read: Callable[[Iterable[Sequence[Any]]], list[Any]] = list

    @classmethod
    def of(cls, sql: str, params: Sequence[Any], stand_ins: StandIns) -> _Statement:
        holes: list[tuple[str | None, int | None, Any]] = []
        for param in params:
            known = stand_ins.names.get(param) if param.__hash__ else None
            holes.append((None, None, param) if known is None else (*known, _maker_of(param)))
        missing = {name for name, _ in stand_ins.names.values()} - {name for name, _, _ in holes}
        if missing:
            raise TypeError(f"the query holds no {', '.join(sorted(missing))}")
        return cls(sql, holes)

    def filled(self, values: Values) -> tuple[Any, ...]:
        return tuple(
            given if name is None else _made(given, values[name] if place is None else values[name][place])
            for name, place, given in self.holes
        )


def _made(maker: Any, value: Any) -> Any:
    return value if value is None or maker is None else maker(value)


def _maker_of(param: Any) -> Callable[[Any], Any] | None:
    """What makes a value like ``param``: PostgreSQL's driver has a class for each width of a whole number."""
    if isinstance(param, int):
        return None if type(param) is int else type(param)
    # A moment is handed over as text by SQLite, and as it is otherwise.
    if isinstance(param, str) and not param.startswith(_TEXT):
        return connection.ops.adapt_datetimefield_value
    return None


@dataclass
class Prepared(Generic[T]):
    """``build`` makes the queryset from values by name; values are whole numbers, texts, moments or lists of them."""

    build: Callable[..., QuerySet[Any]]
    _known: dict[tuple[Any, ...], _Statement] = field(default_factory=dict)

    def all(self, **values: Any) -> list[T]:
        statement = self._statement(values)
        if not statement.sql:
            return []
        with _cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            rows = cursor.fetchall()
        return statement.read(rows)

    def first(self, **values: Any) -> T | None:
        """The first row; the queryset should be cut to one."""
        return next(iter(self.all(**values)), None)

    def _statement(self, values: Values) -> _Statement:
        shape = _shape_of(values)
        if shape not in self._known:
            if len(self._known) >= MOST_SHAPES:
                self._known.clear()
            self._known[shape] = self._compiled(values)
        return self._known[shape]

    def _compiled(self, values: Values) -> _Statement:
        stand_ins = StandIns()
        queryset = self.build(**{name: stand_ins.of(name, value) for name, value in values.items()})
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise TypeError("a query that prefetches is several, of which one would be asked")
        compiler = queryset.query.get_compiler(connection=connection)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            # Django has seen that nothing can be found, such as one among none.
            return _Statement("", [])
        statement = _Statement.of(sql, params, stand_ins)
        statement.read = _reader_of(compiler, is_models=queryset._iterable_class is ModelIterable)
        return statement


@dataclass
class PreparedUpdate:
    """``build`` makes the queryset and what is to be written to its rows, from values by name.

    ``kinds`` are those of values that may be None.
    """

    build: Callable[..., tuple[QuerySet[Any], dict[str, Any]]]
    kinds: Mapping[str, type] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], _Statement] = field(default_factory=dict)

    def __call__(self, **values: Any) -> int:
        """How many rows there were."""
        shape = _shape_of(values)
        if shape not in self._known:
            self._known[shape] = self._compiled(values)
        statement = self._known[shape]
        with _cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values))
            return int(cursor.rowcount)

    def _compiled(self, values: Values) -> _Statement:
        stand_ins = StandIns()
        queryset, written = self.build(
            **{name: stand_ins.of(name, one, self.kinds.get(name)) for name, one in values.items()}
        )
        query = cast(UpdateQuery, queryset.order_by().query.chain(UpdateQuery))
        query.add_update_values(written)
        sql, params = query.get_compiler(connection=connection).as_sql()
        return _Statement.of(sql, params, stand_ins)


@dataclass
class PreparedInsert(Generic[M]):
    """Rows of one model written together, whose ids they then have; like ``bulk_create``, without signals.

    More than MOST_ROWS are several statements: whoever needs all or none of them opens a transaction.
    """

    model: type[M]
    _known: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def __call__(self, rows: Sequence[M]) -> None:
        for start in range(0, len(rows), MOST_ROWS):
            self._write(rows[start : start + MOST_ROWS])

    def _write(self, rows: Sequence[M]) -> None:
        columns = [one for one in self.model._meta.concrete_fields if not one.primary_key]
        shape = (connection.alias, connection.vendor, len(rows))
        if shape not in self._known:
            self._known[shape] = self._written(columns, len(rows))
        values = [
            column.get_db_prep_save(column.pre_save(row, add=True), connection)
            for row in rows
            for column in columns
        ]
        with _cursor() as cursor:
            cursor.execute(self._known[shape], values)
            for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
                row.pk, row._state.adding, row._state.db = pk, False, connection.alias

    def _written(self, columns: Sequence[Field[Any, Any]], n: int) -> str:
        quote = connection.ops.quote_name
        names = ", ".join(quote(str(one.column)) for one in columns)
        places = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * n)
        meta = self.model._meta
        # Only names of our own tables and columns are written into the text.
        return f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES {places} RETURNING {quote(str(meta.pk.column))}"  # noqa: S608


def _shape_of(values: Values) -> tuple[Any, ...]:
    """What decides how the SQL looks: the database, which values there are, and how many of what may be several."""
    many = (len(value) if isinstance(value, list | tuple) else -1 for value in values.values())
    return (connection.alias, connection.vendor, *values, *many)


def _reader_of(compiler: Any, *, is_models: bool) -> Callable[[Iterable[Sequence[Any]]], list[Any]]:
    columns = [column for column, *_ in compiler.select[: compiler.col_count]]
    converters = tuple(
        (place, tuple(convert), expression)
        for place, (convert, expression) in compiler.get_converters(columns).items()
    )

    def converted(rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        if not converters:
            return rows
        return [_converted(list(row), converters) for row in rows]

    if not is_models:
        return lambda rows: [tuple(row) for row in converted(rows)]
    about, alias = compiler.klass_info, compiler.using
    model: type[Model] = about["model"]
    start, stop = about["select_fields"][0], about["select_fields"][-1] + 1
    names = [column.target.attname for column in columns[start:stop]]
    populators = get_related_populators(about, compiler.select, alias)  # type: ignore[call-arg] # as of 5.2
    annotations = tuple(compiler.annotation_col_map.items())

    def instances(rows: Iterable[Sequence[Any]]) -> list[Any]:
        found = []
        for row in converted(rows):
            one = model.from_db(alias, names, row[start:stop])
            for populator in populators:
                populator.populate(row, one)
            for name, place in annotations:
                setattr(one, name, row[place])
            found.append(one)
        return found

    return instances


def _converted(row: list[Any], converters: Sequence[tuple[int, Sequence[Any], Any]]) -> list[Any]:
    for place, convert, expression in converters:
        for one in convert:
            row[place] = one(row[place], expression, connection)
    return row


@contextmanager
def _cursor() -> Iterator[Any]:
    if connection.vendor == "postgresql":
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        with connection.wrap_database_errors:
            raw = _planning_cursor()(connection.connection)
            with connection._prepare_cursor(raw) as cursor:  # type: ignore[attr-defined]
                yield cursor
    else:
        with connection.cursor() as cursor:
            yield cursor


@cache
def _planning_cursor() -> type[Any]:
    """Django's own cursor writes the values into the text, which PostgreSQL then has to plan anew each time."""
    from psycopg import Cursor

    class PlanningCursor(Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
            # Does nothing more than sending them apart where the connection has no prepare_threshold.
            super().execute(query, params, prepare=True)
            # What Django shows when it logs queries; the driver forgets the text of what was planned before.
            self._query = self._query or cast(Any, SimpleNamespace(query=query.encode()))
            return self

    return PlanningCursor
