"""Read the fields of one row; whatever is wrong with one is said with its path ("steps[3].text")."""

from __future__ import annotations

import math
from collections.abc import Iterator
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Self, TypeVar

from annotate.errors import Rejected

MAX_TEXT = 1_000_000
MAX_NAME = 200
MAX_DEPTH = 32

_Choice = TypeVar("_Choice", bound=StrEnum)


class Fields:
    """One JSON object of a row and the path it stands at."""

    __slots__ = ("_fields", "_path")

    def __init__(self, fields: dict[str, Any], path: str = "") -> None:
        self._fields = fields
        self._path = path

    @classmethod
    def of(cls, value: object, path: str = "") -> Self:
        """Raises Rejected unless ``value`` is a JSON object."""
        if not isinstance(value, dict):
            raise Rejected(f"must be an object, not {kind_of(value)}", field=path or None)
        return cls(value, path)

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def has(self, name: str) -> bool:
        """Whether the field says anything: null is the same as not there."""
        return self._fields.get(name) is not None

    def raw(self, name: str) -> Any:
        return self._fields.get(name)

    def items_of(self) -> Iterator[tuple[str, Any]]:
        """Every field with its value."""
        return iter(self._fields.items())

    def rest(self, known: frozenset[str]) -> dict[str, Any]:
        """The fields beside the known ones, kept as they are. Raises Rejected for what cannot be stored."""
        kept = {name: value for name, value in self._fields.items() if name not in known}
        check_plain(kept, self._path)
        return kept

    def refuse_unknown(self, known: frozenset[str]) -> None:
        """A misspelt field would be lost in silence."""
        for name in self._fields.keys() - known:
            close = get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise Rejected(f"is not a field of this format{hint}", field=self.path(_shown(name)))

    def text(self, name: str, *, limit: int = MAX_TEXT) -> str:
        """A string that holds more than white space."""
        if name not in self._fields:
            raise Rejected("is missing", field=self.path(name))
        value = clean_text(self._fields[name], self.path(name), limit=limit)
        if not value.strip():
            raise Rejected("is empty", field=self.path(name))
        return value

    def optional_text(self, name: str, *, limit: int = MAX_TEXT) -> str | None:
        value = self._fields.get(name)
        return None if value is None else clean_text(value, self.path(name), limit=limit)

    def name(self, name: str) -> str:
        """A short string on one line: an id, a name."""
        return one_line(self.text(name, limit=MAX_NAME), self.path(name))

    def optional_name(self, name: str) -> str:
        return self.name(name) if self.has(name) else ""

    def integer(self, name: str) -> int:
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Rejected(f"must be a whole number, not {kind_of(value)}", field=self.path(name))
        return value

    def flag(self, name: str) -> bool | None:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise Rejected(f"must be true or false, not {kind_of(value)}", field=self.path(name))
        return value

    def seconds(self, name: str) -> float | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise Rejected("must be a number of seconds, 0 or more", field=self.path(name))
        return float(value)

    def choice(self, name: str, choices: type[_Choice], default: _Choice) -> _Choice:
        value = self._fields.get(name)
        return default if value is None else one_of(value, choices, self.path(name))

    def fields(self, name: str) -> Fields:
        if not self.has(name):
            raise Rejected("is missing", field=self.path(name))
        return Fields.of(self._fields[name], self.path(name))

    def list(self, name: str) -> list[Any]:
        """Raises Rejected unless it is a list."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            raise Rejected(f"must be a list, not {kind_of(value)}", field=self.path(name))
        return value

    def items(self, name: str) -> Iterator[tuple[str, Any]]:
        """The entries of a list with their paths. Raises Rejected unless it is a list."""
        path = self.path(name)
        return ((f"{path}[{place}]", entry) for place, entry in enumerate(self.list(name)))

    def meta(self, name: str) -> dict[str, Any]:
        """A free object, kept as it is."""
        value = self._fields.get(name)
        if value is None:
            return {}
        path = self.path(name)
        checked = Fields.of(value, path)
        check_plain(checked._fields, path)
        return checked._fields


def clean_text(value: object, path: str, *, limit: int = MAX_TEXT) -> str:
    """``value`` as a string that both databases and UTF-8 can hold."""
    if not isinstance(value, str):
        raise Rejected(f"must be a string, not {kind_of(value)}", field=path)
    if len(value) > limit:
        raise Rejected(f"has {len(value):,} characters; {limit:,} are allowed", field=path)
    if "\x00" in value:
        raise Rejected("holds a NUL character, which PostgreSQL cannot store", field=path)
    if not is_unicode(value):
        place = next(place for place, character in enumerate(value) if "\ud800" <= character <= "\udfff")
        raise Rejected(
            f"character {place + 1} is not Unicode: bytes that are not UTF-8, or half a pair", field=path
        )
    return value


def is_unicode(value: str) -> bool:
    """Whether UTF-8 can hold ``value``: no half of a pair, which is also how bytes that are no UTF-8 are read."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_line(value: str, path: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise Rejected("must be one line of visible characters without space around it", field=path)
    return value


def name_or_nothing(value: object, path: str) -> str:
    """A name that somebody may have left out, or given as something else; Rejected where it cannot be stored."""
    if not isinstance(value, str) or not value.strip():
        return ""
    return one_line(clean_text(value, path, limit=MAX_NAME), path)


def one_of(value: object, choices: type[_Choice], path: str) -> _Choice:
    if isinstance(value, str) and value in choices._value2member_map_:
        return choices(value)
    raise Rejected(f"must be one of {', '.join(choices)}", field=path)


def kind_of(value: object) -> str:
    """The JSON word for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    words = {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}
    return words.get(type(value), type(value).__name__)


def check_plain(value: object, path: str, depth: int = MAX_DEPTH) -> None:
    """Raises Rejected unless every string in ``value`` can be stored and its nesting is modest."""
    if isinstance(value, str):
        clean_text(value, path)
    elif isinstance(value, dict | list) and depth == 0:
        raise Rejected(f"is nested more than {MAX_DEPTH} deep", field=path[:MAX_NAME])
    elif isinstance(value, dict):
        for key, inner in value.items():
            clean_text(key, f"{path}.{_shown(key)}")
            check_plain(inner, f"{path}.{_shown(key)}", depth - 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            check_plain(inner, f"{path}[{place}]", depth - 1)


def _shown(name: str) -> str:
    """A field name from outside, safe to print."""
    return name[:60] if name.isprintable() else ascii(name[:60])[1:-1]
