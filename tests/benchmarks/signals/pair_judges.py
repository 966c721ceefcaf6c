"""Figure: the judge of pairs on a right and a wrong solution of the same problem, shown in both orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from annotate.prelabel.contracts import Finding
from fixtures.tinylm.examiner.questions import entry_of
from fixtures.tinylm.examiner.tasks import pair_of
from fixtures.tinylm.intervals import share
from fixtures.tinylm.problems import Partition, problems_of
from fixtures.tinylm.slips import draw_mixed_trace
from fixtures.tinylm.traces import Trace
from tests.benchmarks.signals.general_judges import EXAMINER, Answers
from tests.benchmarks.signals.playing import play_together
from tests.benchmarks.signals.tables import ranged, table
from workers.backends.registry import open_backend

JUDGES: dict[str, dict[str, Any]] = {
    "judge/pairwise, direct": {"principle": False},
    "judge/pairwise, by a principle": {"temperature": 0.0, "votes": 1},
    "judge/pairwise, by a principle, drawn": {},
}
SAID = ("the right one", "the wrong one", "neither", "silent")
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Pair:
    """``better`` is the side of the solution without an error."""

    right: Trace
    wrong: Trace
    better: Side

    @property
    def ordered(self) -> tuple[Trace, Trace]:
        return (self.right, self.wrong) if self.better == "left" else (self.wrong, self.right)

    def verdict(self, finding: Finding) -> str:
        if not finding.opinions:
            return "silent"
        value = finding.opinions[0].value
        return "neither" if value == "tie" else "the right one" if value == self.better else "the wrong one"


def generated_pairs(n: int, seed: int, partition: Partition) -> list[Pair]:
    rng = Random(f"pairs-{seed}")
    problems = problems_of(partition, rng)
    pairs = []
    for _ in range(n):
        problem = next(problems)
        right, wrong = (draw_mixed_trace(problem, rng, error_rate=rate) for rate in (0.0, 1.0))
        pairs.append(Pair(right, wrong, rng.choice(("left", "right"))))
    return pairs


def pair_figures(*, quick: bool, n: int | None, seed: int, backend: str, partition: Partition) -> None:
    n = n or (20 if quick else 200)
    model = open_backend(backend or EXAMINER)
    pairs = generated_pairs(n, seed, partition)
    entry = entry_of("pairwise")
    said: dict[str, list[Finding]] = {}
    for name, values in JUDGES.items():
        strategies = [entry.start(pair_of(*pair.ordered), values) for pair in pairs]
        said[name] = [played.finding for played in play_together(strategies, Answers(model).answer)]
    model.close()
    spoiled = sum(bool(pair.wrong.is_spoiled) for pair in pairs)
    print(f"\nJudges of pairs served by {model.name}, problems of the partition `{partition}`.")
    print(f"{n} pairs of a right and a wrong solution of one problem, seed {seed}; {spoiled} wrong answers.")
    _print_overview(pairs, said)
    groups: dict[str, Callable[[Pair], str]] = {
        "by whether the answer is wrong": lambda pair: (
            "wrong answer" if pair.wrong.is_spoiled else "right answer"
        ),
        "by the side of the right one": lambda pair: pair.better,
        "by kind of error": lambda pair: str(pair.wrong.error_kind),
    }
    for title, group_of in groups.items():
        _print_split(title, pairs, said, group_of)


def _print_overview(pairs: Sequence[Pair], said: dict[str, list[Finding]]) -> None:
    rows = []
    for name, findings in said.items():
        verdicts = [pair.verdict(finding) for pair, finding in zip(pairs, findings, strict=True)]
        counts = Counter(verdicts)
        agreed = [[bool(finding.summary.get("is_consistent"))] for finding in findings]
        right = ranged(share([[verdict == SAID[0]] for verdict in verdicts]))
        rows.append((name, right, *(counts[word] for word in SAID), ranged(share(agreed))))
    print("\n### The right solution preferred\n")
    print(table(("strategy", "right preferred", *SAID, "both orders prefer the same"), rows))


def _print_split(
    title: str,
    pairs: Sequence[Pair],
    said: dict[str, list[Finding]],
    group_of: Callable[[Pair], str],
) -> None:
    groups = Counter(group_of(pair) for pair in pairs)
    rows = []
    for name, findings in said.items():
        both = list(zip(pairs, findings, strict=True))
        shares = [
            share([[pair.verdict(finding) == SAID[0]] for pair, finding in both if group_of(pair) == group])
            for group in groups
        ]
        rows.append((name, *map(ranged, shares)))
    print(f"\n### The right solution preferred, {title}\n")
    print(table(("strategy", *(f"{group} (n = {count})" for group, count in groups.items())), rows))
