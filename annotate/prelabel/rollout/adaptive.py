"""Rollouts where they tell most about the first error, until its place is known well enough.

A posterior over the place of the first error (``annotate/prelabel/continuations/changepoint.py``) starts from what a
judge said, where one did, and from the graded final answer. Each wave goes to the prefixes whose next rollout is
expected to tell most about the place per token it costs; after it the posterior is read again. It ends when one place
has the wanted probability, when nothing more can be learnt, or when the budget is spent.

A trace whose answer is right is itself a success from each of its prefixes: all of them are recoverable and no rollout
is needed. Of a wrong answer the error is somewhere, at the last step if no prefix before it is lost.

Published allocations scale the rollouts of every prefix by the pass rate (GenPRM, arXiv 2504.00891) or halve the trace
(OmegaPRM, arXiv 2406.06592); which prefix to ask next by what it tells of the place per token is our own. No random
number is drawn, so a replay asks the same again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotate.prelabel.continuations.changepoint import Array, ChangePoint, Location
from annotate.prelabel.continuations.rollouts import (
    AFTER_ERROR,
    BARE,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.continuations.tally import Tally
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

# A rollout from near the end still has to be asked for: it counts as at least this share of a whole one.
_LEAST_SHARE = 0.05
_CHARACTERS_PER_TOKEN = 4.0
# So many rollouts before a prefix is given up as unclear, or its mean length believed.
_HOPELESS_AFTER = 4
_ENOUGH_FOR_MEAN = 2
# In nats; below it no affordable number of rollouts would change the label.
_LEAST_INFORMATION = 1e-4
# How the trust in a hint fades with every step away from it.
_HINT_FADING = 0.4


@dataclass(frozen=True, slots=True)
class AdaptiveSettings(RolloutSettings):
    """``k`` caps the rollouts per prefix. The trace's are limited by ``max_rollouts``, by ``max_per_step`` for each
    of its own steps, and by ``max_tokens_per_trace`` (0: no limit), all without the attempts at the bare problem.

    The search ends at the probability ``confidence`` of one place. Short of it, steps are labelled whose side of the
    error has at least the probability ``label_confidence``; every label carries the probability it has. A wave is
    ``wave`` rollouts. ``hint_trust`` is the weight of the judge's place (setting ``hint_rater`` of the run) against all
    places alike; about half of it goes to that very step.
    """

    k: int = 16
    sc_samples: int = 0
    confidence: float = 0.95
    label_confidence: float = 0.5
    max_rollouts: int = 64
    max_per_step: float = 2.5
    max_tokens_per_trace: int = 0
    wave: int = 2
    hint_trust: float = 0.8

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(0.5 <= self.confidence < 1, "confidence", "must lie in [0.5, 1).")
        require(0.5 <= self.label_confidence < 1, "label_confidence", "must lie in [0.5, 1).")
        require(self.max_rollouts >= 1, "max_rollouts", "must be at least 1.")
        require(self.max_per_step > 0, "max_per_step", "must be above 0.")
        require(self.max_tokens_per_trace >= 0, "max_tokens_per_trace", "must not be negative.")
        require(self.wave >= 1, "wave", "must be at least 1.")
        require(0 <= self.hint_trust < 1, "hint_trust", "must lie in [0, 1).")


def adaptive(task: TraceTask, settings: AdaptiveSettings, grade: Grade = grade_completion) -> Strategy:
    """Locate the first lost prefix of one trace."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _Adaptive(task, settings, grade).run())


