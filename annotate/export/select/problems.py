"""What becomes of whole problems: the split they are in, and the benchmark they are known from.

Problems are alike by what they themselves say. What a system prompt says (``SYSTEM`` in the problem's meta counts its
characters, which stand first) is left aside, and so are word sequences that more than half of the project's problems
have in common: examples or instructions that stand in every user's message. Benchmarks are looked for in all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Any

from annotate.export.contracts import TEST, TRAIN, VALIDATION, SplitSettings
from annotate.ingest.conversation import SYSTEM
from annotate.models import Problem, Project

from .benchmarks import Benchmark, read_benchmark
from .minhash import SHINGLE, Alike
from .ngrams import NONE, Hashes, common_to_most, ngram_hashes, without, words_of

# What most problems have in common is what most of so many have, drawn by the hash of their names.
DRAWN = 500


@dataclass(frozen=True, slots=True)
class Problems:
    """By a problem's name: its split where that is not for training, and the benchmark it is known from."""

    splits: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    benchmarks: tuple[Benchmark, ...] = ()
    # Problems that went with another they are nearly the same as.
    n_alike: int = 0
    # Word sequences that most problems have in common, by which none is alike.
    n_common: int = 0

    def split_of(self, problem: str) -> str:
        return self.splits.get(problem, TRAIN)

    def as_json(self) -> dict[str, Any]:
        """What the manifest says of them; nothing where nothing was asked."""
        told: dict[str, Any] = {}
        if self.splits or self.n_alike:
            told["splits"] = {"problems_with_an_alike_one": self.n_alike}
            if self.n_common:
                told["splits"]["word_sequences_of_most_problems"] = self.n_common
        if self.benchmarks:
            told["benchmarks"] = [
                {**one.as_json(), "problems_found": sum(name == one.name for name in self.known.values())}
                for one in self.benchmarks
            ]
        return told


def sort_problems(project: Project, settings: SplitSettings, benchmarks: Path | None) -> Problems:
    """Read every problem once, and some before. Memory grows by a name and a hash, and by ``Alike``'s where asked."""
    lists = tuple(read_benchmark(name, benchmarks) for name in settings.benchmarks)
    wants_splits = settings.validation_share + settings.test_share > 0
    if not wants_splits and not lists:
        return Problems()
    together = Alike(settings.similarity) if wants_splits and settings.keeps_alike_together else None
    common = _common_sequences(project) if together else NONE
    known: dict[str, str] = {}
    names: list[str] = []
    keys: list[str] = []
    for name, text, own in texts_of(project):
        if found := _benchmark_of(text, lists, settings.contamination_share):
            known[name] = found
        if wants_splits:
            names.append(name)
            keys.append(key_of(own))
        if together:
            together.add(without(ngram_hashes(own, SHINGLE), common))
    firsts = together.groups() if together else range(len(names))
    groups = ((name, keys[first]) for name, first in zip(names, firsts, strict=True))
    splits = {name: split for name, key in groups if (split := split_of(key, settings)) != TRAIN}
    n_alike = sum(first != place for place, first in enumerate(firsts))
    return Problems(splits, known, lists, n_alike, len(common))


def split_of(key: str, settings: SplitSettings) -> str:
    """The split by the seed and the key alone, so that a problem stays where it is when others come or go."""
    digest = hashlib.sha256(f"{settings.seed}\n{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < settings.test_share:
        return TEST
    return VALIDATION if place < settings.test_share + settings.validation_share else TRAIN


def key_of(text: str) -> str:
    """Problems that differ in spacing, case or punctuation alone are one."""
    return hashlib.sha256(" ".join(words_of(text)).encode(errors="replace")).hexdigest()


def own_text(text: str, n_system: Any) -> str:
    """A problem's text without what a system prompt says, unless that is all there is."""
    is_part = isinstance(n_system, int) and n_system > 0 and text[n_system:].strip()
    return text[n_system:] if is_part else text


def _common_sequences(project: Project) -> Hashes:
    pks = Problem.objects.filter(project=project).order_by("pk").values_list("pk", "external_id")
    drawn = nsmallest(DRAWN, ((_place(name), pk) for pk, name in pks.iterator(chunk_size=5000)))
    rows = Problem.objects.filter(pk__in=[pk for _, pk in drawn]).values_list("text", f"meta__{SYSTEM}")
    return common_to_most([ngram_hashes(own_text(*row), SHINGLE) for row in rows.iterator(chunk_size=500)])


def _place(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="replace")).digest()


def texts_of(project: Project) -> Iterator[tuple[str, str, str]]:
    """Name, whole text, and what is the problem's own."""
    rows = Problem.objects.filter(project=project).order_by("pk")
    for name, text, n_system in rows.values_list("external_id", "text", f"meta__{SYSTEM}").iterator(
        chunk_size=500
    ):
        yield name, text, own_text(text, n_system)


def _benchmark_of(text: str, lists: Iterable[Benchmark], share: float) -> str:
    return next((one.name for one in lists if one.share(text) >= share), "")
