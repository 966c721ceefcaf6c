"""Keep, drop or ask, by how likely it is to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.result import LocationPosterior

GOOD, FIRST_ERROR, BEHIND = range(3)
KEEP, DROP, ASK = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class StepDecisions:
    """One entry per step, trace by trace.

    Attributes
    ----------
    trace : (n_steps,) int array
    status : (n_steps,) int array
        The most probable of `GOOD`, `FIRST_ERROR` and `BEHIND` the first error.
    risk : (n_steps,) float array
        Probability that this is wrong.
    action : (n_steps,) int array
        `KEEP`, `DROP` or `ASK`.
    """

    trace: IntArray
    status: IntArray
    risk: FloatArray
    action: IntArray


def decide(
    posterior: LocationPosterior, *, keep_below: float = 0.02, drop_above: float = 1.0
) -> StepDecisions:
    """Keep steps of a risk up to `keep_below` (drop them where they are surely behind an error), ask about others.

    Steps riskier than `drop_above` are dropped: they are not worth a person. Raises `Rejected` for thresholds out of
    [0, 1] or crossed.

    Examples
    --------
    >>> from annotate.stats.locate.layout import Layout
    >>> believed = LocationPosterior(Layout.of(np.array([3])), np.array([0.0, 0.99, 0.005, 0.005]))
    >>> found = decide(believed)
    >>> found.status.tolist(), found.action.tolist()
    ([0, 1, 2], [0, 0, 1])
    """
    if not 0 <= keep_below <= drop_above <= 1:
        raise Rejected("needs 0 ≤ keep_below ≤ drop_above ≤ 1", field="keep_below")
    status, risk = statuses(posterior)
    action = np.where(risk <= keep_below, np.where(status == BEHIND, DROP, KEEP), ASK)
    action = np.where(risk > drop_above, DROP, action)
    return StepDecisions(steps_of(posterior), status, risk, action)


def statuses(posterior: LocationPosterior) -> tuple[IntArray, FloatArray]:
    """(n_steps,) the most probable status, and how probably it is another."""
    chances = np.stack([posterior.correct, posterior.first, np.zeros_like(posterior.first)])
    chances[BEHIND] = np.clip(1 - chances.sum(axis=0), 0, 1)
    return chances.argmax(axis=0), np.clip(1 - chances.max(axis=0), 0.0, 1.0)


def steps_of(posterior: LocationPosterior) -> IntArray:
    """(n_steps,) The trace of each step."""
    return posterior.layout.trace[~posterior.layout.is_none]


def true_statuses(posterior: LocationPosterior, truth: IntArray) -> IntArray:
    """(n_steps,) The status each step has where the first error of each trace is at `truth` (n_traces,), or −1."""
    layout = posterior.layout
    step, trace = layout.place[~layout.is_none], steps_of(posterior)
    error = np.where(truth < 0, layout.length, truth)[trace]
    return np.where(step < error, GOOD, np.where(step == error, FIRST_ERROR, BEHIND))
