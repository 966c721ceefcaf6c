"""JSON objects out of a text, one at a time, whatever holds them together.

One object per line, one list of objects, or pretty-printed objects one after the other: all three are read by the
same incremental decoder, and memory holds one record and one chunk. ``json`` accepts more than JSON (NaN, repeated
keys, numbers that overflow); here those are errors of their record, with the line it starts on.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelLine, Row, TraceDraft
from annotate.ingest.fields import Fields

MAX_RECORD = 16 * 1024 * 1024
_CHUNK = 256 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")
# Where reading goes on after a broken record. What is indented or closes a bracket is still inside one.
_NEXT_RECORD = re.compile(r"\n(?=[^\s\])},])")
# A decoder that runs out of text complains this close to its end (the longest cut literal is "-Infinity")...
_NEAR_END = 10
# ... or at the start of the string that is cut.
_CUT_STRING = "Unterminated string"
# It does not complain of a number that is cut.
_OF_NUMBERS = "0123456789.eE+-"


class _Flaw(ValueError):
    """JSON that parses and still cannot be taken."""


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise _Flaw(f"the key {twice[:60]!r} appears twice in one object")
    return found


def _integer_of(digits: str) -> int:
    # 64 bits is what both databases and most readers of an export can hold.
    if len(digits) > 19 or not -(2**63) <= (number := int(digits)) < 2**63:
        raise _Flaw("a whole number does not fit into 64 bits")
    return number


def _float_of(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Flaw(f"the number {digits[:20]} is too large")
    return number


def _refuse_constant(name: str) -> None:
    raise _Flaw(f"{name} is not JSON; write null for an unknown number")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object_of,
    parse_int=_integer_of,
    parse_float=_float_of,
    parse_constant=_refuse_constant,
)
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


@dataclass(slots=True)
class Record:
    line: int
    value: object


def rows_of_json(
    text: TextIO, draft_of: Callable[[Fields], TraceDraft | LabelLine]
) -> Iterator[Row | BadRow]:
    """Every record through ``draft_of``; what it raises as Rejected becomes a located BadRow."""
    for record in json_records(text):
        if isinstance(record, BadRow):
            yield record
            continue
        try:
            yield Row(record.line, draft_of(Fields.of(record.value)))
        except Rejected as error:
            yield BadRow(record.line, error.field, error.reason)


def json_records(text: TextIO) -> Iterator[Record | BadRow]:
    """The records of a JSON Lines file, a JSON list, or concatenated JSON objects."""
    cursor = _Cursor(text)
    try:
        yield from _list_of(cursor) if cursor.skip("[") else _one_after_another(cursor)
    except Rejected as error:
        yield BadRow(cursor.line, error.field, f"{error.reason}; the rest of the file was not read")


def _one_after_another(cursor: _Cursor) -> Iterator[Record | BadRow]:
    while cursor.peek():
        line = cursor.line
        try:
            yield Record(line, cursor.value())
        except _Flaw as error:
            yield BadRow(line, None, str(error))
        except _Broken as error:
            yield BadRow(line, None, str(error))
            cursor.skip_to_next_record()


def _list_of(cursor: _Cursor) -> Iterator[Record | BadRow]:
    yield from _entries_of(cursor)
    if cursor.peek():
        raise Rejected("there is text after the end of the list")


def _entries_of(cursor: _Cursor) -> Iterator[Record | BadRow]:
    """What stands up to the end of a list whose beginning was passed."""
    if not cursor.skip("]"):
        while True:
            line = cursor.line
            try:
                yield Record(line, cursor.value())
            except _Flaw as error:
                yield BadRow(line, None, str(error))
            except _Broken as error:
                raise Rejected(str(error)) from None
            if cursor.skip("]"):
                break
            if not cursor.skip(","):
                raise Rejected("a comma or the end of the list was expected")


@dataclass(frozen=True, slots=True)
class Member:
    """A field of the object that a whole file is, or with a field that is a list one of its entries."""

    line: int
    key: str
    value: object


def json_members(text: TextIO, spread: Callable[[str], bool]) -> Iterator[Member | BadRow]:
    """The fields of one object that is too large to hold; lists of which ``spread`` says so come entry by entry."""
    cursor = _Cursor(text)
    try:
        yield from _members(cursor, spread)
    except (Rejected, _Broken) as error:
        reason = error.reason if isinstance(error, Rejected) else str(error)
        yield BadRow(cursor.line, None, f"{reason}; the rest of the file was not read")


def _members(cursor: _Cursor, spread: Callable[[str], bool]) -> Iterator[Member | BadRow]:
    if not cursor.skip("{"):
        raise Rejected("an object was expected")
    seen: set[str] = set()
    while not cursor.skip("}"):
        if seen and not cursor.skip(","):
            raise Rejected("a comma or the end of the object was expected")
        key = cursor.value()
        if not isinstance(key, str) or not cursor.skip(":"):
            raise Rejected("a key and a colon were expected")
        if key in seen:
            raise Rejected(f"the key {key[:60]!r} appears twice in one object")
        seen.add(key)
        if spread(key) and cursor.skip("["):
            yield from (
                Member(entry.line, key, entry.value) if isinstance(entry, Record) else entry
                for entry in _entries_of(cursor)
            )
        else:
            line = cursor.line
            try:
                yield Member(line, key, cursor.value())
            except _Flaw as error:
                yield BadRow(line, key[:60], str(error))


class _Broken(Exception):
    """Text that is not JSON: where the record ends is unknown."""


class _Cursor:
    """A place in a text of unknown length, with its line number."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._is_over = False
        self._line = 1
        self._counted = 0

    @property
    def line(self) -> int:
        """1-based line of the place."""
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the text."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._buffer) or not self._read():
                return self._buffer[self._at : self._at + 1]

    def skip(self, character: str) -> bool:
        """Step over ``character`` and the white space around it, if it comes next."""
        if self.peek() != character:
            return False
        self._at += 1
        self.peek()
        return True

    def value(self) -> object:
        """The JSON value at the place. _Flaw: it is passed over; _Broken: the place stays before it."""
        while True:
            begun = self._at
            try:
                value = self._decoded()
                if not self._may_go_on(value):
                    return value
                # Where a chunk ends in the middle of a number, what came of it is another number.
                begun, self._at = self._at, begun
                if not self._read():
                    self._at = begun
                    return value
            except json.JSONDecodeError as error:
                is_cut = error.pos >= len(self._buffer) - _NEAR_END or error.msg.startswith(_CUT_STRING)
                size = len(self._buffer) - self._at
                if is_cut and size > MAX_RECORD:
                    raise _Broken(f"the record is longer than {MAX_RECORD:,} characters") from None
                place = self.line + self._buffer.count("\n", self._at, error.pos)
                if not is_cut or not self._read(max(_CHUNK, size)):
                    raise _Broken(f"this is not JSON: {error.msg} (line {place})") from None
            except RecursionError:
                raise _Broken("the JSON is nested too deeply") from None

    def _may_go_on(self, value: object) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and not self._buffer[self._at :].strip(_OF_NUMBERS)

    def _decoded(self) -> object:
        try:
            value, self._at = _STRICT.raw_decode(self._buffer, self._at)
        except _Flaw:
            # Only a decoder that does not mind can say where the record ends.
            _, self._at = _LENIENT.raw_decode(self._buffer, self._at)
            raise
        return value

    def skip_to_next_record(self) -> None:
        """Move to the next line that starts a record, or to the end."""
        while (found := _NEXT_RECORD.search(self._buffer, self._at)) is None:
            # The last character may be a line feed whose successor is still to be read.
            self._at = max(self._at, len(self._buffer) - 1)
            if not self._read():
                self._at = len(self._buffer)
                return
        self._at = found.end()

    def _read(self, size: int = _CHUNK) -> bool:
        """Read on, forgetting what lies behind; False at the end of the text."""
        more = "" if self._is_over else self._text.read(size)
        self._is_over = not more
        if more:
            self._line = self.line
            self._buffer = self._buffer[self._at :] + more
            self._at = self._counted = 0
        return bool(more)
