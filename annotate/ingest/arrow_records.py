"""Rows of Parquet and Arrow files as records of plain JSON values. Some rows are in memory at a time.

The ClassLabel feature of ``datasets`` keeps numbers and, beside the table, their names: the names are what is read.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow
from annotate.ingest.fields import MAX_DEPTH
from annotate.ingest.image_header import read_header
from annotate.ingest.json_records import MAX_RECORD, Record
from annotate.ingest.source import EXPANSION_FREE_BYTES

# Dictionaries and runs make honest tables small: a column of one value shrinks by thousands, one of texts does not.
MAX_EXPANSION = 1000
_ROWS = 32
# Without it a whole column of a row group is read at once, and a row group may be the whole file.
_BUFFER = 1 << 20
_LARGEST = 2**63


def parquet_records(path: Path) -> Iterator[Record | BadRow]:
    """Every row, numbered from 1. Raises Rejected for what is no Parquet file or unfolds out of proportion."""
    pyarrow = _pyarrow()
    try:
        with import_module("pyarrow.parquet").ParquetFile(
            path, memory_map=False, pre_buffer=False, buffer_size=_BUFFER
        ) as file:
            groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
            size = sum(group.total_byte_size for group in groups)
            if size > EXPANSION_FREE_BYTES and size > MAX_EXPANSION * path.stat().st_size:
                raise Rejected(f"the table expands more than {MAX_EXPANSION} times")
            yield from _records(file.iter_batches(batch_size=_ROWS, use_threads=False))
    except (pyarrow.ArrowException, OSError) as error:
        raise Rejected(f"this Parquet file cannot be read: {_first_line(error)}") from None


def arrow_records(path: Path) -> Iterator[Record | BadRow]:
    """Every row of an Arrow file or stream (as ``datasets`` saves them), numbered from 1."""
    pyarrow = _pyarrow()
    ipc = import_module("pyarrow.ipc")
    try:
        with path.open("rb") as file:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            if is_file:
                reader = ipc.open_file(file)
                batches: Any = (reader.get_batch(number) for number in range(reader.num_record_batches))
            else:
                batches = ipc.open_stream(file)
            yield from _records(
                batch.slice(start, _ROWS) for batch in batches for start in range(0, batch.num_rows, _ROWS)
            )
    except (pyarrow.ArrowException, OSError) as error:
        raise Rejected(f"this Arrow file cannot be read: {_first_line(error)}") from None


def _records(batches: Iterator[Any]) -> Iterator[Record | BadRow]:
    number = 0
    classes: Mapping[str, Sequence[Any]] | None = None
    for batch in batches:
        if batch.nbytes > MAX_RECORD * _ROWS:
            raise Rejected(f"{batch.num_rows} rows after row {number} are larger than {batch.nbytes:,} bytes")
        if classes is None:
            classes = _classes(batch.schema.metadata)
        for row in batch.to_pylist():
            number += 1
            try:
                cells = {name: plain(value, name) for name, value in row.items()}
                names = {name: _named(cells[name], classes[name]) for name in classes if name in cells}
                yield Record(number, cells | names)
            except Rejected as error:
                yield BadRow(number, error.field, error.reason)


def _classes(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Sequence[Any]]:
    """The columns of classes and their names, as ``datasets`` writes them beside a table."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return {
            name: feature["names"]
            for name, feature in features.items()
            if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
        }
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return {}


def _named(value: Any, names: Sequence[Any]) -> Any:
    """-1 is a class that is not known."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    name = names[value] if 0 <= value < len(names) else None
    return name if isinstance(name, str) else None


def plain(value: Any, path: str, depth: int = MAX_DEPTH) -> Any:
    """A cell as JSON would hold it. What is not a number says nothing; an image becomes a data URI.

    Raises Rejected with the path for bytes that are no image, and what fits into no JSON.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise Rejected("a whole number does not fit into 64 bits", field=path)
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else _finite(value, path)
    if depth == 0:
        raise Rejected(f"is nested more than {MAX_DEPTH} deep", field=path)
    if isinstance(value, dict):
        # The Image feature of ``datasets``.
        if value.keys() == {"bytes", "path"} and isinstance(value["bytes"], bytes):
            return _data_uri(value["bytes"], path)
        return {str(name): plain(inner, f"{path}.{name}", depth - 1) for name, inner in value.items()}
    if isinstance(value, list):
        # A map comes as pairs.
        return [
            plain(list(inner) if isinstance(inner, tuple) else inner, f"{path}[{place}]", depth - 1)
            for place, inner in enumerate(value)
        ]
    if isinstance(value, bytes):
        return _data_uri(value, path)
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta | decimal.Decimal):
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    raise Rejected(f"holds a {type(value).__name__}, which has no place in a trace", field=path)


def _finite(value: float, path: str) -> float:
    if math.isinf(value):
        raise Rejected("is infinite", field=path)
    return value


def _data_uri(data: bytes, path: str) -> str:
    try:
        media_type = read_header(data).media_type
    except Rejected as error:
        raise Rejected(f"holds bytes, and {error.reason}", field=path) from None
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _pyarrow() -> Any:
    try:
        return import_module("pyarrow")
    except ImportError:
        raise Rejected(
            "Parquet and Arrow need pyarrow, which is not installed. Run: python3 manage.py setup export"
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
