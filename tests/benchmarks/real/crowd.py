"""Traces whose machines are real, and made-up people who read all of them when they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from annotate.stats.codes import IntArray
from annotate.stats.locate.evidence import (
    JUDGE,
    NO_ERROR,
    PERSON,
    RIGHT,
    UNGRADED,
    UNKNOWN,
    VERIFIER,
    WRONG,
    Evidence,
    Raters,
    Reports,
    Rollouts,
    Verdicts,
)
from tests.benchmarks.made.people import Crowd, seconds_of
from tests.benchmarks.real.people import Reader, read
from tests.benchmarks.real.signals import Heard

READERS = tuple(Reader(f"person-{i}", share=1.0) for i in range(1, 7))
WRITERS, CHECKER = ("surprise", "equations"), "arithmetic"
EXAMINER = len(WRITERS)


def real_crowd(traces: Sequence[Heard], seed: int) -> Crowd:
    """`surprise` and `equations` are one model, the examiner's votes another; raters are these, people, the checker."""
    rng = np.random.default_rng([seed, 3])
    n, first_person = len(traces), EXAMINER + 1
    kinds = [JUDGE] * first_person + [PERSON] * len(READERS) + [VERIFIER]
    families = [0, 0, 1, *range(2, 2 + len(READERS) + 1)]
    reports = [
        (at, writer, _place(one.levels[name]))
        for at, one in enumerate(traces)
        for writer, name in enumerate(WRITERS)
    ]
    reports += [(at, EXAMINER, place) for at, one in enumerate(traces) for place in one.votes]
    verdicts = [
        (at, len(kinds) - 1, step, int(level == "bad"))
        for at, one in enumerate(traces)
        for step, level in enumerate(one.levels[CHECKER])
        if level in ("good", "bad")
    ]
    rollouts = [
        (at, step, *counts)
        for at, one in enumerate(traces)
        for step, counts in enumerate(one.rollouts[1:])
        if counts[1]
    ]
    evidence = Evidence.of(
        [one.length for one in traces],
        raters=Raters.of(kinds, families),
        outcome=[RIGHT if one.is_right else WRONG for one in traces],
        question_hits=[one.rollouts[0][0] for one in traces],
        question_tries=[one.rollouts[0][1] for one in traces],
        rollouts=Rollouts(*_columns(rollouts, 4)),
        reports=Reports(*_columns(reports, 3)),
        verdicts=Verdicts(*_columns(verdicts, 4)),
    )
    said = np.full((len(READERS), n), UNGRADED)
    at = {one.index: place for place, one in enumerate(traces)}
    for seat, reader in enumerate(READERS):
        for index, place in read(reader, traces, rng).items():
            said[seat, at[index]] = place
    rater = np.arange(first_person, first_person + len(READERS))
    truth = np.array([one.truth for one in traces])
    return Crowd(evidence, truth, rater, said, seconds_of(said, evidence.length, rng))


def without_rollouts(crowd: Crowd) -> Crowd:
    machines = crowd.machines
    none = np.zeros_like(machines.question_hits)
    return replace(
        crowd,
        machines=replace(machines, rollouts=Rollouts(), question_hits=none, question_tries=none),
    )


def _place(levels: Sequence[str]) -> int:
    """Where a judge that labels up to the first bad step puts it; unknown where it left a step open before."""
    for step, level in enumerate(levels):
        if level != "good":
            return step if level == "bad" else UNKNOWN
    return NO_ERROR


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> list[IntArray]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, width).T)
