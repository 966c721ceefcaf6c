from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.ingest import json_records
from annotate.ingest.drafts import BadRow

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), PLAIN, max_size=4), max_size=6)


class Trickle(io.StringIO):
    """A file that hands out a few characters at a time, so that every cut happens."""

    def read(self, size: int | None = -1) -> str:
        return super().read(3)


def read(text: str, *, source: type[io.StringIO] = io.StringIO) -> list[Any]:
    return [
        row if isinstance(row, BadRow) else row.value
        for row in json_records.json_records(source(text, newline=""))
    ]


def bad(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in read(text) if isinstance(row, BadRow)]


@given(OBJECTS, st.sampled_from([None, 2]))
def test_every_layout_gives_the_same_records(objects: list[dict[str, Any]], indent: int | None) -> None:
    written = [json.dumps(entry, indent=indent, ensure_ascii=False) for entry in objects]
    assert read("\n".join(written), source=Trickle) == objects
    assert read(json.dumps(objects, indent=indent), source=Trickle) == objects
    assert read("".join(written)) == objects


def test_records_name_the_line_they_start_on() -> None:
    rows = json_records.json_records(io.StringIO('\n{"a":\n1}\n\n{"b": 2}\n'))
    assert [row.line for row in rows] == [2, 5]


def test_broken_line_costs_one_row() -> None:
    text = '{"a": 1}\n{"a": \n{"a": 2}\nnot json\n{"a": "cut\n{"a": 3}\n'
    assert [row for row in read(text) if not isinstance(row, BadRow)] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert [line for line, _ in bad(text)] == [2, 4, 5]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"a": 1, "a": 2}', "appears twice"),
        ('{"a": {"b": [{"c": 1, "c": 1}]}}', "'c' appears twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": -Infinity}', "not JSON"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 99999999999999999999}', "64 bits"),
        ('{"a": ' + "9" * 5000 + "}", "64 bits"),
    ],
)
def test_flaw_costs_its_record_in_every_layout(record: str, reason: str) -> None:
    for text in (f'{{"x": 1}}\n{record}\n{{"y": 2}}', f'[{{"x": 1}},\n{record},\n{{"y": 2}}]'):
        first, flaw, last = read(text)
        assert (first, last) == ({"x": 1}, {"y": 2})
        assert flaw.line == 2
        assert reason in flaw.reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[{"a": 1},\n{"b": }]', 2, "not JSON"),
        ('[{"a": 1}\n{"b": 2}]', 2, "comma"),
        ('[{"a": 1}]\nmore', 2, "after the end"),
        ('[{"a": 1},', 1, "not JSON"),
        ("[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_broken_list_says_where_reading_stopped(text: str, line: int, reason: str) -> None:
    (found,) = bad(text)
    assert found[0] == line
    assert reason in found[1]
    assert "rest of the file was not read" in found[1]


def test_deep_line_costs_one_row() -> None:
    assert read('{"a":' * 100_000 + '\n{"b": 1}')[1:] == [{"b": 1}]


def test_record_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "MAX_RECORD", 1000)
    rows = read('{"a": "' + "x" * 600_000 + '"}\n{"b": 1}')
    assert "longer than 1,000" in rows[0].reason
    assert rows[1:] == [{"b": 1}]


def test_empty_file_has_no_records() -> None:
    assert read("") == read(" \n\n") == read("[]") == []


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=5), st.sampled_from((None, 1)), st.booleans())
def test_members_are_the_object_with_its_lists_spread(
    record: dict[str, Any], indent: int | None, is_spread: bool
) -> None:
    found = list(json_records.json_members(Trickle(json.dumps(record, indent=indent)), lambda key: is_spread))
    expected = [
        (key, entry)
        for key, value in record.items()
        for entry in (value if is_spread and isinstance(value, list) else [value])
    ]
    assert [(one.key, one.value) for one in found if isinstance(one, json_records.Member)] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "an object was expected"),
        ('{"a": 1', "the end of the object was expected"),
        ('{"a" 1}', "a key and a colon"),
        ("{1: 2}", "a key and a colon"),
        ('{"a": 1, "a": 2}', "appears twice"),
        ('{"a": [1, 2', "the end of the list was expected"),
        ('{"a": [1, {"b": ', "not JSON"),
        ("", "an object was expected"),
    ],
)
def test_members_of_a_broken_object_end_with_what_is_wrong(text: str, reason: str) -> None:
    last = list(json_records.json_members(io.StringIO(text), lambda key: True))[-1]
    assert isinstance(last, BadRow)
    assert reason in last.reason
    assert "the rest of the file was not read" in last.reason


def test_member_that_cannot_be_taken_costs_itself_alone() -> None:
    first, second = json_records.json_members(io.StringIO('{"a": NaN, "b": 1}'), lambda key: True)
    assert isinstance(first, BadRow)
    assert first.field == "a"
    assert isinstance(second, json_records.Member)
