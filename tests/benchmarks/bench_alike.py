"""What splits and contamination find, and what it costs: ``python -m tests.benchmarks.bench_alike [N]``.

No database. On the public files: how many of GSM8K's test problems are found by its list in other printings and inside
prompts, how many problems of other sets are taken for them, and which pairs of PRMBench's questions that share 0.8 of
their word sequences end up in two groups. On N made problems (100,000 by default): processor seconds and memory.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.paths import DATA_DIR, data_file

SHARE = 0.5
INSTRUCTION = (
    "Solve the following problem step by step and put the final answer in a box.\n\n",
    "\n\nLet's think step by step. Remember to explain your reasoning carefully and check your result.",
)


def rows(name: str, field: str) -> list[str]:
    with gzip.open(data_file(name), "rt") as file:
        found = json.load(file) if name.endswith(".json.gz") else [json.loads(line) for line in file]
    return [row[field] for row in found if row.get(field)]


def contamination(folder: Path) -> None:
    from annotate.export.select.benchmarks import make_benchmark

    tests = rows("gsm8k/test.jsonl.gz", "question")
    train = rows("gsm8k/train.jsonl.gz", "question")
    math = rows("montecarlo_samples/test500.jsonl.gz", "problem")
    process = list(dict.fromkeys(rows("processbench/math.json.gz", "problem")))
    gsm = make_benchmark("gsm8k", [data_file("gsm8k/test.jsonl.gz")], folder)
    math500 = make_benchmark("math500", [data_file("montecarlo_samples/test500.jsonl.gz")], folder)
    examples = " ".join(train[:40])
    printings: dict[str, Callable[[str], str]] = {
        "as it is": lambda text: text,
        "in a 30-word instruction": lambda text: text.join(INSTRUCTION),
        f"after {len(examples.split()):,} words of examples": lambda text: f"{examples}\n\n{text}",
        "without , and .": lambda text: text.replace(",", "").replace(".", ""),
        "first number changed": lambda text: re.sub(r"\d+", "7", text, count=1),
        "all numbers changed": lambda text: re.sub(r"\d+", "7", text),
        "first sentence left out": lambda text: ". ".join(text.split(". ")[1:]),
    }
    for name, change in printings.items():
        print(f"GSM8K test, {name}: {found(gsm, map(change, tests)):,} of {len(tests):,}")
    print(f"ProcessBench's GSM8K: {found(gsm, rows('processbench/gsm8k.json.gz', 'problem'))} of 400")
    for name, texts in (("GSM8K train", train), ("MATH-500", math), ("ProcessBench's MATH", process)):
        wrapped = [text.join(INSTRUCTION) for text in texts]
        print(
            f"{name} by GSM8K's list: {found(gsm, texts)}, in an instruction {found(gsm, wrapped)} of {len(texts):,}"
        )
    print(
        f"MATH-500, in an instruction: {found(math500, (text.join(INSTRUCTION) for text in math))} of {len(math)}"
    )
    print(f"GSM8K train by MATH-500's list: {found(math500, train)} of {len(train):,}")
    print(f"ProcessBench's MATH by MATH-500's list: {found(math500, process)} of {len(process)}")


def found(benchmark: Any, texts: Iterable[str]) -> int:
    return sum(benchmark.share(text) >= SHARE for text in texts)


def groups_of(texts: Iterable[str]) -> list[int]:
    from annotate.export.select.minhash import SHINGLE, Alike
    from annotate.export.select.ngrams import ngram_hashes

    alike = Alike(0.8)
    for text in texts:
        alike.add(ngram_hashes(text, SHINGLE))
    return alike.groups()


def pairs() -> None:
    from annotate.export.select.minhash import SHINGLE
    from annotate.export.select.ngrams import ngram_hashes

    texts: dict[str, None] = {}
    for file in sorted((DATA_DIR / "prmbench").glob("prm800k_*.jsonl.gz")):
        for field in ("original_question", "modified_question"):
            texts |= dict.fromkeys(rows(f"prmbench/{file.name}", field))
    groups = groups_of(texts)
    sets = [set(ngram_hashes(text, SHINGLE).tolist()) for text in texts]
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(sets):
        for one in own:
            holders[one].append(place)
    met = {(a, b) for some in holders.values() for a in some for b in some if a < b}
    alike = [(a, b) for a, b in met if len(sets[a] & sets[b]) >= 0.8 * len(sets[a] | sets[b])]
    apart = sum(groups[a] != groups[b] for a, b in alike)
    print(
        f"PRMBench, {len(texts):,} questions: {len(alike):,} pairs share 0.8, {apart} of them in two groups"
    )


def made(n: int) -> Iterator[str]:
    """45 words each; three of ten are nearly like the one before."""
    pick = random.Random(1)
    words = [f"w{k}" for k in range(5000)]
    last: list[str] = []
    for k in range(n):
        if k % 10 < 3 and last:
            last[-1 - k % 10] = f"x{k}"
        else:
            last = pick.choices(words, k=45)
        yield " ".join(last)


def cost(n: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, clock = time.process_time(), time.perf_counter()
    groups = groups_of(made(n))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    joined = sum(first != place for place, first in enumerate(groups))
    print(
        f"{n:,} problems of 45 words: {time.process_time() - start:.1f} processor seconds,"
        f" {time.perf_counter() - clock:.1f} by the clock, {memory:.0f} MB more, {joined:,} with an alike one"
    )


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"GRADUS_HOME": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        import django

        django.setup()
        cost(n)
        contamination(Path(folder))
        pairs()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
