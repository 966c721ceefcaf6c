"""Write Parquet a row group at a time from columns, so that memory holds one group whatever the size of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from annotate.errors import Rejected

ROW_GROUP = 10_000
_BATCH = 1_000  # divides a group
# A group ends early where its rows are large: whoever writes or reads a table holds a whole group, some of them several
# times over. Images weigh by themselves; of texts as many columns are there as rows.
HEAVY = 8 * 1024 * 1024
_LARGEST = 64 * 1024 * 1024


def arrow() -> Any:
    """pyarrow, or ``Rejected`` with what to install."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise Rejected(
            "Parquet needs pyarrow, which is not installed. Run: python3 manage.py setup export",
            field="format",
        ) from None
    return pyarrow


class Table:
    """A Parquet file that is being written; use it in a ``with``.

    Rows wait as they came, any objects; then ``columns`` makes one array or sequence of values per field of the schema
    from many of them at once, which takes a fraction of the time of filling columns row by row. They do not wait for a
    whole group: the more objects there are, the longer Python looks for those nobody needs.
    """

    def __init__(
        self, target: Path, fields: Mapping[str, Any], columns: Callable[[list[Any]], Sequence[Any]]
    ) -> None:
        pa = arrow()
        target.parent.mkdir(parents=True, exist_ok=True)
        self.schema = pa.schema(list(fields.items()))
        self._columns = columns
        self._rows: list[Any] = []
        self._weight = 0
        self._batches: list[Any] = []
        self._writer = pa.parquet.ParquetWriter(target, self.schema, compression="zstd", compression_level=3)

    def extend(self, rows: Iterable[Any], weight: int = 0) -> None:
        """``weight``: bytes that these rows hold by themselves, images say."""
        self._rows += rows
        self._weight += weight
        while len(self._rows) >= _BATCH:
            self._close_batch(self._rows[:_BATCH])
            del self._rows[:_BATCH]
        if self._weight >= HEAVY:
            self._close_batch(self._rows)
            self._rows = []
            self._close_group()

    def _close_batch(self, rows: list[Any]) -> None:
        if not rows:
            return
        pa = arrow()
        arrays = [
            column if isinstance(column, pa.Array) else pa.array(column, type=field.type)
            for column, field in zip(self._columns(rows), self.schema, strict=True)
        ]
        self._batches.append(pa.record_batch(arrays, schema=self.schema))
        is_large = sum(batch.nbytes for batch in self._batches) >= _LARGEST
        if is_large or len(self._batches) * _BATCH == ROW_GROUP:
            self._close_group()

    def _close_group(self) -> None:
        self._weight = 0
        if not self._batches:
            return
        whole = arrow().Table.from_batches(self._batches, schema=self.schema).combine_chunks()
        self._writer.write_table(whole, row_group_size=ROW_GROUP)
        self._batches = []

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._close_batch(self._rows)
            self._close_group()
        self._writer.close()


def transposed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The columns of rows that are tuples."""
    return list(zip(*rows, strict=True))


def lists(kind: Any, rows: Sequence[Sequence[Any]], columns: Callable[[list[Any]], Sequence[Any]]) -> Any:
    """An array of a list of structs per row; ``columns`` makes the structs' columns of all elements of all rows."""
    pa = arrow()
    elements = list(chain.from_iterable(rows))
    struct = kind.value_type
    found = columns(elements) if elements else [()] * struct.num_fields
    arrays = [pa.array(column, type=field.type) for column, field in zip(found, struct, strict=True)]
    offsets = pa.array([0, *accumulate(map(len, rows))], type=pa.int32())
    return pa.ListArray.from_arrays(
        offsets, pa.StructArray.from_arrays(arrays, fields=list(struct)), type=kind
    )
