"""Fuse a million steps of five labels each by every policy: `python -m tests.benchmarks.bench_policies`.

Each policy runs in a process of its own, on evidence that is made as it goes by, as it would come from the database.
Figures are CPU seconds of that process; the time to make the evidence is measured first and taken off once per reading.
Budget: 60 s on two cores and 4 GB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from annotate.consensus.actions import AT_ONCE  # noqa: E402
from annotate.consensus.contracts import (  # noqa: E402
    Decision,
    GoldReading,
    Material,
    Policy,
    Question,
    StepEvidence,
    Tally,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.funnel import Funnel  # noqa: E402
from annotate.consensus.registry import POLICIES  # noqa: E402
from annotate.enums import Action, RaterKind  # noqa: E402
from annotate.settings import build_settings  # noqa: E402

STEPS = 10
LEVELS = ("bad", "neutral", "good")
VARIANTS = (
    *((name, {}) for name in sorted(POLICIES)),
    ("dawid_skene", {"model": "hierarchical"}),
    ("weighted", {"by": "rasch"}),
    # Decides another criterion than the one of first errors, by the pool of models of raters.
    ("posterior", {"rollout_criterion": "verdict"}),
)


def kinds_of(name: str) -> list[RaterKind]:
    """Five raters of the kinds the policy listens to."""
    person, judge = RaterKind.PERSON, RaterKind.JUDGE
    if name in ("lessons", "genprm", "scan", "posterior"):
        return [person, person, person, judge, RaterKind.ROLLOUT]
    if name == "grounded":
        return [person, person, judge, RaterKind.VERIFIER, RaterKind.VERIFIER]
    return [person, person, judge, judge, RaterKind.VERIFIER]


def evidence(kinds: list[RaterKind], criterion: str, n_traces: int) -> Iterator[TraceEvidence]:
    rng = np.random.default_rng(1)
    label = 0
    for trace in range(n_traces):
        truth = rng.choice(3, STEPS, p=(0.2, 0.2, 0.6))
        said = np.where(rng.random((5, STEPS)) < 0.8, truth, rng.integers(0, 3, (5, STEPS))).tolist()
        steps = []
        for place in range(STEPS):
            votes = []
            for rater, kind in enumerate(kinds):
                label += 1
                level = LEVELS[said[rater][place]]
                if kind == RaterKind.ROLLOUT:
                    hard = "bad" if level == "bad" else "good"
                    votes.append(Vote(label, rater, kind, "recoverable", hard, None, Tally(6, 8, 15, 16)))
                else:
                    votes.append(Vote(label, rater, kind, criterion, level))
            steps.append(StepEvidence(trace * STEPS + place, tuple(votes)))
        yield TraceEvidence(trace, criterion, tuple(steps), "wrong")


def decided(
    policy: Policy, arguments: tuple[Any, ...], traces: Iterator[TraceEvidence]
) -> Iterator[tuple[Decision, ...]]:
    """As `annotate.consensus.actions` has it: many at once where the policy can."""
    if policy.bind_many is None:
        yield from map(policy.bind(*arguments), traces)
        return
    rule = policy.bind_many(*arguments)
    while some := list(islice(traces, AT_ONCE)):
        yield from rule(some)


def measure(name: str, options: dict[str, str], n_traces: int) -> str:
    policy, kinds = POLICIES[name], kinds_of(name)
    criterion = policy.usual_criterion
    voters = [
        Voter(
            rater,
            f"r{rater}",
            kind,
            frozenset({"recoverable" if kind == RaterKind.ROLLOUT else criterion}),
        )
        for rater, kind in enumerate(kinds)
    ]
    # The one that places first errors is measured at that; the others decide every step by itself.
    wanted = {"stops_at_first_error": name == "posterior"} if policy.prepare else {}
    settings = build_settings(policy.settings, {**wanted, **options})
    gold = tuple(
        GoldReading(rater, step, LEVELS[2 if (rater + step // 50) % 5 else 0], LEVELS[2])
        for rater in range(5)
        for step in range(0, n_traces * STEPS, 50)
    )
    start = time.process_time()
    for _ in evidence(kinds, criterion, n_traces):
        pass
    made = time.process_time() - start
    start = time.process_time()
    material = Material(
        Question(criterion, LEVELS, True), voters, gold, lambda: evidence(kinds, criterion, n_traces)
    )
    learned = () if policy.prepare is None else (policy.prepare(settings, material),)
    funnel, n_kept, n_steps = Funnel(policy.reasons), 0, 0
    for decisions in decided(
        policy, (settings, criterion, voters, *learned), evidence(kinds, criterion, n_traces)
    ):
        funnel.add(decisions)
        n_kept += sum(one.action == Action.KEEP for one in decisions)
        n_steps += len(decisions)
    spent = time.process_time() - start - made * (1 if policy.prepare is None else 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    share = n_kept / n_steps
    shown = " ".join([name, *(f"{key}={value}" for key, value in options.items())])
    return (
        f"{shown:32} {spent:6.1f} s  {peak:5.2f} GB  {share:4.0%} kept  (making the evidence: {made:.1f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100_000, help="of ten steps each")
    parser.add_argument("--only", type=int, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only is not None:
        print(measure(*VARIANTS[arguments.only], arguments.traces))
        return
    for place in range(len(VARIANTS)):
        command = [sys.executable, "-m", "tests.benchmarks.bench_policies", "--only", str(place)]
        subprocess.run([*command, "--traces", str(arguments.traces)], check=True)


if __name__ == "__main__":
    main()
