"""The shipped small policy on generated traces whose first error is known, and the shipped small judge.

The traces are fresh: their partition was never trained on and is not the one the models' cards were measured on.
Rollouts are drawn once and kept, so that every strategy is shown the same ones and differs by what it asks alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from annotate.prelabel.continuations.rollouts import BARE, RolloutSettings, prefix_messages
from annotate.prelabel.contracts import Backend, Completion, Request, StepTask, TraceTask
from annotate.prelabel.judge.likelihood import LikelihoodSettings, judge_likelihood
from fixtures.tinylm.problems import Partition, problems_of
from fixtures.tinylm.slips import draw_mixed_trace
from fixtures.tinylm.traces import Trace
from tests.benchmarks.signals.playing import Played, play_together
from workers.backends.registry import open_backend

MODELS = Path("fixtures/models")
ERROR_RATE = 0.8
# Rollouts drawn ahead for every prefix; who wants more gets them in further helpings of this size.
HELPING = 8
_BATCH = 128


def generated_traces(n: int, seed: int, partition: Partition = "develop") -> list[Trace]:
    rng = Random(f"signals-{seed}")
    problems = problems_of(partition, rng)
    return [draw_mixed_trace(next(problems), rng, error_rate=ERROR_RATE) for _ in range(n)]


def task_of(trace: Trace) -> TraceTask:
    steps = tuple(StepTask(i, step.text) for i, step in enumerate(trace.steps))
    return TraceTask(trace.problem.text, steps, str(trace.problem.answer))


@dataclass(slots=True)
class Bank:
    """The rollouts of one trace, by step (``BARE``: none), in the order of their sample numbers."""

    task: TraceTask
    policy: Backend
    held: dict[int, list[Completion]] = field(default_factory=dict)

    def request(self, place: int) -> Request:
        settings = RolloutSettings()
        return Request(prefix_messages(self.task, place, settings), HELPING, settings.sampling)

    def answer(self, request: Request, sample: int) -> Completion:
        place = BARE if request.about is None else request.about
        drawn = self.held.setdefault(place, [])
        while len(drawn) <= sample:
            numbers = range(len(drawn), len(drawn) + HELPING)
            drawn += self.policy.answer([(self.request(place), numbers)])[0]
        return drawn[sample]


def filled_banks(tasks: Sequence[TraceTask], policy: Backend) -> list[Bank]:
    """Banks with a first helping for every prefix but the last step, which nobody rolls out."""
    banks = [Bank(task, policy) for task in tasks]
    places = [(bank, place) for bank in banks for place in range(BARE, len(bank.task.steps) - 1)]
    for start in range(0, len(places), _BATCH):
        some = places[start : start + _BATCH]
        answers = policy.answer([(bank.request(place), range(HELPING)) for bank, place in some])
        for (bank, place), completions in zip(some, answers, strict=True):
            bank.held[place] = completions
    return banks


def open_policy() -> Backend:
    return open_backend(f"transformers:{MODELS / 'policy'}?batch=128")


def open_judge() -> Backend:
    return open_backend(f"transformers:{MODELS / 'judge'}?batch=128")


@dataclass(frozen=True, slots=True)
class World:
    """Traces, their rollouts, what the judge's surprise says of each, and the judge for more questions."""

    traces: list[Trace]
    banks: list[Bank]
    surprised: list[Played]
    judge: Backend

    @property
    def hints(self) -> list[int]:
        """The judge's index, -1 where it names no error."""
        return [-1 if played.place is None else played.place for played in self.surprised]


@cache
def own_world(n: int, seed: int) -> World:
    """The rollouts are what takes long; the figures of one command share them."""
    traces = generated_traces(n, seed)
    tasks = [task_of(trace) for trace in traces]
    judge, curve = open_judge(), likelihood_settings()
    surprised = play_together([judge_likelihood(task, curve) for task in tasks], judge.answer)
    return World(traces, filled_banks(tasks, open_policy()), surprised, judge)


def likelihood_settings() -> LikelihoodSettings:
    """The judge's own calibration, which lies beside its weights."""
    held = json.loads((MODELS / "judge" / "likelihood.json").read_text(encoding="utf-8"))
    return LikelihoodSettings(held["slope"], held["intercept"], held["threshold"])
