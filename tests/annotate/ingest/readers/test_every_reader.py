"""What every reader keeps: it knows its own files, names what it heeds, and survives any value at any place."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.options import ReadOptions
from annotate.ingest.readers import READERS, reader_for, reader_named
from annotate.ingest.source import Source
from annotate.ingest.splitting import SplitMode
from tests.annotate.ingest.readers.examples import RECORDS, inspect_archive
from tests.annotate.ingest.readers.reading import read, written

STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**12, 0.5, "", " ", "x", "\ud800", "\x00", "a" * 300, "[", "{}"),
    *([], [[]], [None], ["x"], [{}], {}, {"x": 1}, {"type": "text"}, {"0": "x"}),
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if way:
        yield way
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, inner in entries:
        yield from places(inner, (*way, name))


def changed(record: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    new = copy.deepcopy(record)
    inner: Any = new
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = value
    return new


@pytest.mark.parametrize("name", list(RECORDS))
def test_file_is_known_by_what_it_holds(tmp_path: Path, name: str) -> None:
    found, rows = read(written(tmp_path, RECORDS[name](), name="no-name"))
    assert found == name
    assert all(isinstance(row, Row) for row in rows), rows
    assert len(rows) == 1


@pytest.mark.parametrize("name", [name for name in RECORDS if name != "inspect_ai"])
def test_dirt_at_the_top_does_not_make_a_file_unknown(tmp_path: Path, name: str) -> None:
    """But for logs, which are one object."""
    found, rows = read(written(tmp_path, "{broken\n" + json.dumps(RECORDS[name]()) + "\n"))
    assert found == name
    assert [type(row) for row in rows] == [BadRow, Row]


def test_every_reader_has_an_example_and_a_title() -> None:
    assert set(READERS) == {*RECORDS, "text"}
    assert all(reader.title and reader.heeds <= set(ReadOptions.__slots__) for reader in READERS.values())


@pytest.mark.parametrize("name", list(RECORDS))
def test_any_value_at_any_place_is_a_row_or_an_error_of_the_row(tmp_path: Path, name: str) -> None:
    """No reader falls over what it is given: it makes a row of it, or says what is wrong."""
    record = RECORDS[name]()
    records = [changed(record, way, value) for way in places(record) for value in STRANGE]
    if name == "spans":
        # Spans of one trace belong together.
        records = [json.loads(json.dumps(one).replace("aa11", f"t{n}")) for n, one in enumerate(records)]
    path = written(tmp_path, *records) if name != "inspect_ai" else None
    found: list[Row | BadRow] = []
    if path is not None:
        found = read(path, name)[1]
    else:
        for one in records:
            found += read(written(tmp_path, one), name)[1]
    for row in found:
        assert isinstance(row, Row) or row.reason
        if isinstance(row, Row) and isinstance(row.draft, TraceDraft):
            assert row.draft.steps
            assert all(step.text.strip() and 0 <= step.tail <= len(step.text) for step in row.draft.steps)
            assert all(label.position is None or label.position >= 0 for label in row.draft.labels)
    assert any(isinstance(row, BadRow) for row in found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"alpha": 1, "beta": 2}', "its first record holds alpha, beta"),
        ("", "it holds no record"),
        ("[]", "it holds no record"),
        ("alpha,beta\n1,2\n", "its first record holds alpha, beta"),
    ],
)
def test_file_of_no_format_is_refused_with_what_it_holds(tmp_path: Path, text: str, reason: str) -> None:
    path = written(tmp_path, text)
    with Source(path) as source, pytest.raises(Rejected, match=reason) as caught:
        reader_for(source)
    assert caught.value.field == "format"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"problem": "a", "problem": "b"}\n', "line 1: the key 'problem' appears twice"),
        ('{"problem": NaN}', "line 1: NaN is not JSON"),
        ('[{"problem": 1e999}]', "line 1: the number 1e999 is too large"),
        ("{broken\n", "line 1: this is not JSON"),
        (gzip.compress(b"[" + b" " * 70 * 2**20), "the gzip data expands more than 100 times"),
        ("a,b,a\n1,2,3\n", "line 1: the header names a column twice"),
    ],
)
def test_file_without_one_good_record_is_refused_with_the_reason(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with Source(written(tmp_path, text)) as source, pytest.raises(Rejected, match=reason) as caught:
        reader_for(source)
    assert caught.value.field == "format"


def test_option_that_a_format_has_no_use_for_is_refused() -> None:
    with pytest.raises(Rejected, match="processbench has no use for it") as caught:
        ReadOptions(split=SplitMode.LINES).check(reader_named("processbench").heeds, "processbench")
    assert caught.value.field == "split"
    with pytest.raises(Rejected) as caught:
        ReadOptions(columns={"problem": "q"}).check(reader_named("text").heeds, "text")
    assert caught.value.field == "map"


def test_mapping_chooses_a_reader_that_maps(tmp_path: Path) -> None:
    row = {"prompt": "2 + 3?", "completions": ["Add."], "labels": [True]}
    options = ReadOptions(columns={"problem": "prompt", "steps": "completions"})
    assert read(written(tmp_path, row), options=options)[0] == "table"


def test_archive_of_inspect_is_known(tmp_path: Path) -> None:
    assert read(written(tmp_path, inspect_archive()))[0] == "inspect_ai"
    name, (row,) = read(written(tmp_path, inspect_archive()), "jsonl")
    assert isinstance(row, BadRow)
    assert (name, "zip archive" in row.reason) == ("jsonl", True)
