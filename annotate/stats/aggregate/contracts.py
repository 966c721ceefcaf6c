"""What every method of aggregation returns, and how one is called."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.table import LongTable

# Levels this close in probability are tied: sums of the same numbers in another order differ by less.
TIE = 1e-9


Expects: TypeAlias = Callable[[IntArray, IntArray], FloatArray]


@dataclass(frozen=True, slots=True)
class UnitVerdict:
    """What a method says about one unit: the label, or None with the levels that tie for it."""

    unit: Hashable
    label: Hashable | None
    tied: tuple[Hashable, ...]
    posterior: Mapping[Hashable, float]
    is_known: bool


@dataclass(frozen=True, slots=True, eq=False)
class AggregateFit:
    """The result of one method.

    Attributes
    ----------
    method : str
    units, raters, levels : tuples
        An entry of `units` is an item, or an (item, criterion) pair.
    posterior : (n_units, n_levels) float array
        Probability of each level; for `majority` and `weighted` the share of votes.
    is_known : (n_units,) bool array
        Units whose answer was given and not estimated.
    prevalence : (n_levels,) float array
        Mean of the posterior.
    counts : (n_raters, n_levels, n_levels) float array
        Expected labels of each rater by true (second axis) and given (third axis) level.
    prior : (n_levels, n_levels) float array
        Pseudo-labels the method added to every rater's counts.
    log_likelihood : float or None
        Of the labels under the fitted model, natural log; None where the method has no model.
    history : tuple of float
        The objective after each iteration: the log-likelihood, or with priors the log-posterior up to a constant or
        the evidence lower bound. Never falls.
    n_iter : int
    converged : bool
    message : str
    n_left_out : int
        Units without a label that counts; they have no posterior.
    rater_parameters, unit_parameters : mappings
        What else the method estimated, by name, one number (or row) per rater or unit.
    expects : callable or None
        (n_levels, n) chances of each level for the n labels that raters would give to units, both by place; None where
        the posterior and the rows of `counts` say it.
    """

    method: str
    units: tuple[Hashable, ...]
    raters: tuple[Hashable, ...]
    levels: tuple[Hashable, ...]
    posterior: FloatArray
    is_known: BoolArray
    prevalence: FloatArray
    counts: FloatArray
    prior: FloatArray
    log_likelihood: float | None
    history: tuple[float, ...]
    n_iter: int
    converged: bool
    message: str
    n_left_out: int
    rater_parameters: Mapping[str, FloatArray] = field(default_factory=dict)
    unit_parameters: Mapping[str, FloatArray] = field(default_factory=dict)
    expects: Expects | None = None

    @property
    def is_best(self) -> BoolArray:
        """(n_units, n_levels): the most probable level of each unit, or all that tie for it."""
        best = self.posterior.max(axis=1, keepdims=True)
        return np.asarray(self.posterior >= best - TIE, dtype=np.bool_)

    @property
    def n_tied(self) -> int:
        """Units without one most probable level."""
        return int((self.is_best.sum(axis=1) > 1).sum())

    def labels(self) -> tuple[Hashable | None, ...]:
        """The most probable level of each unit; None where levels tie."""
        best = self.is_best
        place = np.where(best.sum(axis=1) == 1, best.argmax(axis=1), -1)
        return tuple(None if code < 0 else self.levels[code] for code in place.tolist())

    def verdicts(self) -> Iterator[UnitVerdict]:
        """Unit by unit, in the order of `units`."""
        rows = zip(
            self.units, self.posterior.tolist(), self.is_best.tolist(), self.is_known.tolist(), strict=True
        )
        for unit, posterior, best, is_known in rows:
            top = tuple(level for level, is_top in zip(self.levels, best, strict=True) if is_top)
            yield UnitVerdict(
                unit=unit,
                label=top[0] if len(top) == 1 else None,
                tied=top if len(top) > 1 else (),
                posterior=dict(zip(self.levels, posterior, strict=True)),
                is_known=is_known,
            )


class Aggregator(Protocol):
    """A method: a table, answers that are known, and options of its own by name."""

    def __call__(
        self, table: LongTable, *, known: Mapping[Hashable, Hashable] | None = None
    ) -> AggregateFit: ...
