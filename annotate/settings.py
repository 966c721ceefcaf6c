"""Turn a form's or a file's mapping into a strategy's settings, naming the field that is wrong.

A settings class is a frozen dataclass; ranges are checked in its ``__post_init__`` with :func:`require`,
names and types here, so that no strategy repeats it.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from annotate.errors import Rejected

T = TypeVar("T")


def require(condition: bool, field: str, reason: str) -> None:
    """Raise ``Rejected`` for ``field`` unless the condition holds."""
    if not condition:
        raise Rejected(reason, field=field)


def build_settings(cls: type[T], values: Mapping[str, Any]) -> T:
    """An instance of the dataclass ``cls``; ``Rejected`` names an unknown, missing or ill-typed field."""
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise Rejected(
                f"is not a setting here; known are {', '.join(fields)}.",
                field=str(name),
            )
    hints: dict[str, Any] = _hints_of(cast(Any, cls))
    given = {name: _converted(name, value, hints[name]) for name, value in values.items()}
    for name, spec in fields.items():
        is_optional = (
            spec.default is not dataclasses.MISSING or spec.default_factory is not dataclasses.MISSING
        )
        require(name in given or is_optional, name, "is missing.")
    return cls(**given)


@cache
def _hints_of(cls: Any) -> dict[str, Any]:
    """Read once: the hints are texts, and each is compiled to be read."""
    return get_type_hints(cls)


def _converted(name: str, value: Any, hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is Literal:
        choices = get_args(hint)
        require(value in choices, name, f"must be one of {', '.join(map(str, choices))}.")
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        require(isinstance(value, list | tuple), name, "must be a list of texts.")
        require(
            all(isinstance(part, str) for part in value),
            name,
            "must be a list of texts.",
        )
        return tuple(value)
    return _SCALARS[hint](name, value)


def _whole(name: str, value: Any) -> int:
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    require(is_whole and not isinstance(value, bool), name, "must be a whole number.")
    return int(value)


def _number(name: str, value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    require(is_number and math.isfinite(value), name, "must be a finite number.")
    return float(value)


def _yes_no(name: str, value: Any) -> bool:
    require(isinstance(value, bool), name, "must be true or false.")
    return bool(value)


def _text(name: str, value: Any) -> str:
    require(isinstance(value, str), name, "must be a text.")
    return str(value)


_SCALARS: dict[Any, Callable[[str, Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _yes_no,
    str: _text,
}
