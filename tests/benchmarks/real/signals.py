"""What the shipped models say of generated traces: `python -m tests.benchmarks.real.signals PARTITION FILE`.

Rollouts of the policy (eight from every prefix but the last, eight attempts at the question), the judge by surprise and
by written equations, the examiner asked in words (four votes), and the arithmetic verifier. Nothing is simulated here.
It takes a few seconds per trace on one core; what is in the file already is not made again.
"""

# Django has to be set up before anything of it is imported.
# ruff: noqa: E402

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# A second thread gains a model of this size nothing and costs whoever else is computing.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django

django.setup()

from annotate.prelabel.continuations.rollouts import BARE, grade_completion
from annotate.prelabel.contracts import Completion, Finding
from annotate.prelabel.judge.likelihood import judge_likelihood
from annotate.prelabel.verifiers.arithmetic import STRATEGY as ARITHMETIC
from fixtures.tinylm.examiner.questions import entry_of
from fixtures.tinylm.examiner.tasks import task_of as worded
from fixtures.tinylm.traces import Trace
from tests.benchmarks.signals.general_judges import EXAMINER
from tests.benchmarks.signals.own_model import (
    Bank,
    filled_banks,
    generated_traces,
    likelihood_settings,
    open_judge,
    open_policy,
    task_of,
)
from tests.benchmarks.signals.playing import play_together
from workers.backends.registry import open_backend

BATCH = 25
TRIES = 8
VOTES = 4
SEEDS = {"develop": 61, "final": 62}


@dataclass(frozen=True, slots=True)
class Heard:
    """One trace. ``levels`` are by machine and step, empty where it says nothing; ``votes`` are the examiner's places,
    -1 for none, unread ones left out; ``rollouts`` are (hits, known) by step, the first of the bare question.
    """

    index: int
    length: int
    first_error: int | None
    is_right: bool
    rollouts: list[list[int]]
    levels: dict[str, list[str]]
    votes: list[int]

    @property
    def truth(self) -> int:
        return -1 if self.first_error is None else self.first_error


def stored(path: Path) -> list[Heard]:
    """What a file holds; a line that was cut off when its making was stopped is not read."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = []
    for line in lines:
        try:
            found.append(Heard(**json.loads(line)))
        except json.JSONDecodeError:
            print(f"A line of {path} is not whole and is left out.", file=sys.stderr)
    return found


def make(path: Path, partition: str, n: int) -> None:
    done = {one.index for one in stored(path)}
    traces = generated_traces(n, SEEDS[partition], "final" if partition == "final" else "develop")
    left = [index for index in range(n) if index not in done]
    policy, judge, examiner = open_policy(), open_judge(), open_backend(EXAMINER)
    for start in range(0, len(left), BATCH):
        some = left[start : start + BATCH]
        rows = _heard(some, [traces[index] for index in some], policy, judge, examiner)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
        print(f"{start + len(some)} of {len(left)}", flush=True)


def _heard(
    indices: Sequence[int], traces: Sequence[Trace], policy: Any, judge: Any, examiner: Any
) -> Iterable[Heard]:
    tasks = [task_of(trace) for trace in traces]
    banks = filled_banks(tasks, policy)
    curve = likelihood_settings()
    equations, words = entry_of("critique"), {"votes": VOTES, "merge": "majority", "temperature": 0.7}
    surprised = play_together([judge_likelihood(task, curve) for task in tasks], judge.answer)
    written = play_together(
        [equations.start(task, {"dialect": "equation", "max_tokens": 48}) for task in tasks], judge.answer
    )
    asked = play_together([equations.start(worded(trace), words) for trace in traces], examiner.answer)
    for at, (index, trace, bank) in enumerate(zip(indices, traces, banks, strict=True)):
        length = len(trace.steps)
        checked = play_together([ARITHMETIC.start(tasks[at], {})], _nothing)[0].finding
        findings = {
            "surprise": surprised[at].finding,
            "equations": written[at].finding,
            "examiner": asked[at].finding,
            "arithmetic": checked,
        }
        yield Heard(
            index=index,
            length=length,
            first_error=trace.first_error,
            is_right=trace.answer == trace.problem.answer,
            rollouts=[_counted(bank, place) for place in range(BARE, length - 1)],
            levels={name: _levels(finding, length) for name, finding in findings.items()},
            votes=_places(findings["examiner"]),
        )


def _nothing(asked: Sequence[Any]) -> list[list[Completion]]:
    return [[] for _ in asked]


def _counted(bank: Bank, place: int) -> list[int]:
    reference = str(bank.task.reference_answer)
    grades = [grade_completion(one.text, reference, one.finish_reason) for one in bank.held[place][:TRIES]]
    hits = grades.count("right")
    return [hits, hits + grades.count("wrong")]


def _levels(finding: Finding, length: int) -> list[str]:
    found = [""] * length
    for one in finding.opinions:
        if one.position is not None:
            found[one.position] = str(one.value)
    return found


def _places(finding: Finding) -> list[int]:
    """Every readable vote stands in the evidence of every opinion and silence; where nothing was read there is none."""
    for one in (*finding.opinions, *finding.silences):
        votes = [vote for vote in one.evidence.get("votes", ()) if "first_error" in vote]
        if votes:
            return [-1 if vote["first_error"] is None else vote["first_error"] for vote in votes]
    return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("partition", choices=tuple(SEEDS))
    parser.add_argument("file", type=Path)
    parser.add_argument("--traces", type=int, default=400)
    options = parser.parse_args()
    make(options.file, options.partition, options.traces)


if __name__ == "__main__":
    main()
