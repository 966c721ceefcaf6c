"""Verifiers against steps that people labelled: `python -m tests.benchmarks.bench_verifiers [DATA_DIR]`.

What a verifier refutes should be what people call wrong. For each set of public data and each verifier: the steps
looked at, how many were supported, refuted and left alone, where the refuted ones lie, and every refutation of a step
that people call right, to be read.

`--part development` takes what the verifiers' rules may be made with: the sets whose refutations somebody has read,
and of every other set the problems whose text has an even SHA-256. `--part held-out` takes the odd ones. What was
refuted there was first read on 2026-11-28, after the rules were made: a rule that is changed because of it needs other
problems. Tables and tool calls are not measured: no public set here has both and labels.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from annotate.prelabel.contracts import Finding, StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from annotate.stats.accuracy import wilson_interval

# "later": after the first error, or on the way to a wrong answer, where nobody looked. "context": said before, and
# counted elsewhere.
Truth = Literal["right", "wrong", "later", "context"]

VERIFIERS = ("verifier/arithmetic", "verifier/algebra")
SHOWN = 160


@dataclass(frozen=True, slots=True)
class Labelled:
    """One trace; ``truths`` is as long as ``steps``."""

    name: str
    problem: str
    steps: tuple[str, ...]
    truths: tuple[Truth, ...]


@dataclass(slots=True)
class Tally:
    """Steps by what people and the verifier say of them."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    against: list[str] = field(default_factory=list)

    def take(self, trace: Labelled, finding: Finding) -> None:
        said = {opinion.position: opinion for opinion in finding.opinions}
        for position, truth in enumerate(trace.truths):
            if truth == "context":
                continue
            opinion = said.get(position)
            self.counts[truth, opinion.value if opinion else "silent"] += 1
            if truth == "right" and opinion is not None and opinion.value == "bad":
                self.against.append(f"{trace.name} step {position}: {opinion.text}")

    def number(self, *, truth: str = "", verdict: str = "") -> int:
        return sum(
            count
            for (seen, said), count in self.counts.items()
            if truth in ("", seen) and verdict in ("", said)
        )


def first_error(name: str, problem: str, steps: Sequence[str], error: int | None) -> Labelled:
    """A trace of which the first wrong step is known; None where every step is right, -1 where it lies anywhere."""
    place = len(steps) if error is None else error
    truths: list[Truth] = [
        "right" if i < place else "wrong" if i == place else "later" for i in range(len(steps))
    ]
    return Labelled(name, problem, tuple(steps), tuple(truths))


def processbench(folder: Path) -> Iterator[Labelled]:
    for path in sorted(folder.glob("*.json.gz")):
        for row in json.loads(_text(path)):
            error = row["label"] if row["label"] >= 0 else None
            yield first_error(row["id"], row["problem"], row["steps"], error)


def bigbench_mistake(folder: Path) -> Iterator[Labelled]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        for number, row in enumerate(_lines(path)):
            name = f"{path.name.partition('.')[0]}-{number}"
            yield first_error(name, row["input"], row["steps"], row["mistake_index"])


def prm800k(folder: Path) -> Iterator[Labelled]:
    """Every rated continuation is a step of its own, after the steps that were chosen before it."""
    for path in sorted(folder.glob("prm800k-*.json*")):
        for number, row in enumerate(_documents(_text(path))):
            yield from _continuations(f"{path.name.partition('.')[0]}-{number}", row)


def _continuations(name: str, row: Any) -> Iterator[Labelled]:
    chosen: list[str] = []
    for step in row["label"]["steps"]:
        for continuation in step["completions"] or ():
            if continuation["rating"] is None:
                continue
            truth: Truth = "wrong" if continuation["rating"] < 0 else "right"
            truths: list[Truth] = ["context"] * len(chosen)
            steps = (*chosen, continuation["text"])
            yield Labelled(name, row["question"]["problem"], steps, (*truths, truth))
        place = step["chosen_completion"]
        taken = step["human_completion"] if place is None else step["completions"][place]
        if taken is None:
            return
        chosen.append(taken["text"])


