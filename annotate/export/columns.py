"""The columns of a release's tables in Croissant's words, as read from the files themselves (pure, but for that)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

# A column's type: one of Croissant's words, a list of a type, or the fields of an object.
Kind = str | list[Any] | dict[str, Any]
# Lists or objects in one row and something else in another: Croissant has no type for it.
MIXED = "mixed"
TEXT = "sc:Text"
_NUMBERS = {"sc:Integer", "sc:Float"}
_WORDS = {bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")


def columns_of(file: Path) -> dict[str, Kind]:
    """Every column by name. All of a file is looked at: what came in its last row alone is read from it too."""
    return _parquet_columns(file) if file.suffix == ".parquet" else _json_columns(file)


def _json_columns(file: Path) -> dict[str, Kind]:
    found: dict[str, Kind | None] = {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            for name, value in json.loads(line).items():
                found[name] = _merged(found.get(name), _kind_of(value))
    return {name: _known(kind) for name, kind in found.items()}


def _kind_of(value: object) -> Kind | None:
    if value is None:
        return None
    if isinstance(value, list):
        inner: Kind | None = None
        for one in value:
            inner = _merged(inner, _kind_of(one))
        return [inner]
    if isinstance(value, dict):
        return {name: _kind_of(one) for name, one in value.items()}
    if isinstance(value, str):
        return "sc:DateTime" if _TIME.fullmatch(value) else TEXT
    return _WORDS[type(value)]


def _merged(one: Any, other: Any) -> Any:
    """What holds both: a whole number is a number, an object has the fields of both, other words are text."""
    if one is None or other is None or one == other:
        return one if other is None else other
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0], other[0])]
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _merged(one.get(name), other.get(name)) for name in [*one, *other]}
    if not isinstance(one, str) or not isinstance(other, str) or MIXED in (one, other):
        return MIXED
    return "sc:Float" if {one, other} == _NUMBERS else TEXT


def _known(kind: Any) -> Kind:
    """A column that is null wherever one looks is written as text."""
    if isinstance(kind, list):
        return [_known(kind[0])]
    if isinstance(kind, dict):
        return {name: _known(inner) for name, inner in kind.items()}
    return str(kind or TEXT)


def _parquet_columns(file: Path) -> dict[str, Kind]:
    import pyarrow.parquet

    return {field.name: _arrow_kind(field.type) for field in pyarrow.parquet.read_schema(file)}


def _arrow_kind(kind: Any) -> Kind:
    from pyarrow import types

    if types.is_list(kind):
        return [_arrow_kind(kind.value_type)]
    if types.is_struct(kind):
        return {kind.field(i).name: _arrow_kind(kind.field(i).type) for i in range(kind.num_fields)}
    if types.is_boolean(kind):
        return "sc:Boolean"
    if types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if types.is_floating(kind) else TEXT
