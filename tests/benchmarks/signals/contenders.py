"""Who is compared at locating a first error by rollouts, at which settings, and what each may know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from annotate.prelabel.continuations.changepoint import ChangePoint
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from tests.benchmarks.signals.playing import Answerer, Grade, Played, play


@dataclass(frozen=True, slots=True)
class Contender:
    """``family`` is the line of the chart it belongs to, ``label`` its setting.

    ``is_hinted``: it is told what a judge said, whose own cost is not counted. ``reads_counts``: the place is read off
    its counts by the change-point posterior instead of its own rule.
    """

    family: str
    label: str
    strategy: str
    settings: tuple[tuple[str, Any], ...]
    is_hinted: bool = False
    reads_counts: bool = False

    @property
    def name(self) -> str:
        return f"{self.family}, {self.label}"

    def play(self, task: TraceTask, answer: Answerer, grade: Grade, hint: int | None) -> Played:
        shown = replace(task, first_error_hint=hint if self.is_hinted else None)
        played = play(self._start(shown, grade), answer)
        return replace(played, place=_read_off(shown, played)) if self.reads_counts else played

    def _start(self, task: TraceTask, grade: Grade) -> Strategy:
        entry: StrategyEntry = import_module(f"annotate.prelabel.{self.strategy.replace('/', '.')}").STRATEGY
        factory: Callable[..., Strategy] = entry.factory
        return factory(task, entry.settings(dict(self.settings)), grade)


def contenders(*, most: int = 16, with_scaled: bool = True) -> list[Contender]:
    """The field; ``most`` leaves out who may draw more from one prefix, ``with_scaled`` keeps GenPRM's own numbers."""
    field = [_fixed(k) for k in (1, 2, 4, 8, 16)]
    field += [_made("fixed, above 1/4", f"k = {k}", "fixed", k=k, tau=0.25, sc_samples=0) for k in (8,)]
    field += [
        Contender(
            "fixed, read by change point",
            f"k = {k}",
            "rollout/fixed",
            _of(k=k, after="all", sc_samples=0),
            False,
            True,
        )
        for k in (2, 4, 8)
    ]
    field += [_made("scan", f"k = {k}", "scan", k=k, sc_samples=0) for k in (4, 8, 16)]
    field += [_made("scan, above 1/4", "k = 8", "scan", k=8, tau=0.25, sc_samples=0)]
    field += [_made("bisect", f"k = {k}", "bisect", k=k, sc_samples=0) for k in (4, 8, 16)]
    field += [_made("tree, own trace only", "k = 8", "tree", k=8, searches=1)]
    field += [_made("relative", "k = 8, SC 8", "relative", k=8, k_low=8, k_mid=8, k_high=8, sc_samples=8)]
    if with_scaled:
        field += [_made("relative", "k = 32–128, SC 32", "relative")]
    field += [_made("denoise", "k = 8, SC 8", "denoise", k=8, sc_samples=8)]
    adaptive = [("0.6", {"confidence": 0.6}), ("0.8", {"confidence": 0.8}), ("0.95 (default)", {})]
    roomy = {"confidence": 0.95, "max_per_step": 16.0, "max_rollouts": 256}
    for is_hinted in (False, True):
        family = "adaptive, with judge" if is_hinted else "adaptive"
        for label, settings in adaptive:
            field.append(Contender(family, label, "rollout/adaptive", _of(**settings), is_hinted))
    field.append(Contender("adaptive", "0.95, 16 per step", "rollout/adaptive", _of(**roomy)))
    field += [_made("adaptive, SC 8", "0.95", "adaptive", sc_samples=8)]
    return [contender for contender in field if dict(contender.settings).get("k", 8) <= most]


def _fixed(k: int) -> Contender:
    return _made("fixed", f"k = {k}", "fixed", k=k, first_wave=1, sc_samples=0)


def _made(family: str, label: str, strategy: str, **settings: Any) -> Contender:
    return Contender(family, label, f"rollout/{strategy}", _of(**settings))


def _of(**settings: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(settings.items())


def _read_off(task: TraceTask, played: Played) -> int:
    """The place by the counts of all prefixes but the last step, which is wrong in every trace here."""
    lengths = np.array([len(step.text) for step in task.steps], float)
    left = 1.0 - np.cumsum(lengths)[:-1] / lengths.sum()
    spoken = {o.position: o.evidence for o in (*played.finding.opinions, *played.finding.silences)}
    counts = [
        (spoken[step.position].get("hits", 0), spoken[step.position].get("misses", 0))
        for step in task.steps[:-1]
    ]
    model = ChangePoint(np.ones(len(task.steps)), left)
    hits, misses = (np.array([pair[side] for pair in counts], float) for side in (0, 1))
    return task.steps[model.locate(hits, misses).best].position