def prmbench(folder: Path) -> Iterator[Labelled]:
    """Steps that were changed on purpose are wrong; a row that names a step outside its solution is left out."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        for row in _lines(path):
            steps = row.get("modified_process")
            wrong = {place - 1 for place in row.get("error_steps") or ()}
            if not isinstance(steps, list) or not all(0 <= place < len(steps) for place in wrong):
                continue
            truths: list[Truth] = ["wrong" if place in wrong else "right" for place in range(len(steps))]
            name = f"{row['idx']} ({row['classification']})"
            yield Labelled(name, row["modified_question"], tuple(steps), tuple(truths))


def mr_ben(folder: Path) -> Iterator[Labelled]:
    """A wrong solution whose first error is not given by a number within it is left out."""
    for path in sorted(folder.glob("*.json.gz")):
        for solutions in json.loads(_text(path)).values():
            for row in solutions:
                steps, place = row["Model_Solution_Steps"], str(row["Model_Solution_First_Error_Step"])
                is_right = row["Model_Solution_Correctness"] == "correct"
                if not is_right and not (place.isdigit() and 1 <= int(place) <= len(steps)):
                    continue
                name = f"{path.name.partition('.')[0]}-{row['Question_UUID'][:8]}-{row['Sampled_Model']}"
                yield first_error(name, row["Question"], steps, None if is_right else int(place) - 1)


def gsm8k(folder: Path) -> Iterator[Labelled]:
    """Worked solutions: every step is meant to be right."""
    for part in ("train", "test"):
        for number, row in enumerate(_lines(folder / f"{part}.jsonl.gz")):
            steps = [line for line in row["answer"].splitlines() if not line.startswith("####")]
            yield first_error(f"{part}-{number}", row["question"], steps, None)


def gsm8k_models(folder: Path) -> Iterator[Labelled]:
    """Models' solutions; the steps to a right answer count as right, though nobody looked at each."""
    for number, row in enumerate(_lines(folder / "example_model_solutions.jsonl.gz")):
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            told = row[model]
            steps = [line for line in told["solution"].splitlines() if not line.startswith("A: ")]
            error = None if told["is_correct"] else -1
            yield first_error(f"{number}-{model}", row["question"], steps, error)


# Of ROSCOE's nine questions about a step, those that find it wrong; the others find it clumsy.
_ROSCOE_WRONG = (
    "Factuality",
    "Coherency and Logic",
    "Final Answer",
    "Hallucination",
    "Commonsense",
    "Arithmetic",
)


def roscoe(folder: Path) -> Iterator[Labelled]:
    """Every judged step is a row of its own, which quotes the problem and the steps before it."""
    for path in sorted(folder.glob("*-stepwise.json.gz")):
        for row in json.loads(_text(path))["instances"]:
            shown, _, judged = row["instance"].rpartition("\nJUDGE:")
            problem = shown.partition("CONTEXT:")[2].partition("GENERATED RESPONSE:")[0]
            is_wrong = any(row["annotations"][kind]["majority_human"] == "yes" for kind in _ROSCOE_WRONG)
            step = judged.partition(" - ")[2].strip()
            yield Labelled(
                f"{path.name.partition('-stepwise')[0]}-{row['id']}",
                problem.strip(),
                (step,),
                ("wrong" if is_wrong else "right",),
            )


def math500(folder: Path) -> Iterator[Labelled]:
    """People's own solutions of MATH problems, by paragraphs: every one is meant to be right."""
    for row in _lines(folder / "test500.jsonl.gz"):
        steps = [part for part in row["solution"].split("\n\n") if part.strip()]
        yield first_error(row["unique_id"], row["problem"], steps, None)


@dataclass(frozen=True, slots=True)
class DataSet:
    """``is_read``: somebody has read what was refuted in all of it, so that none of it is held out any more."""

    name: str
    folder: str
    read: Callable[[Path], Iterator[Labelled]]
    is_read: bool


SETS = (
    DataSet("prm800k_samples", "prm800k_samples", prm800k, True),
    DataSet("processbench", "processbench", processbench, True),
    DataSet("bigbench_mistake", "bigbench_mistake", bigbench_mistake, True),
    DataSet("prmbench", "prmbench", prmbench, True),
    DataSet("mr_ben", "mr_ben", mr_ben, True),
    DataSet("gsm8k", "gsm8k", gsm8k, True),
    DataSet("gsm8k, models", "gsm8k", gsm8k_models, False),
    DataSet("roscoe", "roscoe", roscoe, False),
    DataSet("math, 500 solutions", "montecarlo_samples", math500, False),
)
PARTS = ("all", "development", "held-out")


