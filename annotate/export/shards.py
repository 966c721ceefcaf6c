"""Write the rows of a table as JSON lines, split by split and shard by shard, with one file open per split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from annotate.export.contracts import TEST, TRAIN, VALIDATION, Split
from annotate.export.json_lines import json_line

ROWS = 100_000
_ORDER = (TRAIN, VALIDATION, TEST)


class _Part:
    """The files of one split. One shard is ``train.jsonl``; of several each says of how many it is."""

    def __init__(self, folder: Path, name: str, rows: int) -> None:
        self.folder, self.name, self.limit = folder, name, rows
        self.paths: list[Path] = []
        self.rows = 0
        self.file: IO[str] | None = None

    def write(self, line: str) -> None:
        if self.rows % self.limit == 0:
            self._next()
        assert self.file is not None
        self.file.write(line)
        self.rows += 1

    def _next(self) -> None:
        self.close()
        path = self.folder / f".{self.name}-{len(self.paths):05d}"
        self.paths.append(path)
        self.file = path.open("w", encoding="utf-8", newline="\n")

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None

    def named(self) -> list[Path]:
        self.close()
        n = len(self.paths)
        found = []
        for i, path in enumerate(self.paths):
            name = f"{self.name}.jsonl" if n == 1 else f"{self.name}-{i:05d}-of-{n:05d}.jsonl"
            found.append(path.rename(self.folder / name))
        return found


class Shards:
    """The table ``config`` in the folder ``name`` of a release. Only splits that have a row get a file."""

    def __init__(self, folder: Path, config: str, name: str, *, is_default: bool) -> None:
        self.folder, self.config, self.name, self.is_default = folder, config, name, is_default
        self.parts: dict[str, _Part] = {}
        self.splits: tuple[Split, ...] = ()

    def write(self, row: Mapping[str, Any], split: str = TRAIN) -> None:
        part = self.parts.get(split)
        if part is None:
            target = self.folder / self.name
            target.mkdir(parents=True, exist_ok=True)
            part = self.parts[split] = _Part(target, split, ROWS)
        part.write(json_line(row))

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts.values())

    def close(self) -> None:
        for part in self.parts.values():
            part.close()

    def finish(self) -> None:
        names = [name for name in _ORDER if name in self.parts]
        self.splits = tuple(
            Split(self.config, path.relative_to(self.folder).as_posix(), self.is_default, name)
            for name in names
            for path in self.parts[name].named()
        )


@contextmanager
def json_shards(
    folder: Path, *, config: str = "default", name: str = "data", is_default: bool = True
) -> Iterator[Shards]:
    """When the block has ended well, ``splits`` names the files that were written."""
    shards = Shards(folder, config, name, is_default=is_default)
    try:
        yield shards
        shards.finish()
    finally:
        shards.close()
