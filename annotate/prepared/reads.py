"""Prepared queries that read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators

from .cursor import rows_in, send
from .statement import StandIns, Statement, Values, shape_of, the_database

T = TypeVar("T")
MOST_SHAPES = 200
Reader = Callable[[Iterable[Sequence[Any]]], list[Any]]


@dataclass
class Prepared(Generic[T]):
    """``build`` makes the queryset from values by name; values are whole numbers, texts, moments or lists of them."""

    build: Callable[..., QuerySet[Any]]
    _known: dict[tuple[Any, ...], tuple[Statement, Reader]] = field(default_factory=dict)

    def all(self, **values: Any) -> list[T]:
        database = the_database()
        shape = shape_of(database, values)
        if shape not in self._known:
            if len(self._known) >= MOST_SHAPES:
                self._known.clear()
            self._known[shape] = self._compiled(values)
        statement, read = self._known[shape]
        if not statement.sql:
            return []
        return read(send(database, statement.sql, statement.filled(values), rows_in))

    def first(self, **values: Any) -> T | None:
        """The first row; the queryset should be cut to one."""
        found = self.all(**values)
        return found[0] if found else None

    def _compiled(self, values: Values) -> tuple[Statement, Reader]:
        stand_ins = StandIns()
        queryset = self.build(**{name: stand_ins.of(name, value) for name, value in values.items()})
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise TypeError("a query that prefetches is several, of which one would be asked")
        compiler = queryset.query.get_compiler(connection=the_database())
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            # Django has seen that nothing can be found, such as one among none.
            return Statement("", []), list
        statement = Statement.of(sql, params, stand_ins)
        return statement, reader_of(compiler, is_models=queryset._iterable_class is ModelIterable)


def reader_of(compiler: Any, *, is_models: bool) -> Reader:
    """What makes of rows what the queryset of ``compiler``, which has written its SQL, makes of them."""
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
    database = the_database()
    for place, convert, expression in converters:
        for one in convert:
            row[place] = one(row[place], expression, database)
    return row
