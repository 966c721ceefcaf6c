"""Lists of n-gram hashes of benchmarks, by which a release is held against what models are tested on.

A list is made from the operator's own files and holds no text: a line of JSON (name, n, problems, files with their
sums), the hashes of all sequences of ``n`` words of each of its problems, and which problem each belongs to. A text is
held against one problem of the list at a time and asked how much *of that problem* it holds, so that it makes no
difference what else the text says: a system prompt, a template, examples. A problem of fewer than ``n`` words is one
sequence; one of fewer than ``WHOLE`` could stand in any text by chance, and is found only where it is the whole of it.
Sequences that most of the list's problems have in common (a template) say nothing and are left out. Nothing is ever
downloaded.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import Rejected
from annotate.ingest.json_files import objects_in

from .ngrams import Hashes, common_to_most, sequences, without, word_hashes

# Found on the public files: as few false alarms as 13 words have, and a changed number breaks less (docs/evidence.md).
N = 8
WHOLE = 5
VERSION = 2
SUFFIX = ".ngrams"
# What benchmarks call the text of a problem; the first that a row has is read, and PRMBench's changed question too.
FIELDS = ("problem", "question", "original_question", "prompt")
ALSO = ("modified_question",)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``hashes`` are sorted; ``owners`` says of each the problem it is of, and ``sizes`` how many each problem has."""

    name: str
    n: int
    problems: int
    sha256: str
    lengths: frozenset[int]
    hashes: Hashes
    owners: NDArray[np.uint32]
    sizes: NDArray[np.uint32]

    def share(self, text: str) -> float:
        """How much of one of the list's problems the text holds, of the one it holds most of; from 0 to 1."""
        words = word_hashes(text)
        least = min(WHOLE, self.n)
        own = sequences(words, {size for size in self.lengths if size >= least or size == len(words)})
        first = np.searchsorted(self.hashes, own, "left")
        last = np.searchsorted(self.hashes, own, "right")
        is_there = last > first
        met = [self.owners[a:b] for a, b in zip(first[is_there], last[is_there], strict=True)]
        if not met:
            return 0.0
        owners, counts = np.unique(np.concatenate(met), return_counts=True)
        return float((counts / self.sizes[owners]).max())

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "n": self.n, "problems": self.problems, "sha256": self.sha256}


def make_benchmark(
    name: str, paths: Sequence[Path], folder: Path, *, field: str = "", n: int = N
) -> Benchmark:
    """Read the problems of all files, and of the data files in all folders, into the list ``name`` below ``folder``.

    Raises ``Rejected`` for a name that is none, for a file that cannot be read and when there is no problem.
    """
    if not _NAME.fullmatch(name):
        raise Rejected("has small letters, digits, - and _ alone.", field="name")
    if not 3 <= n <= 50:
        raise Rejected("must be from 3 to 50.", field="n")
    files = list(_files(paths))
    problems = 0
    # Of problems with the same words one is enough.
    found: dict[bytes, tuple[int, Hashes]] = {}
    for file in files:
        for text in _problems(file, field):
            problems += 1
            words = word_hashes(text)
            if len(words):
                size = min(n, len(words))
                found.setdefault(words.tobytes(), (size, sequences(words, (size,))))
    if not found:
        raise Rejected(f"no row has a text in {field or ', '.join(FIELDS)}.", field=field or "files")
    common = common_to_most([own for _, own in found.values()])
    left = [without(own, common) for _, own in found.values()]
    sizes = np.array([len(own) for own in left], dtype="<u4")
    hashes = np.concatenate(left)
    order = np.argsort(hashes, kind="stable")
    head = {
        "version": VERSION,
        "name": name,
        "n": n,
        "problems": problems,
        "lengths": sorted({size for size, _ in found.values()}),
        "sizes": len(sizes),
        "hashes": len(hashes),
        "files": [_sum(file) for file in files],
    }
    owners = np.repeat(np.arange(len(sizes), dtype="<u4"), sizes)
    body = b"".join(
        [
            json.dumps(head, sort_keys=True).encode() + b"\n",
            hashes[order].astype("<u8").tobytes(),
            owners[order].tobytes(),
            sizes.tobytes(),
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.part"
    draft.write_bytes(body)
    draft.replace(folder / f"{name}{SUFFIX}")
    return _benchmark(name, body)


def read_benchmark(name: str, folder: Path | None) -> Benchmark:
    """The list of that name; ``Rejected`` names the ones there are, and says so of one that cannot be read."""
    known = benchmarks_in(folder)
    if folder is None or name not in known:
        there = ", ".join(known) or "none; make one with manage.py hashes NAME FILE"
        raise Rejected(f"there is no hash list {name!r}; there are {there}.", field="benchmarks")
    return _benchmark(name, (folder / f"{name}{SUFFIX}").read_bytes())


def benchmarks_in(folder: Path | None) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


def _benchmark(name: str, body: bytes) -> Benchmark:
    again = f"make it again with manage.py hashes {name} FILE"
    line, _, rest = body.partition(b"\n")
    try:
        head = json.loads(line)
        if head.get("version") != VERSION:
            raise Rejected(f"the hash list {name!r} is of another version; {again}.", field="benchmarks")
        n, m = head["hashes"], head["sizes"]
        if len(rest) != 12 * n + 4 * m:
            raise ValueError("cut off")
        lengths = frozenset(head["lengths"])
        told = head["name"], head["n"], head["problems"]
    except (ValueError, KeyError, AttributeError, TypeError):
        raise Rejected(f"the hash list {name!r} is damaged; {again}.", field="benchmarks") from None
    return Benchmark(
        *told,
        hashlib.sha256(body).hexdigest(),
        lengths,
        np.frombuffer(rest, dtype="<u8", count=n).astype(np.uint64),
        np.frombuffer(rest, dtype="<u4", count=n, offset=8 * n).astype(np.uint32),
        np.frombuffer(rest, dtype="<u4", count=m, offset=12 * n).astype(np.uint32),
    )


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.name.endswith(_ENDINGS) and one.is_file())
        elif path.is_file():
            yield path
        else:
            raise Rejected(f"{path} is not there.", field="files")


def _problems(file: Path, field: str) -> Iterator[str]:
    for row in _rows(file):
        names = [field] if field else [*[name for name in FIELDS if row.get(name)][:1], *ALSO]
        for name in names:
            if isinstance(text := row.get(name), str) and text.strip():
                yield text


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.name.endswith(".parquet"):
        yield from _parquet_rows(file)
        return
    for _line, row in objects_in(file):
        yield row


def _parquet_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise Rejected(
            "Parquet needs pyarrow, which is not installed. Run: python3 manage.py setup export",
            field="files",
        ) from None
    for group in pyarrow.parquet.ParquetFile(file).iter_batches(1000):
        yield from group.to_pylist()


def _sum(file: Path) -> dict[str, str]:
    with file.open("rb") as opened:
        return {"name": file.name, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}
