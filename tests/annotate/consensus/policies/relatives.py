"""Judges of one base model beside others, and what most votes make of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from annotate.consensus.contracts import Question, StepEvidence, TraceEvidence, Vote, Voter
from annotate.enums import RaterKind

STYLE = Question("style", ("low", "middle", "high"), ordered=False)


def a_bench_of_style(
    repeats: float, *, apart: int = 3, kin: int = 4, n: int = 400, seed: int = 2
) -> tuple[list[TraceEvidence], list[str], tuple[Voter, ...]]:
    """Judges right on three of four who err by themselves, and judges of one base model who repeat one voice."""
    rng = random.Random(seed)

    def noisy(true: str, share: float) -> str:
        return true if rng.random() < share else rng.choice([one for one in STYLE.levels if one != true])

    voters = tuple(
        Voter(
            one, f"judge/{one}", RaterKind.JUDGE, frozenset({"style"}), "qwen" if one > apart else f"m{one}"
        )
        for one in range(1, apart + kin + 1)
    )
    traces, truths = [], []
    for step in range(n):
        true = rng.choice(STYLE.levels)
        voice = noisy(true, 0.65)
        said = [noisy(true, 0.75) for _ in range(apart)]
        said += [voice if rng.random() < repeats else noisy(true, 0.65) for _ in range(kin)]
        votes = tuple(
            Vote(1000 * voter.rater + step, voter.rater, voter.kind, "style", value)
            for voter, value in zip(voters, said, strict=True)
        )
        traces.append(TraceEvidence(step, "style", (StepEvidence(step, votes),)))
        truths.append(true)
    return traces, truths, voters


def majority_right(traces: Sequence[TraceEvidence], truths: Sequence[str]) -> float:
    right = 0.0
    for trace, true in zip(traces, truths, strict=True):
        counts = Counter(vote.value for vote in trace.steps[0].votes)
        top = [level for level, n in counts.items() if n == max(counts.values())]
        right += (true in top) / len(top)
    return right / len(truths)
