"""SQL with holes in it, and the stand-ins by which the holes are found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Values by name; a list stands for an IN of as many.
Values = dict[str, Any]
_TEXT = "\ue0ff"
_PLACE = re.compile(r"%([s%])")


def the_database() -> BaseDatabaseWrapper:
    """What ``django.db.connection`` looks up anew each time something of it is asked for."""
    return connections[DEFAULT_DB_ALIAS]


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
            the_database().ops.adapt_datetimefield_value(stand_in)
            if isinstance(stand_in, datetime)
            else stand_in
        )
        self.names[key] = (name, place)
        return stand_in


@dataclass(slots=True)
class Statement:
    """``holes``: for each parameter its value, or whose it is and what makes it one the database takes."""

    sql: str
    holes: list[tuple[str | None, int | None, Any]]

    @classmethod
    def of(cls, sql: str, params: Sequence[Any], stand_ins: StandIns) -> Statement:
        holes: list[tuple[str | None, int | None, Any]] = []
        for param in params:
            known = stand_ins.names.get(param) if param.__hash__ else None
            holes.append((None, None, param) if known is None else (*known, _maker_of(param)))
        missing = {name for name, _ in stand_ins.names.values()} - {name for name, _, _ in holes}
        if missing:
            raise TypeError(f"the query holds no {', '.join(sorted(missing))}")
        return cls(with_places(sql), holes)

    def filled(self, values: Values) -> list[Any]:
        return [
            given if name is None else _made(given, values[name] if place is None else values[name][place])
            for name, place, given in self.holes
        ]


def with_places(sql: str) -> str:
    """The SQL as :mod:`cursor` sends it: PostgreSQL's own ``$1``, which its driver need not look for each time."""
    if the_database().vendor != "postgresql":
        return sql
    number = count(1)
    return _PLACE.sub(lambda found: "%" if found[1] == "%" else f"${next(number)}", sql)


def shape_of(database: BaseDatabaseWrapper, values: Values) -> tuple[Any, ...]:
    """What decides how the SQL looks: the database, which values there are, and how many of what may be several."""
    many = [len(value) if type(value) in (list, tuple) else -1 for value in values.values()]
    return (database.alias, database.vendor, *values, *many)


def _made(maker: Any, value: Any) -> Any:
    return value if value is None or maker is None else maker(value)


def _maker_of(param: Any) -> Callable[[Any], Any] | None:
    """What makes a value like ``param``: PostgreSQL's driver has a class for each width of a whole number."""
    if isinstance(param, int):
        return None if type(param) is int else type(param)
    # A moment is handed over as text by SQLite, and as it is otherwise.
    if isinstance(param, str) and not param.startswith(_TEXT):
        return the_database().ops.adapt_datetimefield_value
    return None
