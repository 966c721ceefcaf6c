"""Lists of n-gram hashes of benchmarks, by which a release is held against what models are tested on.

A list is made from the operator's own files and holds no text: a line of JSON (name, n, problems, files with their
sums) and the sorted hashes of all sequences of ``n`` words in its problems. Nothing is ever downloaded.
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

from annotate.errors import Rejected
from annotate.ingest.json_files import objects_in

from .ngrams import Hashes, ngram_hashes

N = 13
SUFFIX = ".ngrams"
# What benchmarks call the text of a problem; the first that a row has is read, and PRMBench's changed question too.
FIELDS = ("problem", "question", "original_question", "prompt")
ALSO = ("modified_question",)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet")


@dataclass(frozen=True, slots=True)
class Benchmark:
    name: str
    n: int
    problems: int
    sha256: str
    hashes: Hashes

    def share(self, text: str) -> float:
        """How much of the text's word sequences the list holds; 0 for a text without a word."""
        own = ngram_hashes(text, self.n)
        if not len(own) or not len(self.hashes):
            return 0.0
        places = np.minimum(np.searchsorted(self.hashes, own), len(self.hashes) - 1)
        return float((self.hashes[places] == own).mean())

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
    found: list[Hashes] = []
    for file in files:
        for text in _problems(file, field):
            problems += 1
            found.append(ngram_hashes(text, n))
    if not problems:
        raise Rejected(f"no row has a text in {field or ', '.join(FIELDS)}.", field=field or "files")
    hashes = np.unique(np.concatenate(found))
    head = {"name": name, "n": n, "problems": problems, "files": [_sum(file) for file in files]}
    body = json.dumps(head, sort_keys=True).encode() + b"\n" + hashes.astype("<u8").tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.part"
    draft.write_bytes(body)
    draft.replace(folder / f"{name}{SUFFIX}")
    return _benchmark(body)


def read_benchmark(name: str, folder: Path | None) -> Benchmark:
    """The list of that name; ``Rejected`` names the ones there are."""
    known = benchmarks_in(folder)
    if folder is None or name not in known:
        there = ", ".join(known) or "none; make one with manage.py hashes NAME FILE"
        raise Rejected(f"there is no hash list {name!r}; there are {there}.", field="benchmarks")
    return _benchmark((folder / f"{name}{SUFFIX}").read_bytes())


def benchmarks_in(folder: Path | None) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


def _benchmark(body: bytes) -> Benchmark:
    line, _, rest = body.partition(b"\n")
    head = json.loads(line)
    hashes = np.frombuffer(rest, dtype="<u8").astype(np.uint64)
    return Benchmark(head["name"], head["n"], head["problems"], hashlib.sha256(body).hexdigest(), hashes)


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
