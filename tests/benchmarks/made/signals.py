"""Signals of a first error from models unlike the fitted one.

Rollouts: a question has a solve rate s ~ Beta(3, 1.2); before the error a completion succeeds with s^(1 − 0.8 (t+1)/M);
from it on with r 0.6^(t−e), r ~ Beta(0.6, 3) (weak repair) or Beta(1.2, 3) (strong). No Beta-binomial noise on top.

Readers: a reader sees the error with a probability that falls with a *hidden* difficulty of the trace, and then names a
place that is off by rounded Student noise (2 degrees of freedom: heavy tails), reflected at the ends. A sound trace is
cleared or an error is imagined at a step drawn by hidden step-wise plausibility. Machines of a family share a
decoy: with probability `shared` a reader that errs names the family's decoy instead of noise. Further votes of one
machine repeat its first vote with probability `stuck`. Others: a spammer (no look), a flipper (clears what is
wrong, and blames what is sound), a copier (repeats another machine's report nine times in ten).

Verifiers: check one step in three; refute a wrong one with .7, a sound one with .01, repaired ones behind the error .2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import (
    JUDGE,
    NO_ERROR,
    PERSON,
    UNKNOWN,
    VERIFIER,
    Evidence,
    Raters,
    Reports,
    Rollouts,
    Verdicts,
)


@dataclass(frozen=True)
class Reader:
    """`seen`: chance to see an error of middling difficulty; `spread`: of the noise; `clears`: sound traces."""

    kind: int
    family: int
    seen: float = 0.75
    spread: float = 0.6
    clears: float = 0.87
    late: float = 0.25
    votes: int = 1
    share: float = 1.0
    manner: str = "reads"
    copies: int = -1


JUDGES = (
    Reader(JUDGE, 0, votes=3),
    Reader(JUDGE, 0, seen=0.65, clears=0.82),
    Reader(JUDGE, 1, seen=0.8, spread=0.7, clears=0.9),
)
PEOPLE = tuple(Reader(PERSON, 10 + i, seen=0.93, spread=0.3, clears=0.95, share=0.03) for i in range(4))


@dataclass(frozen=True)
class World:
    n_traces: int = 6000
    sound: float = 0.5
    strong_repair: bool = False
    readers: tuple[Reader, ...] = JUDGES + PEOPLE
    has_verifier: bool = True
    has_rollouts: bool = True
    tries: int = 8
    stuck: float = 0.6
    shared: float = 0.45
    gold: float = 0.02
    shortest: int = 4
    longest: int = 13
    truth: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Made:
    evidence: Evidence
    truth: IntArray


def made(world: World, seed: int) -> Made:
    rng = np.random.default_rng(seed)
    n = world.n_traces
    length = rng.integers(world.shortest, world.longest + 1, n)
    truth = np.where(rng.random(n) < world.sound, NO_ERROR, rng.integers(0, length))
    # A few sound solutions end in a wrong answer, and some wrong ones in a right answer.
    outcome = np.where(truth == NO_ERROR, rng.random(n) > 0.005, rng.random(n) < 0.08).astype(np.int64)
    solve = rng.beta(3, 1.2, n)
    hidden = rng.normal(0, 1, n) - 1.5 * (solve - 0.7)
    raters = Raters.of([r.kind for r in world.readers] + [VERIFIER], [r.family for r in world.readers] + [99])
    gold = np.where(rng.random(n) < world.gold, truth, UNKNOWN)
    tries = np.full(n, 32)
    evidence = Evidence.of(
        length,
        raters=raters,
        outcome=outcome,
        question_hits=rng.binomial(tries, solve),
        question_tries=tries,
        gold=gold,
        rollouts=_rollouts(rng, world, length, truth, solve) if world.has_rollouts else None,
        reports=_reports(rng, world, length, truth, hidden),
        verdicts=_verdicts(rng, len(world.readers), length, truth) if world.has_verifier else None,
    )
    return Made(evidence, truth)


def _rollouts(
    rng: np.random.Generator, world: World, length: IntArray, truth: IntArray, solve: FloatArray
) -> Rollouts:
    trace = np.repeat(np.arange(len(length)), length - 1)
    step = np.concatenate([np.arange(one - 1) for one in length.tolist()])
    repair = rng.beta(1.2 if world.strong_repair else 0.6, 3, len(length))
    e = np.where(truth == NO_ERROR, 10**6, truth)[trace]
    before = solve[trace] ** (1 - 0.8 * (step + 1) / length[trace])
    chance = np.where(step < e, before, repair[trace] * 0.6 ** np.maximum(step - e, 0))
    tries = np.full(len(trace), world.tries)
    return Rollouts(trace, step, rng.binomial(tries, chance), tries)


def _reports(
    rng: np.random.Generator, world: World, length: IntArray, truth: IntArray, hidden: FloatArray
) -> Reports:
    n = len(length)
    decoys: dict[int, IntArray] = {}
    said: list[IntArray] = []
    rows: list[tuple[IntArray, IntArray, IntArray]] = []
    for number, reader in enumerate(world.readers):
        decoy = decoys.setdefault(reader.family, rng.integers(-1, length))
        first = _place(rng, world, reader, length, truth, hidden, decoy, said)
        said.append(first)
        read = np.flatnonzero(rng.random(n) < reader.share)
        rows.append((read, np.full(len(read), number), first[read]))
        for _ in range(reader.votes - 1):
            again = _place(rng, world, reader, length, truth, hidden, decoy, said)
            place = np.where(rng.random(n) < world.stuck, first, again)
            rows.append((read, np.full(len(read), number), place[read]))
    return Reports(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _place(
    rng: np.random.Generator,
    world: World,
    reader: Reader,
    length: IntArray,
    truth: IntArray,
    hidden: FloatArray,
    decoy: IntArray,
    said: list[IntArray],
) -> IntArray:
    n = len(length)
    anywhere = rng.integers(-1, length)
    if reader.manner == "spams":
        return anywhere
    if reader.manner == "copies":
        return np.where(rng.random(n) < 0.9, said[reader.copies], anywhere)
    ability = np.log(reader.seen / (1 - reader.seen))
    seen = rng.random(n) < 1 / (1 + np.exp(-(ability - 0.6 * hidden)))
    noise = np.rint(rng.standard_t(2, n) * reader.spread + reader.late).astype(np.int64)
    off = np.abs(truth + noise)
    off = np.where(off >= length, np.maximum(2 * (length - 1) - off, 0), off)
    is_shared = rng.random(n) < world.shared
    missed = np.where(is_shared, decoy, NO_ERROR)
    named = np.where(seen, off, missed)
    steady = np.log(reader.clears / (1 - reader.clears))
    cleared = rng.random(n) < 1 / (1 + np.exp(-(steady - 0.6 * hidden)))
    blamed = np.where(is_shared & (decoy >= 0), decoy, rng.integers(0, length))
    place = np.where(truth == NO_ERROR, np.where(cleared, NO_ERROR, blamed), named)
    if reader.manner == "flips":
        place = np.where(place == NO_ERROR, rng.integers(0, length), NO_ERROR)
    return np.asarray(place)


def _verdicts(rng: np.random.Generator, rater: int, length: IntArray, truth: IntArray) -> Verdicts:
    trace = np.repeat(np.arange(len(length)), length)
    step = np.concatenate([np.arange(one) for one in length.tolist()])
    e = np.where(truth == NO_ERROR, 10**6, truth)[trace]
    checked = rng.random(len(trace)) < 1 / 3
    refuted = np.where(step == e, 0.7, np.where(step < e, 0.01, 0.2))
    bad = (rng.random(len(trace)) < refuted).astype(np.int64)
    return Verdicts(trace[checked], np.full(int(checked.sum()), rater), step[checked], bad[checked])
