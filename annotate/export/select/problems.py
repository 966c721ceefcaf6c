"""What becomes of whole problems: the split they are in, and the benchmark they are known from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotate.export.contracts import TEST, TRAIN, VALIDATION, SplitSettings
from annotate.models import Problem, Project

from .benchmarks import Benchmark, read_benchmark
from .minhash import Seen
from .ngrams import words_of


@dataclass(frozen=True, slots=True)
class Problems:
    """By a problem's name: its split where that is not for training, and the benchmark it is known from."""

    splits: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    benchmarks: tuple[Benchmark, ...] = ()
    # Problems that went with another they are nearly the same as.
    n_alike: int = 0

    def split_of(self, problem: str) -> str:
        return self.splits.get(problem, TRAIN)

    def as_json(self) -> dict[str, Any]:
        """What the manifest says of them; nothing where nothing was asked."""
        told: dict[str, Any] = {}
        if self.splits or self.n_alike:
            told["splits"] = {"problems_with_an_alike_one": self.n_alike}
        if self.benchmarks:
            told["benchmarks"] = [
                {**one.as_json(), "problems_found": sum(name == one.name for name in self.known.values())}
                for one in self.benchmarks
            ]
        return told


def sort_problems(project: Project, settings: SplitSettings, benchmarks: Path | None) -> Problems:
    """Read every problem once. Memory grows by the problem's name, and by 3 KB where alike ones are looked for."""
    lists = tuple(read_benchmark(name, benchmarks) for name in settings.benchmarks)
    wants_splits = settings.validation_share + settings.test_share > 0
    if not wants_splits and not lists:
        return Problems()
    known: dict[str, str] = {}
    groups: dict[str, str] = {}
    together = _Together(settings.similarity) if wants_splits and settings.keeps_alike_together else None
    keys: list[str] = []
    for number, (name, text) in enumerate(_texts(project)):
        if found := _benchmark_of(text, lists, settings.contamination_share):
            known[name] = found
        if wants_splits:
            keys.append(_key_of(text))
            groups[name] = keys[together.group_of(number, text) if together else number]
    splits = {name: split for name, key in groups.items() if (split := split_of(key, settings)) != TRAIN}
    return Problems(splits, known, lists, together.n_alike if together else 0)


def split_of(key: str, settings: SplitSettings) -> str:
    """The split by the seed and the key alone, so that a problem stays where it is when others come or go."""
    digest = hashlib.sha256(f"{settings.seed}\n{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < settings.test_share:
        return TEST
    return VALIDATION if place < settings.test_share + settings.validation_share else TRAIN


class _Together:
    """Groups of problems that are nearly the same. A group is known by the first of it that came in."""

    def __init__(self, similarity: float) -> None:
        self._seen = Seen(similarity)
        self.n_alike = 0

    def group_of(self, number: int, text: str) -> int:
        first = self._seen.first_like(number, text)
        self.n_alike += first is not None
        return number if first is None else first


def _texts(project: Project) -> Iterable[tuple[str, str]]:
    rows = Problem.objects.filter(project=project).order_by("pk").values_list("external_id", "text")
    found: Iterator[tuple[str, str]] = rows.iterator(chunk_size=500)
    return found


def _key_of(text: str) -> str:
    """Problems that differ in spacing or case alone are one."""
    return hashlib.sha256(" ".join(words_of(text)).encode(errors="replace")).hexdigest()


def _benchmark_of(text: str, lists: Iterable[Benchmark], share: float) -> str:
    return next((one.name for one in lists if one.share(text) >= share), "")