def part_of(known: DataSet, problem: str) -> str:
    """All solutions of a problem lie in one part, by its words alone, so that two sets agree on it."""
    is_even = hashlib.sha256(" ".join(problem.split()).encode()).digest()[-1] % 2 == 0
    return "development" if known.is_read or is_even else "held-out"


def measured(verifier: str, traces: Sequence[Labelled]) -> Tally:
    entry, tally = strategy_called(verifier), Tally()
    for trace in traces:
        steps = tuple(StepTask(place, text) for place, text in enumerate(trace.steps))
        tally.take(trace, _finding(entry.start(TraceTask(trace.problem, steps), {})))
    return tally


def _finding(strategy: Any) -> Finding:
    """Verifiers ask nobody, so that the first thing they say is their finding."""
    try:
        next(strategy)
    except StopIteration as end:
        finding: Finding = end.value
        return finding
    raise AssertionError("a verifier without a backend asked for one")


def _row(name: str, verifier: str, tally: Tally) -> str:
    right, wrong = (tally.number(truth=truth, verdict="bad") for truth in ("right", "wrong"))
    later = tally.number(truth="later", verdict="bad")
    figures = (
        f"{tally.number():,}",
        f"{tally.number(verdict='good'):,}",
        f"{right + wrong + later:,}",
        f"{tally.number(verdict='silent'):,}",
        f"{wrong:,}",
        f"{later:,}",
        f"{right:,}",
        _share(right, right + wrong),
        _share(right, tally.number(truth="right"), 3),
        _share(wrong, tally.number(truth="wrong")),
    )
    return f"| {name} | {verifier.partition('/')[2]} | " + " | ".join(figures) + " |"


def _share(part: int, whole: int, places: int = 1) -> str:
    if not whole:
        return "–"
    low, high = wilson_interval(part, whole)
    return f"{part / whole:.{places}%} ({low:.{places}%}–{high:.{places}%})"


def _text(path: Path) -> str:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return file.read()
    return path.read_text(encoding="utf-8")


def _lines(path: Path) -> Iterator[Any]:
    return (json.loads(line) for line in _text(path).splitlines() if line.strip())


def _documents(text: str) -> Iterator[Any]:
    """JSON values one after the other, on however many lines."""
    decoder, at = json.JSONDecoder(), 0
    while (at := len(text) - len(text[at:].lstrip())) < len(text):
        row, at = decoder.raw_decode(text, at)
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", nargs="?", default=os.environ.get("GRADUS_DATA_DIR", ""))
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--sets", nargs="+", choices=[known.name for known in SETS], help="all by default")
    options = parser.parse_args()
    if not options.data_dir:
        parser.error("name the folder of the public data, or set GRADUS_DATA_DIR")
    print("Rows: a set and a verifier. Refuted steps by what people say; intervals are Wilson's, 95 %.\n")
    print(
        "| Set | Verifier | Steps | Supported | Refuted | Silent "
        "| at a wrong step | after the first error | at a right step "
        "| right among both | right steps refuted | wrong steps refuted |"
    )
    print("|" + "---|" * 12)
    against: list[str] = []
    for known in SETS:
        if options.sets and known.name not in options.sets:
            continue
        folder = Path(options.data_dir) / known.folder
        if not folder.is_dir():
            print(f"| {known.name} | skipped: {folder} is not here |")
            continue
        traces = [
            trace for trace in known.read(folder) if options.part in ("all", part_of(known, trace.problem))
        ]
        for verifier in VERIFIERS if traces else ():
            tally = measured(verifier, traces)
            print(_row(known.name, verifier, tally), flush=True)
            against += [f"- {known.name}, {verifier}, {text}" for text in tally.against]
    print("\nRefuted although people call the step right:\n")
    print("\n".join(line.replace("\n", " ")[: SHOWN * 2] for line in against) or "none")


if __name__ == "__main__":
    main()
