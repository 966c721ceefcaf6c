"""Where the first error is, given how often rollouts from each prefix succeeded.

Before the first error a prefix is recoverable, from it on it hardly is: one change point ``e`` along the trace. For
``n`` prefixes, ``e`` is one of 0..n; ``e = t`` says that the prefix through step ``t`` is the first lost one and
``e = n`` that none of them is. With a prior over ``e`` the counts of all prefixes together give a posterior::

    log P(e | counts) = log prior(e) + sum over t < e of log BetaBin(hits_t; before_t)
                                     + sum over t >= e of log BetaBin(hits_t; after_(t-e)) + constant

Three unknowns are integrated over rather than guessed. The model's pass rate ``s`` on the bare problem lies on a grid
and learns from attempts at the problem and from every prefix; a prefix with the share ``left`` of the trace still to be
written is expected to succeed with ``s ** left``, which is ``s`` at the start, rises towards 1, and is what equally
hard steps would give. How often the model recovers from this error is one of a few possibilities, from hardly ever to
often, and all the prefixes after it together tell which. And each prefix has its own rate around the expected one (the
Beta of the Beta-binomial), because models repair errors and stumble over sound prefixes.

Only the kernel ``p^hits (1-p)^misses`` enters, so counts that stopped on a success need no correction, and prefixes
without rollouts drop out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PASS_RATES = (np.arange(12) + 0.5) / 12
_MEAN_BOUNDS = (0.02, 0.98)
_LEAST_RECOVERY = 0.01


@dataclass(frozen=True, slots=True)
class Expectations:
    """How recoverable a prefix is expected to be; the defaults are deliberately rough.

    ``pass_rate``: Beta of the pass rate on the bare problem. ``before_weight``: pseudo-rollouts with which a sound
    prefix keeps to its expected rate. ``after``: what the Beta right after the error may be, each as likely as the
    others; ``fading`` multiplies its mean with every step that has been built on the error since.
    """

    pass_rate: tuple[float, float] = (2.0, 1.0)
    before_weight: float = 6.0
    after: tuple[tuple[float, float], ...] = ((0.1, 9.9), (1.0, 9.0), (3.0, 7.0))
    fading: float = 0.7


ROUGH = Expectations()


@dataclass(frozen=True, slots=True)
class Location:
    """The posterior after some rollouts, for ``n`` prefixes.

    ``probabilities`` (n + 1): of each ``e``. ``success`` (n + 1, n): the chance that the next rollout of each prefix
    succeeds, for each ``e``.
    """

    probabilities: Array
    success: Array

    @property
    def best(self) -> int:
        """The most probable ``e``; the earlier one where two are equal."""
        return int(np.argmax(self.probabilities))

    @property
    def sound(self) -> Array:
        """(n,) The probability that each prefix comes before the first error."""
        return np.clip(1.0 - np.cumsum(self.probabilities)[:-1], 0.0, 1.0)

    def information(self) -> Array:
        """(n,) What one more rollout of each prefix is expected to tell about ``e``, in nats."""
        mixed = self.probabilities @ self.success
        told = _entropy(mixed) - self.probabilities @ _entropy(self.success)
        return np.maximum(told, 0.0)


class ChangePoint:
    """The model for one trace; counts come later, as often as there are new ones.

    ``prior`` (n + 1) need not be normalised; ``left`` (n) is the share of the trace that is still to be written after
    each prefix, in [0, 1]. Raises ``ValueError`` on other shapes and on a prior without mass.
    """

    def __init__(
        self, prior: Sequence[float] | Array, left: Sequence[float] | Array, expected: Expectations = ROUGH
    ) -> None:
        weights, share = np.asarray(prior, float), np.asarray(left, float)
        if share.ndim != 1 or weights.shape != (len(share) + 1,):
            raise ValueError("the prior speaks of one place more than there are prefixes")
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ValueError("the prior needs weights that are not negative and not all 0")
        if not ((share >= 0) & (share <= 1)).all():
            raise ValueError("shares lie between 0 and 1")
        with np.errstate(divide="ignore"):
            self._log_prior = np.log(weights / weights.sum())
        mean = np.clip(_PASS_RATES[:, None] ** share[None, :], *_MEAN_BOUNDS)
        self._before = expected.before_weight * mean, expected.before_weight * (1 - mean)
        self._after = _fading(len(share), expected)
        self._log_possibilities = -np.log(len(expected.after))
        a, b = expected.pass_rate
        self._log_rates = (a - 1) * np.log(_PASS_RATES) + (b - 1) * np.log1p(-_PASS_RATES)

    def locate(
        self,
        hits: Sequence[int] | Array,
        misses: Sequence[int] | Array,
        bare: tuple[int, int] = (0, 0),
    ) -> Location:
        """The posterior from the counts of each prefix and of the bare problem (hits, misses)."""
        h, m = np.asarray(hits, float), np.asarray(misses, float)
        # Most prefixes of a long trace have no rollouts; theirs are zeros that need no logarithm.
        seen = h + m > 0
        rates = self._log_rates + bare[0] * np.log(_PASS_RATES) + bare[1] * np.log1p(-_PASS_RATES)
        n = len(h)
        before = np.zeros((len(_PASS_RATES), n + 1))
        before[:, 1:][:, seen] = _log_kernel(h[seen], m[seen], *_columns(self._before, seen))
        before = np.cumsum(before, axis=1)
        is_after = np.arange(n)[None, :] >= np.arange(n + 1)[:, None]
        lost = _log_kernel(h[seen], m[seen], *_columns(self._after, seen))
        after = np.where(is_after[:, seen], lost, 0.0).sum(axis=2) + self._log_possibilities
        most = after.max(axis=0)
        recovery = np.exp(after - most)
        total = recovery.sum(axis=0)
        joint = self._log_prior[None, :] + rates[:, None] + before + most + np.log(total)
        shared = np.exp(joint - joint.max())
        shared /= shared.sum()
        probabilities = shared.sum(axis=0)
        rate_given_place = np.divide(
            shared, probabilities, where=probabilities > 0, out=np.zeros_like(shared)
        )
        sound = rate_given_place.T @ _next_success(h, m, *self._before)
        lost_too = ((recovery / total)[:, :, None] * _next_success(h, m, *self._after)).sum(axis=0)
        return Location(probabilities, np.where(is_after, lost_too, sound))


def _fading(n: int, expected: Expectations) -> tuple[Array, Array]:
    """Beta parameters (possibilities, n + 1, n) of a prefix ``t`` for an error at ``e``; the weight stays as the mean
    fades.
    """
    a, b = np.array(expected.after, float).T[:, :, None, None]
    behind = np.maximum(np.arange(n)[None, :] - np.arange(n + 1)[:, None], 0)
    mean = np.maximum(a / (a + b) * expected.fading**behind, _LEAST_RECOVERY)
    return (a + b) * mean, (a + b) * (1 - mean)


def _columns(beta: tuple[Array, Array], seen: NDArray[np.bool_]) -> tuple[Array, Array]:
    return beta[0][..., seen], beta[1][..., seen]


def _log_kernel(hits: Array, misses: Array, a: Array, b: Array) -> Array:
    """``log B(a + hits, b + misses) - log B(a, b)``, without the binomial coefficient, which no ``e`` changes."""
    return _log_rising(a, hits) + _log_rising(b, misses) - _log_rising(a + b, hits + misses)


def _log_rising(start: Array, count: Array) -> Array:
    """``log(start (start + 1) … (start + count - 1))``, exactly 0 where the count is 0, elementwise."""
    steps = np.arange(int(count.max(initial=0)))
    terms = np.log(start[..., None] + steps)
    return np.asarray(np.where(steps < count[..., None], terms, 0.0).sum(axis=-1))


def _next_success(hits: Array, misses: Array, a: Array, b: Array) -> Array:
    return np.asarray((a + hits) / (a + b + hits + misses))


def _entropy(p: Array) -> Array:
    q = np.clip(p, 1e-12, 1 - 1e-12)
    return np.asarray(-(q * np.log(q) + (1 - q) * np.log1p(-q)))
