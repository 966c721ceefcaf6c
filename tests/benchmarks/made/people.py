"""People who read traces when they are asked, and what it costs: readings, steps and seconds.

Who says what about which trace is drawn once by `signals.made`, for everybody and every trace; a strategy sees a
reading when it has paid for it, so that two strategies that ask the same person about the same trace hear the same.

A reading takes (1 + steps read) × the person's own pace × log-normal noise of half the size of the mean. Steps behind
the one that is named are not read, as on the labelling page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR, PERSON, UNGRADED, Evidence, Raters, Reports
from tests.benchmarks.made.signals import World, made

# Seconds per step that people take in the middle, and how far they differ (standard deviation of the logarithm).
PACE, DIFFER, NOISE = 20.0, 0.3, 0.45


@dataclass(frozen=True)
class Crowd:
    """`said` and `seconds` (n_people, n_traces) are hidden until asked; `machines` holds no reading by a person."""

    machines: Evidence
    truth: IntArray
    rater: IntArray
    said: IntArray
    seconds: FloatArray

    @property
    def n_traces(self) -> int:
        return len(self.truth)

    @property
    def n_people(self) -> int:
        return len(self.rater)

    def with_readings(self, read: BoolArray, *, alone: bool = False) -> Evidence:
        """Everything known once the readings marked in `read` (n_people, n_traces) are in; `alone`: by people only."""
        person, trace = np.nonzero(read)
        rows = Reports(trace, self.rater[person], self.said[person, trace])
        base = self.by_people_only() if alone else self.machines
        both = (base.reports, rows)
        joined = Reports(
            *(np.concatenate([getattr(one, name) for one in both]) for name in ("trace", "rater", "place"))
        )
        return replace(base, reports=joined.take(np.argsort(joined.trace, kind="stable")))

    def by_people_only(self) -> Evidence:
        """No machine has spoken: not even of how hard the questions are."""
        kinds = self.machines.raters
        return Evidence.of(
            self.machines.length,
            raters=Raters.of(kinds.kind, kinds.family),
            outcome=self.machines.outcome,
        )


def crowd(world: World, seed: int) -> Crowd:
    """`world`'s people are to read everything (`share` 1)."""
    one = made(world, seed)
    rng = np.random.default_rng([seed, 7])
    evidence, reports = one.evidence, one.evidence.reports
    is_person = evidence.raters.kind == PERSON
    rater = np.flatnonzero(is_person)
    said = np.full((len(rater), evidence.n_traces), UNGRADED)
    by_person = is_person[reports.rater]
    seat = np.searchsorted(rater, reports.rater[by_person])
    said[seat, reports.trace[by_person]] = reports.place[by_person]
    machines = replace(evidence, reports=reports.take(~by_person))
    return Crowd(machines, one.truth, rater, said, seconds_of(said, evidence.length, rng))


def seconds_of(said: IntArray, length: IntArray, rng: np.random.Generator) -> FloatArray:
    """(n_people, n_traces) What each reading of places `said` would take."""
    steps = np.where(said == NO_ERROR, length, said + 1)
    pace = PACE * np.exp(rng.normal(0, DIFFER, len(said)))[:, None]
    noise = np.exp(rng.normal(-(NOISE**2) / 2, NOISE, said.shape))
    return np.asarray(pace * (steps + 1) * noise)
