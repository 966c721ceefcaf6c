"""Write Parquet a row group at a time from columns, so that memory holds one group whatever the size of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotate.errors import Rejected

ROW_GROUP = 10_000


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


class Column:
    """Values of one Arrow type."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.values: list[Any] = []

    def array(self) -> Any:
        found = arrow().array(self.values, type=self.kind)
        self.values = []
        return found


class Lists:
    """Per row a list of structs, kept as one flat column for each of their fields: far faster than rows of objects."""

    def __init__(self, fields: Sequence[tuple[str, Any]]) -> None:
        pa = arrow()
        self.struct = pa.struct(list(fields))
        self.kind = pa.list_(self.struct)
        self.columns = {name: Column(kind) for name, kind in fields}
        self.offsets = [0]

    def close_row(self, n: int) -> None:
        """The row that is over has ``n`` more structs."""
        self.offsets.append(self.offsets[-1] + n)

    def array(self) -> Any:
        pa = arrow()
        inner = pa.StructArray.from_arrays(
            [column.array() for column in self.columns.values()], fields=list(self.struct)
        )
        found = pa.ListArray.from_arrays(pa.array(self.offsets, type=pa.int32()), inner, type=self.kind)
        self.offsets = [0]
        return found


class Table:
    """A Parquet file that is being written; use it in a ``with``."""

    def __init__(self, target: Path, columns: dict[str, Column | Lists]) -> None:
        pa = arrow()
        target.parent.mkdir(parents=True, exist_ok=True)
        self.columns = columns
        self.schema = pa.schema([(name, column.kind) for name, column in columns.items()])
        self.rows = 0
        self._waiting = 0
        self._writer = pa.parquet.ParquetWriter(target, self.schema, compression="zstd", compression_level=3)

    def close_row(self) -> None:
        self.rows += 1
        self._waiting += 1
        if self._waiting == ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        arrays = [column.array() for column in self.columns.values()]
        table = arrow().Table.from_arrays(arrays, schema=self.schema)
        self._writer.write_table(table, row_group_size=ROW_GROUP)
        self._waiting = 0

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.flush()
        self._writer.close()
