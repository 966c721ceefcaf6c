r"""How often completions from a prefix succeed, before the first error and from it on.

.. math::

    c_t \sim \begin{cases} \mathrm{BetaBin}(k_t; \phi \mu_{g}, \phi (1 - \mu_{g})) & t < e \\
    \sum_z w_z \prod_{t \ge e} \mathrm{BetaBin}(k_t; \psi \nu_z f^{t-e}, \psi (1 - \nu_z f^{t-e})) & t \ge e \end{cases}

Before the error a prefix is expected to succeed at a rate tied to the question's self-confidence, :math:`s^{1 -
(t+1)/M}`, which is s at the start and rises to 1; prefixes are gathered into groups g of like expectation, and each
group's mean is learnt. From the error on, one of four rates of repair z holds for the whole trace, fading with every
further step; or the error is *harmless*, the answer does not rest on it, and completions succeed as before: then
counts say nothing of the place. How common each is, is learnt, by the trace's own final answer: a trace that was right
in spite of its error was one that could be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import Evidence
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.sums import sums

REPAIR: FloatArray = np.array([0.01, 0.08, 0.25, 0.55])
# Shares of these and, last, of harmless errors that are assumed, by outcome (ungraded, wrong, right), and the traces
# they count for.
_SHARES: FloatArray = np.array(
    [[0.36, 0.27, 0.18, 0.09, 0.10], [0.40, 0.29, 0.19, 0.10, 0.02], [0.20, 0.15, 0.15, 0.15, 0.35]]
)
_SHARES_WEIGHT = 20.0
N_LAGS = 6
_EDGES: FloatArray = np.linspace(-3.0, 4.0, 15)
_MEANS: FloatArray = np.concatenate([[0.005, 0.015], np.linspace(0.03, 0.97, 48), [0.985, 0.995]])
_WEIGHTS_BEFORE = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_WEIGHTS_AFTER = (3.0, 6.0, 12.0, 24.0, 48.0)
_FADINGS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_LEAST_MEAN = 0.004
# Pseudo-attempts for the expected mean of a group.
_TIE = 20.0
# Of the question's rate before any attempt.
_PASS = (2.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """The rollouts of some traces; `at` is the place of each prefix, `code` its (tries, hits) among `kinds`."""

    at: IntArray
    group: IntArray
    code: IntArray
    hits: FloatArray
    misses: FloatArray

    @classmethod
    def of(cls, evidence: Evidence, layout: Layout) -> Counts:
        """Several rows of one prefix are one count."""
        rows = evidence.rollouts
        place, inverse = np.unique(layout.start[rows.trace] + rows.step, return_inverse=True)
        hits = sums(inverse, rows.hits, len(place)).astype(np.int64)
        tries = sums(inverse, rows.tries, len(place)).astype(np.int64)
        stride = int(tries.max(initial=0)) + 1
        kinds, code = np.unique(tries * stride + hits, return_inverse=True)
        trace = layout.trace[place]
        a, b = _PASS
        rate = (evidence.question_hits[trace] + a) / (evidence.question_tries[trace] + a + b)
        expected = rate ** (1 - (layout.place[place] + 1) / layout.length[trace])
        expected = np.clip(expected, 0.01, 0.99)
        group = np.searchsorted(_EDGES, np.log(expected / (1 - expected)))
        n_hits = (kinds % stride).astype(np.float64)
        return cls(place, group, code, n_hits, (kinds // stride) - n_hits)


N_GROUPS = len(_EDGES) + 1
EXPECTED: FloatArray = 1 / (1 + np.exp(-np.concatenate([[-3.3], (_EDGES[1:] + _EDGES[:-1]) / 2, [4.3]])))


@dataclass(frozen=True, slots=True, eq=False)
class RolloutModel:
    """`mean` (n_groups,) before the error and how closely prefixes keep to it; `repair` (n_outcomes, n_rates + 1)
    shares of `REPAIR` and of harmless errors after it, their fading and weight.
    """

    mean: FloatArray
    before_weight: float
    repair: FloatArray
    fading: float
    after_weight: float

    @classmethod
    def assumed(cls) -> RolloutModel:
        return cls(EXPECTED, 8.0, _SHARES, 0.7, 12.0)

    def score(self, counts: Counts, layout: Layout, outcome: IntArray) -> tuple[FloatArray, FloatArray]:
        """(n_places,) log-likelihoods, and (n_rates + 1, n_places) log-shares of the rates of repair given each place.

        `outcome` (n_traces,) are codes from 0 on: ungraded, wrong, right.
        """
        before = _kernel(self.mean[:, None], self.before_weight, counts.hits, counts.misses)
        sound = _laid(layout, counts.at, before[counts.group, counts.code])
        harmless = layout.after(sound) + sound
        after = np.concatenate([self._after(counts, layout), harmless[None]])
        lost = np.log(self.repair).T[:, outcome[layout.trace]] + after
        top = lost.max(axis=0)
        total = top + np.log(np.exp(lost - top).sum(axis=0))
        return layout.before(sound) + total, lost - total

    def _after(self, counts: Counts, layout: Layout) -> FloatArray:
        table = self._table(counts)
        found = np.zeros((len(REPAIR), layout.n_places))
        lags = range(N_LAGS + 1)
        for z in range(len(REPAIR)):
            far = _laid(layout, counts.at, table[z, N_LAGS, counts.code])
            found[z] += layout.after(far) + far
            for lag in lags[:-1]:
                at, code = _lagged(counts, layout, lag)
                found[z] += sums(at, table[z, lag, code] - table[z, N_LAGS, code], layout.n_places)
        return found

    def _table(self, counts: Counts) -> FloatArray:
        """(n_rates, n_lags + 1, n_codes) log-likelihoods; the last lag stands for all that are farther."""
        mean = np.maximum(REPAIR[:, None] * self.fading ** np.arange(N_LAGS + 1), _LEAST_MEAN)
        return _kernel(mean[:, :, None], self.after_weight, counts.hits, counts.misses)

    def log_prior(self) -> float:
        tie = _TIE * (EXPECTED * np.log(self.mean) + (1 - EXPECTED) * np.log1p(-self.mean))
        return float(tie.sum() + _SHARES_WEIGHT * (_SHARES * np.log(self.repair)).sum())

    def raised(
        self, counts: Counts, layout: Layout, posterior: FloatArray, log_shares: FloatArray, outcome: IntArray
    ) -> RolloutModel:
        """What is expected under the posterior is raised over a grid that the present values are part of."""
        if not len(counts.at):
            return self
        shares = np.exp(log_shares) * np.where(layout.is_none, 0.0, posterior)
        sizes = len(counts.hits)
        # Prefixes before the error, and those behind a harmless one.
        harmless = shares[-1]
        later = (layout.after(posterior) + layout.before(harmless) + harmless)[counts.at]
        mass = sums(counts.group * sizes + counts.code, later, N_GROUPS * sizes).reshape(-1, sizes)
        mean, before_weight = self._raised_before(mass, counts)
        group = outcome[layout.trace]
        repair = (
            np.stack([sums(group, one, len(_SHARES)) for one in shares], axis=1) + _SHARES_WEIGHT * _SHARES
        )
        fading, after_weight = self._raised_after(_masses(counts, layout, shares[:-1]), counts)
        return replace(
            self,
            mean=mean,
            before_weight=before_weight,
            repair=repair / repair.sum(axis=1, keepdims=True),
            fading=fading,
            after_weight=after_weight,
        )

    def _raised_before(self, mass: FloatArray, counts: Counts) -> tuple[FloatArray, float]:
        best = (-np.inf, self.mean, self.before_weight)
        grid = np.broadcast_to(_MEANS[:, None], (len(_MEANS), N_GROUPS))
        grid = np.vstack([self.mean[None, :], grid])
        tie = _TIE * (EXPECTED * np.log(grid) + (1 - EXPECTED) * np.log1p(-grid))
        for weight in _WEIGHTS_BEFORE:
            kernel = _kernel(grid[:, :, None], weight, counts.hits, counts.misses)
            value = (kernel * mass).sum(axis=2) + tie
            chosen = value.argmax(axis=0)
            total = float(value.max(axis=0).sum())
            if total > best[0]:
                best = total, grid[chosen, np.arange(N_GROUPS)], weight
        return best[1], best[2]

    def _raised_after(self, mass: FloatArray, counts: Counts) -> tuple[float, float]:
        tries = ((fading, weight) for fading in _FADINGS for weight in _WEIGHTS_AFTER)

        def value(one: tuple[float, float]) -> float:
            table = replace(self, fading=one[0], after_weight=one[1])._table(counts)
            return float((table * mass).sum())

        return max(tries, key=value)


def _masses(counts: Counts, layout: Layout, shares: FloatArray) -> FloatArray:
    """(n_rates, n_lags + 1, n_codes) expected prefixes by rate of repair and steps since the error."""
    sizes = len(counts.hits)
    found = np.zeros((len(REPAIR), N_LAGS + 1, sizes))
    for z in range(len(REPAIR)):
        everywhere = (layout.before(shares[z]) + shares[z])[counts.at]
        found[z, N_LAGS] = sums(counts.code, everywhere, sizes)
        for lag in range(N_LAGS):
            at, code = _lagged(counts, layout, lag)
            found[z, lag] = sums(code, shares[z][at], sizes)
            found[z, N_LAGS] -= found[z, lag]
    return np.maximum(found, 0.0)


def _lagged(counts: Counts, layout: Layout, lag: int) -> tuple[IntArray, IntArray]:
    """The places `lag` steps before the prefixes, where the trace has them, and the prefixes' codes."""
    has = layout.place[counts.at] >= lag
    return counts.at[has] - lag, counts.code[has]


def _laid(layout: Layout, at: IntArray, amount: FloatArray) -> FloatArray:
    return sums(at, amount, layout.n_places)


def _kernel(mean: FloatArray, weight: float, hits: FloatArray, misses: FloatArray) -> FloatArray:
    """``log B(a + hits, b + misses) − log B(a, b)``; the binomial coefficient changes no place."""
    a, b = weight * mean, weight * (1 - mean)
    return _rising(a, hits) + _rising(b, misses) - _rising(np.asarray(a + b), hits + misses)


def _rising(start: FloatArray, count: FloatArray) -> FloatArray:
    """``log(start (start + 1) … (start + count − 1))`` for whole counts along the last axis."""
    most = int(count.max(initial=0))
    terms = np.log(start[..., None] + np.arange(most)) if most else np.zeros((*start.shape, 0))
    sums = np.concatenate([np.zeros((*start.shape, 1)), np.cumsum(terms, axis=-1)], axis=-1)
    return np.asarray(sums[..., 0, :][..., count.astype(np.int64)])
