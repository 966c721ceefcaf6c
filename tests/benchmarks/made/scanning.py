"""Sets of readings by people who do not err around the error, with everything about a set drawn from its seed.

A reader who *scans* walks the steps from the first and flags the first one that looks wrong to them: a sound step with
a rate of false alarms, the first error with a rate of hits, a step behind a missed error with a rate between. So a
report comes early by a false alarm and late by a miss, and is never centred on the error. The other shapes vary this:
readers who know only some kinds of steps, one who always says "none", false alarms that crowd at the start while hits
fade towards the end, one who flags about the same place whatever stands there, steps that look wrong to everybody, and
readers who walk from the last step back. `centred` is the opposite, rounded Student noise around the error, and
`mixed` half of each. What is fitted holds the readers of `scans` and `clears` and nearly that of `favourite`; of the
others it is wrong in shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import JUDGE, NO_ERROR, PERSON, UNKNOWN, Evidence, Raters, Reports
from tests.benchmarks.made.signals import Made

SHAPES = ("scans", "kinds", "clears", "early", "favourite", "alike", "backwards", "centred", "mixed")
_N_KINDS = 3


@dataclass(frozen=True)
class Reader:
    """Rates per step; `knows` (n_kinds,) whether they see anything in a step of a kind.

    False alarms in the first third are `crowding` times as frequent, hits fall by `fade` towards the end, `alike` is
    how much a step's looks, the same for everybody, sway them, `place` the step that one with a favourite flags.
    """

    manner: str = "scans"
    hit: float = 0.8
    false: float = 0.03
    behind: float = 0.4
    knows: tuple[bool, ...] = (True,) * _N_KINDS
    crowding: float = 1.0
    fade: float = 0.0
    alike: float = 0.0
    place: int = 0


@dataclass(frozen=True)
class Plan:
    """What a set is made of; `gold` is the share of traces with a known answer."""

    shape: str
    n_traces: int
    sound: float
    gold: float
    shortest: int
    longest: int
    kind: int
    readers: tuple[Reader, ...]

    @property
    def told(self) -> str:
        return (
            f"{self.shape:9s} {len(self.readers)} readers, {self.n_traces:4d} traces of {self.shortest:2d}-"
            f"{self.longest:2d} steps, sound {self.sound:.2f}, gold {self.gold:.2f}"
        )


@dataclass(frozen=True)
class _Traces:
    """Steps of all traces as rows of a rectangle; `inside` says which there are."""

    length: IntArray
    truth: IntArray
    inside: BoolArray = field(init=False)
    part: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        place = np.arange(int(self.length.max()))
        object.__setattr__(self, "inside", place < self.length[:, None])
        object.__setattr__(self, "part", place / np.maximum(self.length[:, None] - 1, 1))


def planned(shape: str, seed: int) -> Plan:
    """Everything about a set of this shape but its readings."""
    rng = np.random.default_rng([SHAPES.index(shape), seed])
    shortest = int(rng.integers(4, 9))
    n_readers = int(rng.choice([3, 5, 7]))
    readers = [_READERS[shape](rng, number, n_readers) for number in range(n_readers)]
    return Plan(
        shape=shape,
        n_traces=int(rng.choice([150, 400, 1200])),
        sound=float(rng.uniform(0.2, 0.7)),
        gold=float(rng.choice([0.0, 0.02, 0.1])),
        shortest=shortest,
        longest=int(rng.integers(shortest + 4, 31)),
        kind=PERSON if rng.random() < 0.7 else JUDGE,
        readers=tuple(readers),
    )


def scanned(plan: Plan, seed: int) -> Made:
    """The readings of everybody of every trace; final answers are not graded and nobody else speaks."""
    rng = np.random.default_rng([SHAPES.index(plan.shape), seed, 1])
    n = plan.n_traces
    length = rng.integers(plan.shortest, plan.longest + 1, n)
    truth = np.where(rng.random(n) < plan.sound, NO_ERROR, rng.integers(0, length))
    traces = _Traces(length, truth)
    kinds = rng.integers(0, _N_KINDS, traces.inside.shape)
    looks = rng.normal(size=traces.inside.shape)
    places = [_named(rng, one, traces, kinds, looks) for one in plan.readers]
    trace = np.tile(np.arange(n), len(places))
    rater = np.repeat(np.arange(len(places)), n)
    evidence = Evidence.of(
        length,
        raters=Raters.of([plan.kind] * len(places)),
        gold=np.where(rng.random(n) < plan.gold, truth, UNKNOWN),
        reports=Reports(trace, rater, np.concatenate(places)),
    )
    return Made(evidence, truth)


def _named(
    rng: np.random.Generator, reader: Reader, traces: _Traces, kinds: IntArray, looks: FloatArray
) -> IntArray:
    length, truth = traces.length, traces.truth
    if reader.manner == "clears":
        return np.full(len(length), NO_ERROR)
    if reader.manner == "favourite":
        usual = np.minimum(reader.place + (rng.random(len(length)) < 0.2), length - 1)
        return np.where(rng.random(len(length)) < 0.85, usual, NO_ERROR)
    if reader.manner == "centred":
        return _around(rng, reader, length, truth)
    flags = rng.random(traces.inside.shape) < _rates(reader, traces, kinds, looks)
    flags &= traces.inside
    if reader.manner == "backwards":
        last = flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)
        return np.where(flags.any(axis=1), last, NO_ERROR)
    return np.where(flags.any(axis=1), flags.argmax(axis=1), NO_ERROR)


def _rates(reader: Reader, traces: _Traces, kinds: IntArray, looks: FloatArray) -> FloatArray:
    """(n_traces, n_steps) How likely the reader is to flag each step once they stand at it."""
    place = np.arange(traces.inside.shape[1])
    error = np.where(traces.truth == NO_ERROR, traces.inside.shape[1], traces.truth)[:, None]
    false = np.where(traces.part < 1 / 3, reader.false * reader.crowding, reader.false)
    hit = reader.hit * (1 - reader.fade * traces.part)
    rate = np.where(place < error, false, np.where(place == error, hit, reader.behind))
    rate = np.clip(rate, 1e-4, 1 - 1e-4)
    rate = 1 / (1 + np.exp(-(np.log(rate / (1 - rate)) + reader.alike * looks)))
    return np.where(np.array(reader.knows)[kinds], rate, 0.002)


def _around(rng: np.random.Generator, reader: Reader, length: IntArray, truth: IntArray) -> IntArray:
    noise = np.rint(rng.standard_t(2, len(length)) * 0.6 + 0.2).astype(np.int64)
    seen = rng.random(len(length)) < reader.hit
    near = np.where(seen, np.clip(truth + noise, 0, length - 1), NO_ERROR)
    cleared = rng.random(len(length)) < 1 - 4 * reader.false
    return np.where(truth == NO_ERROR, np.where(cleared, NO_ERROR, rng.integers(0, length)), near)


def _scans(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    hit = float(rng.uniform(0.35, 0.95))
    false = float(np.exp(rng.uniform(np.log(0.005), np.log(0.12))))
    return Reader(hit=hit, false=false, behind=float(rng.uniform(false, hit)))


def _kinds(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    plain = _scans(rng, number, n_readers)
    knows = [kind == number % _N_KINDS or rng.random() < 0.35 for kind in range(_N_KINDS)]
    return Reader(hit=0.3 + 0.7 * plain.hit, false=plain.false, behind=plain.behind, knows=tuple(knows))


def _clears(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    return Reader(manner="clears") if number == 0 else _scans(rng, number, n_readers)


def _early(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    plain = _scans(rng, number, n_readers)
    crowding, fade = float(rng.uniform(1, 5)), float(rng.uniform(0, 0.7))
    return Reader(hit=plain.hit, false=plain.false, behind=plain.behind, crowding=crowding, fade=fade)


def _favourite(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    if number == 0:
        return Reader(manner="favourite", place=int(rng.integers(0, 6)))
    return _scans(rng, number, n_readers)


def _alike(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    plain = _scans(rng, number, n_readers)
    return Reader(hit=plain.hit, false=plain.false, behind=plain.behind, alike=float(rng.uniform(0.3, 1.2)))


def _backwards(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    plain = _scans(rng, number, n_readers)
    manner = "backwards" if number < n_readers // 2 else "scans"
    return Reader(manner=manner, hit=plain.hit, false=plain.false / 2, behind=plain.behind / 4)


def _centred(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    plain = _scans(rng, number, n_readers)
    return Reader(manner="centred", hit=plain.hit, false=plain.false)


def _mixed(rng: np.random.Generator, number: int, n_readers: int) -> Reader:
    return (_scans if number % 2 else _centred)(rng, number, n_readers)


_READERS: dict[str, Callable[[np.random.Generator, int, int], Reader]] = {
    "scans": _scans,
    "kinds": _kinds,
    "clears": _clears,
    "early": _early,
    "favourite": _favourite,
    "alike": _alike,
    "backwards": _backwards,
    "centred": _centred,
    "mixed": _mixed,
}