class _Adaptive:
    """Places are counted along ``own``: place ``i`` is the step ``own[i]``, the last place is the last step."""

    def __init__(self, task: TraceTask, settings: AdaptiveSettings, grade: Grade) -> None:
        self._rollouts = Rollouts(task, settings, grade)
        self._settings = settings
        self._outcome = self._rollouts.grade_last()
        self._prefixes = self._rollouts.own[:-1]
        lengths = np.array([len(step.text) for step in task.steps], float)
        written = np.cumsum(lengths)[list(self._prefixes)] if self._prefixes else np.zeros(0)
        self._characters_left: Array = lengths.sum() - written
        self._model = ChangePoint(self._prior(task), self._characters_left / max(lengths.sum(), 1.0))
        per_step = math.ceil(settings.max_per_step * len(self._rollouts.own))
        self._room = min(settings.max_rollouts, per_step)
        self._tokens_before = 0

    def run(self) -> Strategy:
        rollouts, settings = self._rollouts, self._settings
        yield from rollouts.draw_self_confidence()
        if self._outcome == "right":
            return self._all_recoverable()
        self._tokens_before = rollouts.tokens
        location = self._locate()
        while location.probabilities.max() < settings.confidence:
            wave = self._plan(location)
            if not wave:
                break
            self._room -= sum(wave.values())
            yield from rollouts.draw({self._prefixes[place]: n for place, n in wave.items()})
            location = self._locate()
        return self._finding(location)

    def _prior(self, task: TraceTask) -> Array:
        own, n = self._rollouts.own, len(self._rollouts.own)
        flat = np.full(n, 1.0 / n)
        hint = task.first_error_hint
        if hint is None or (hint < 0 and self._outcome == "wrong"):
            return flat
        place = n - 1 if hint < 0 else min(int(np.searchsorted(own, hint)), n - 1)
        near = _HINT_FADING ** np.abs(np.arange(n) - place).astype(float)
        near[place] = near.sum() - 1.0 if n > 1 else 1.0
        trust = self._settings.hint_trust
        return np.asarray(trust * near / near.sum() + (1 - trust) * flat)

    def _locate(self) -> Location:
        counts = np.array([(tally.hits, tally.misses) for tally in self._tallies()], float).reshape(-1, 2)
        bare = self._rollouts.tallies.get(BARE, Tally())
        return self._model.locate(counts[:, 0], counts[:, 1], (bare.hits, bare.misses))

    def _plan(self, location: Location) -> Mapping[int, int]:
        """How many rollouts each prefix gets in the next wave; empty when there is nothing left to learn or to pay."""
        settings = self._settings
        spent = self._rollouts.tokens - self._tokens_before
        if settings.max_tokens_per_trace and spent >= settings.max_tokens_per_trace:
            return {}
        told, free = location.information(), self._free()
        worth = np.where(told > _LEAST_INFORMATION, told / self._costs(), 0.0)
        given = np.zeros(len(worth), int)
        for _ in range(min(settings.wave, self._room) if len(worth) else 0):
            # Rollouts of one prefix share what they tell; so the next of the same wave counts for less.
            gain = np.where(given < free, worth / (1 + given), 0.0)
            best = int(np.argmax(gain))
            if gain[best] <= 0:
                break
            given[best] += 1
        return {int(place): int(given[place]) for place in np.flatnonzero(given)}

    def _tallies(self) -> list[Tally]:
        nothing = Tally()
        return [self._rollouts.tallies.get(index, nothing) for index in self._prefixes]

    def _free(self) -> NDArray[np.int64]:
        """Rollouts each prefix may still get; one whose rollouts keep ending without an outcome is left alone."""
        free = [
            0
            if tally.tried >= _HOPELESS_AFTER and tally.is_unclear(self._settings.max_unknown)
            else self._settings.k - tally.tried
            for tally in self._tallies()
        ]
        return np.array(free, np.int64)

    def _costs(self) -> Array:
        """Expected tokens of one rollout from each prefix: what its own took, else by the length of text left."""
        left = self._characters_left
        tried = np.array([tally.tried for tally in self._tallies()], float)
        tokens = np.array([tally.tokens for tally in self._tallies()], float)
        expected = float(tried @ left)
        rate = tokens.sum() / expected if tokens.any() and expected else 1.0 / _CHARACTERS_PER_TOKEN
        least = _LEAST_SHARE * float(left.max(initial=0.0))
        guessed = np.maximum(left, max(least, 1.0)) * rate
        is_known = (tried >= _ENOUGH_FOR_MEAN) & (tokens > 0)
        return np.where(is_known, tokens / np.maximum(tried, 1.0), guessed)

    def _all_recoverable(self) -> Finding:
        levels = self._distribution(1.0)
        opinions = [
            self._with(
                self._rollouts.opinion(index, True, score=1.0, via="the trace itself reaches the answer"),
                levels,
            )
            for index in self._rollouts.own
        ]
        return self._rollouts.finding(opinions, [], "no error", location=None, location_probability=1.0)

    def _finding(self, location: Location) -> Finding:
        rollouts, settings = self._rollouts, self._settings
        best, probability = location.best, float(location.probabilities.max())
        opinions: list[Opinion] = []
        silences: list[Silence] = []
        for place, index in enumerate(rollouts.own):
            told = self._told(location, place)
            if place < best and told["p_sound"] >= settings.label_confidence:
                opinion = rollouts.opinion(index, True, score=told["p_sound"], **told)
                opinions.append(self._with(opinion, self._distribution(told["p_sound"])))
            elif place == best and self._may_blame(place, probability):
                opinion = rollouts.opinion(index, False, score=told["p_sound"], **told)
                opinions.append(self._with(opinion, self._distribution(told["p_sound"])))
            else:
                silence = rollouts.silence(index, self._reason(place, best, probability))
                silences.append(Silence(silence.position, silence.reason, {**silence.evidence, **told}))
        outcome = self._named(best, probability)
        position = self._position(best)
        return rollouts.finding(
            opinions,
            silences,
            outcome,
            final_answer=self._outcome,
            location=position,
            location_probability=round(probability, 6),
            posterior=[round(float(p), 6) for p in location.probabilities],
        )

    def _told(self, location: Location, place: int) -> dict[str, float]:
        """What the posterior says of one step; of the last step's own share nothing, unless its answer is wrong."""
        p_here = float(location.probabilities[place])
        is_last = place == len(self._prefixes)
        p_sound = 0.0 if is_last else float(location.sound[place])
        return {"p_sound": round(p_sound, 6), "p_first_error": round(p_here, 6)}

    def _may_blame(self, place: int, probability: float) -> bool:
        if probability < self._settings.label_confidence:
            return False
        is_last = place == len(self._prefixes)
        return not is_last or (self._outcome == "wrong" and self._settings.is_wrong_answer_bad)

    def _reason(self, place: int, best: int, probability: float) -> str:
        if place == len(self._prefixes) and self._outcome != "wrong":
            return f"the final answer is {self._outcome}"
        if probability >= self._settings.label_confidence:
            return AFTER_ERROR if place > best else "the final answer is wrong"
        return f"located with probability {probability:.2f} at step {self._position(best)}"

    def _position(self, place: int) -> int | None:
        """The position of the step a place stands for; None for the last place of a trace without a graded answer."""
        if place == len(self._prefixes) and self._outcome != "wrong":
            return None
        return self._rollouts.task.steps[self._rollouts.own[place]].position

    def _named(self, best: int, probability: float) -> str:
        if self._position(best) is None:
            return "unknown"
        if probability >= self._settings.confidence:
            return "located"
        return "likely" if probability >= self._settings.label_confidence else "unplaced"

    def _distribution(self, p_sound: float) -> dict[str, float]:
        return {self._settings.good: p_sound, self._settings.bad: round(1.0 - p_sound, 6)}

    @staticmethod
    def _with(opinion: Opinion, levels: Mapping[str, float]) -> Opinion:
        return replace(opinion, distribution=levels)


STRATEGY = StrategyEntry(
    "rollout/adaptive",
    "rollout",
    "Rollouts where they tell most",
    AdaptiveSettings,
    adaptive,
    summary="Spends rollouts where they tell most about the first error and stops when its place is known well enough.",
    usual_criterion="recoverable",
)
