"""Four ways to spend readings by people, followed until the labels are right."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.decide import statuses, true_statuses
from annotate.stats.locate.evidence import NO_ERROR, RIGHT, Evidence
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.routing import Pace, queue_order, steps_to_read, value_per_reading
from tests.benchmarks.made.curves import Curve
from tests.benchmarks.made.people import Crowd

MAJORITY, MODELLED, MACHINES, ROUTED = "random", "random, modelled", "machines, random", "machines, routed"
WAYS = (MAJORITY, MODELLED, MACHINES, ROUTED)
# Of all traces, in one batch; the model is fitted anew after each. Where nothing is routed by it, less often is enough.
BATCH, BATCH_IN_ROUNDS = 0.1, 0.25
# Readings that are under way at once. Routed, what they said moves their traces before the next ones are handed out, by
# the batch's fit: that is what a worker does within seconds.
AT_ONCE = 6


@dataclass
class Desk:
    """What one way has bought so far. `read` (n_people, n_traces); `first` (n_traces,) whose reading came first."""

    crowd: Crowd
    rng: np.random.Generator
    read: BoolArray = field(init=False)
    first: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.read = np.zeros(self.crowd.said.shape, dtype=np.bool_)
        self.first = np.full(self.crowd.n_traces, -1)

    @property
    def times(self) -> IntArray:
        """(n_traces,) How often each was read."""
        return np.asarray(self.read.sum(axis=0))

    def ask(self, traces: IntArray) -> None:
        """Each of these is read by somebody who has not had it, drawn evenly."""
        for trace in traces.tolist():
            person = int(self.rng.choice(np.flatnonzero(~self.read[:, trace])))
            self.read[person, trace] = True
            if self.first[trace] < 0:
                self.first[trace] = person


@dataclass(frozen=True)
class Labels:
    """What is believed now; without a fit it is certain of whatever most readers say."""

    believed: LocationPosterior
    evidence: Evidence
    fit: LocationFit | None = None


def followed(crowd: Crowd, way: str, seed: int, *, until: float, most: float) -> Curve:
    """The curve of one way up to its first point at `until`, or to `most` readings per trace."""
    desk = Desk(crowd, np.random.default_rng([seed, 11]))
    order = desk.rng.permutation(crowd.n_traces)
    points: list[tuple[float, ...]] = []
    while True:
        labels = _labels(desk, way)
        status, risk = statuses(labels.believed)
        right = float((status == true_statuses(labels.believed, crowd.truth)).mean())
        place = float((labels.believed.best == crowd.truth).mean())
        hours = float(crowd.seconds[desk.read].sum()) / 3600
        promised = np.nan if labels.fit is None else float(1 - risk.mean())
        points.append((desk.times.sum() / crowd.n_traces, hours, right, place, promised))
        if right >= until or desk.times.sum() >= most * crowd.n_traces or desk.read.all():
            return Curve(*np.array(points).T)
        if way == ROUTED:
            _ask_the_most_worth(desk, labels, max(1, round(BATCH * crowd.n_traces)))
        else:
            wanted = _in_rounds(desk, order, twice=way != MACHINES)
            desk.ask(wanted[: max(1, round(BATCH_IN_ROUNDS * crowd.n_traces))])


def _labels(desk: Desk, way: str) -> Labels:
    if way == MAJORITY:
        return Labels(by_majority(desk), desk.crowd.machines)
    evidence = desk.crowd.with_readings(desk.read, alone=way == MODELLED)
    fit = locate(evidence)
    return Labels(fit.posterior(evidence), evidence, fit)


def _ask_the_most_worth(desk: Desk, labels: Labels, readings: int) -> None:
    """By expected risk removed per expected second; the pace is the median of what had been read before the batch."""
    assert labels.fit is not None
    length, said = desk.crowd.machines.length, desk.crowd.said
    steps = np.where(said == NO_ERROR, length, said + 1)[desk.read]
    pace = Pace.of(steps, desk.crowd.seconds[desk.read])
    value, seconds = _worth(labels.fit, labels.evidence, labels.believed, pace)
    while readings > 0:
        wanted = queue_order(value, seconds)
        asked = wanted[desk.times[wanted] < desk.crowd.n_people][: min(AT_ONCE, readings)]
        if not len(asked):
            return
        desk.ask(asked)
        readings -= len(asked)
        heard = np.sort(asked)
        evidence = desk.crowd.with_readings(desk.read).take(heard)
        value[heard], seconds[heard] = _worth(labels.fit, evidence, labels.fit.posterior(evidence), pace)


def _worth(
    fit: LocationFit, evidence: Evidence, believed: LocationPosterior, pace: Pace
) -> tuple[FloatArray, FloatArray]:
    """(n_traces,) What a reading is expected to remove, and the seconds it is expected to take."""
    return value_per_reading(fit, evidence, believed), pace.seconds(steps_to_read(believed))


def _in_rounds(desk: Desk, order: IntArray, *, twice: bool) -> IntArray:
    """In the drawn order, those read least first; `twice`: the first two readings of a trace follow each other.

    A trace whose second reading is due comes once in a batch: the batch behind this one reads it again.
    """
    times = desk.times[order]
    rounds = np.maximum(times - 1, 0) * 2 - (times == 1) if twice else times
    wanted = order[np.argsort(rounds, kind="stable")]
    return wanted[desk.times[wanted] < desk.crowd.n_people]


def by_majority(desk: Desk) -> LocationPosterior:
    """Each step has the status that most of its readers give it; where they are even, the first reader's.

    More than half must place the error at or before a step, so this is the median place. What nobody has read is
    guessed from the final answer: sound where it is right, else wrong at the last step.
    """
    machines = desk.crowd.machines
    layout = Layout.of(machines.length)
    place = np.where(machines.outcome == RIGHT, machines.length, machines.length - 1)
    said = np.where(desk.crowd.said == NO_ERROR, machines.length, desk.crowd.said)
    for trace in np.flatnonzero(desk.first >= 0).tolist():
        mine = np.sort(said[desk.read[:, trace], trace])
        low, high = mine[(len(mine) - 1) // 2], mine[len(mine) // 2]
        place[trace] = np.clip(said[desk.first[trace], trace], low, high)
    probability = np.zeros(layout.n_places)
    probability[layout.start[:-1] + place] = 1.0
    return LocationPosterior(layout, probability)
