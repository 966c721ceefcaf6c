"""Ratings made up from a many-facet model whose every number is known."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, Codes, FloatArray, IntArray
from annotate.stats.rasch.ratings import Facet, Ratings

_DENSE = 1 << 22
"""Item-rater cells up to which raters are drawn by sorting random numbers."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to be made up; lengths on the scale are logits.

    Attributes
    ----------
    raters_per_item : int or None
        Drawn anew for every item; None for all.
    thresholds : tuple of floats or None
        The same for all scales before `threshold_sd` moves them; by default a logit apart.
    thresholds_by : {'criterion', 'rater'} or None
    n_machines : int
        The last so many raters are machines, a population around `machine_mean`.
    n_windows, drift_sd
        Severities walk at random from one window to the next, by steps of this size; each rating event falls
        into a window drawn at random.
    guessers : tuple of int
        Raters who answer at random.
    allies, alliance
        Raters whose errors have something in common: normal deviates behind them correlate by `alliance`.
    halo : float
        The same between the criteria of one rating event, for every rater.
    """

    n_items: int
    n_raters: int
    n_criteria: int = 1
    n_categories: int = 5
    raters_per_item: int | None = None
    item_sd: float = 1.2
    rater_sd: float = 0.6
    criterion_sd: float = 0.5
    thresholds: tuple[float, ...] | None = None
    threshold_sd: float = 0.0
    thresholds_by: Literal["criterion", "rater"] | None = None
    n_machines: int = 0
    machine_mean: float = 0.0
    machine_sd: float = 0.3
    n_windows: int = 1
    drift_sd: float = 0.0
    guessers: tuple[int, ...] = ()
    allies: tuple[int, ...] = ()
    alliance: float = 0.0
    halo: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Attributes
    ----------
    items : (I,) float array
    raters : (J,) float array
        Severities, averaged over the windows; people and machines together add up to 0.
    criteria : (C,) float array
    severity : (J, T) float array
        In every window.
    thresholds : (G, K − 1) float array
        Each row adds up to 0.
    is_machine, is_guesser : (J,) bool arrays
    """

    items: FloatArray
    raters: FloatArray
    criteria: FloatArray
    severity: FloatArray
    thresholds: FloatArray
    is_machine: BoolArray
    is_guesser: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """``window`` says when each rating was given; items, raters and criteria are numbered from 0."""

    ratings: Ratings
    truth: Truth
    window: Codes


def simulate_ratings(scenario: Scenario, *, seed: int) -> Simulation:
    r"""Draw measures from their populations and then each rating from its probabilities.

    .. math:: \log \frac{P(x = k)}{P(x = k - 1)} = \theta_i - \lambda_{jt} - \delta_c - \tau_{gk}

    Raises
    ------
    Rejected
        A number of raters per item that cannot be; thresholds of the wrong number.

    Examples
    --------
    >>> made = simulate_ratings(Scenario(n_items=40, n_raters=6, raters_per_item=2, n_criteria=3), seed=1)
    >>> len(made.ratings), [facet.name for facet in made.ratings.facets], made.truth.raters.shape
    (240, ['item', 'rater', 'criterion'], (6,))
    """
    rng = np.random.default_rng(seed)
    truth = _truth(scenario, rng)
    item, rater = _events(scenario, rng)
    window = rng.integers(scenario.n_windows, size=len(item))
    event = np.repeat(np.arange(len(item)), scenario.n_criteria)
    item, rater, window = item[event], rater[event], window[event]
    criterion = np.tile(np.arange(scenario.n_criteria), len(event) // scenario.n_criteria)
    eta = truth.items[item] - truth.severity[rater, window] - truth.criteria[criterion]
    scale = {"criterion": criterion, "rater": rater, None: np.zeros_like(item)}[scenario.thresholds_by]
    uniform = _uniforms(scenario, rng, item, rater, criterion, event)
    value = _drawn(eta, truth.thresholds[scale], uniform)
    value = np.where(truth.is_guesser[rater], rng.integers(scenario.n_categories, size=len(value)), value)
    return Simulation(
        _ratings(scenario, truth, item, rater, criterion, value),
        truth,
        Codes(window, tuple(range(scenario.n_windows))),
    )


def _truth(scenario: Scenario, rng: np.random.Generator) -> Truth:
    machine = np.arange(scenario.n_raters) >= scenario.n_raters - scenario.n_machines
    first = rng.normal(
        np.where(machine, scenario.machine_mean, 0.0),
        np.where(machine, scenario.machine_sd, scenario.rater_sd),
    )
    steps = rng.normal(0.0, scenario.drift_sd, size=(scenario.n_raters, scenario.n_windows))
    steps[:, 0] = 0.0
    severity = first[:, None] + steps.cumsum(axis=1)
    severity -= severity.mean()
    criteria = rng.normal(0.0, scenario.criterion_sd, size=scenario.n_criteria)
    guesser = np.zeros(scenario.n_raters, dtype=np.bool_)
    guesser[list(scenario.guessers)] = True
    return Truth(
        rng.normal(0.0, scenario.item_sd, size=scenario.n_items),
        severity.mean(axis=1),
        criteria - criteria.mean(),
        severity,
        _thresholds(scenario, rng),
        machine,
        guesser,
    )


def _thresholds(scenario: Scenario, rng: np.random.Generator) -> FloatArray:
    n_steps = scenario.n_categories - 1
    middle = np.array(scenario.thresholds or np.arange(n_steps) - (n_steps - 1) / 2, dtype=np.float64)
    if len(middle) != n_steps:
        raise Rejected(f"{scenario.n_categories} categories have {n_steps} thresholds", field="thresholds")
    n_scales = {"criterion": scenario.n_criteria, "rater": scenario.n_raters, None: 1}[scenario.thresholds_by]
    moved = middle + rng.normal(0.0, scenario.threshold_sd, size=(n_scales, n_steps))
    return np.asarray(moved - moved.mean(axis=1, keepdims=True))


def _events(scenario: Scenario, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Items and raters of the rating events, item by item."""
    n_items, n_raters = scenario.n_items, scenario.n_raters
    per_item = n_raters if scenario.raters_per_item is None else scenario.raters_per_item
    if not 0 < per_item <= n_raters:
        raise Rejected(f"must be between 1 and {n_raters}", field="raters_per_item")
    if n_items * n_raters <= _DENSE:
        chosen = np.argsort(rng.random((n_items, n_raters)), axis=1)[:, :per_item]
    else:
        chosen = rng.integers(n_raters, size=(n_items, per_item))
        while True:
            ranked = np.sort(chosen, axis=1)
            twice = np.flatnonzero((ranked[:, 1:] == ranked[:, :-1]).any(axis=1))
            if not len(twice):
                break
            chosen[twice] = rng.integers(n_raters, size=(len(twice), per_item))
    return np.repeat(np.arange(n_items), per_item), np.sort(chosen, axis=1).ravel()


def _uniforms(
    scenario: Scenario,
    rng: np.random.Generator,
    item: IntArray,
    rater: IntArray,
    criterion: IntArray,
    event: IntArray,
) -> FloatArray:
    """(n,) uniform numbers; those of allies, and of one event under a halo, have a normal part in common."""
    uniform = rng.random(len(item))
    if scenario.halo > 0:
        uniform = _blended(rng, scenario.halo, event)
    if scenario.allies:
        allied = np.isin(rater, scenario.allies)
        shared = (item * scenario.n_criteria + criterion)[allied]
        uniform[allied] = _blended(rng, scenario.alliance, shared)
    return uniform


def _blended(rng: np.random.Generator, share: float, group: IntArray) -> FloatArray:
    common = rng.standard_normal(int(group.max(initial=-1)) + 1)[group]
    deviate = math.sqrt(share) * common + math.sqrt(1 - share) * rng.standard_normal(len(group))
    return np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in deviate.tolist()])


def _drawn(eta: FloatArray, thresholds: FloatArray, uniform: FloatArray) -> IntArray:
    """The category whose share of 0..1 the uniform number falls into."""
    logit = np.zeros((len(eta), thresholds.shape[1] + 1))
    np.cumsum(eta[:, None] - thresholds, axis=1, out=logit[:, 1:])
    chance = np.exp(logit - logit.max(axis=1, keepdims=True))
    below = chance.cumsum(axis=1)
    return np.asarray((uniform[:, None] * below[:, -1:] >= below[:, :-1]).sum(axis=1), dtype=np.int64)


def _ratings(
    scenario: Scenario, truth: Truth, item: IntArray, rater: IntArray, criterion: IntArray, value: IntArray
) -> Ratings:
    kinds: dict[Hashable, Hashable] = {j: bool(machine) for j, machine in enumerate(truth.is_machine)}
    facets = [
        Facet.of("item", Codes(item, tuple(range(scenario.n_items))), sign=1),
        Facet.of("rater", Codes(rater, tuple(range(scenario.n_raters))), population=kinds),
    ]
    if scenario.n_criteria > 1:
        criteria = Codes(criterion, tuple(range(scenario.n_criteria)))
        facets.append(Facet.of("criterion", criteria, is_random=False))
    return Ratings.of(
        facets, value, thresholds_by=scenario.thresholds_by, levels=range(scenario.n_categories)
    )
