"""Made-up crowds that label items by models of their own: one coin, tables, severities, difficulties.

A crowd's shape (items, raters, labels an item, levels, spammers, how common the levels are) is drawn by lot from wide
ranges, so that a seed nobody has looked at is a set nobody has seen. Beside the truth stands what it could be known by:
the posterior of whoever knows every parameter and only the labels' chance is left. No method can be expected to beat
that one, and it too is sometimes below a method by luck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable

Kind: TypeAlias = Literal["one coin", "two coins", "tables", "alike", "severity", "difficulty"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# No more labels than this, by giving items fewer: a set should take seconds.
MOST_LABELS = 20_000
# Where an item of average place stands between the lowest and the highest cut, and what a reading adds by chance.
_WIDEST, _SPREAD, _NOISE = 1.4, 1.3, 0.7
_N_PLACES = 401


@dataclass(frozen=True)
class Shape:
    """What a crowd is like; `strength` means what its kind makes of it.

    ============ =====================================================================================================
    one coin     accuracies are Beta around `strength` of the way from guessing to perfect; errors spread evenly
    two coins    the same for either of two levels by itself
    tables       rows of every rater are Dirichlet(1 + 10 `strength` where right)
    alike        rows of every rater are Dirichlet around a row that all share, drawn like those of tables
    severity     levels are cuts of a scale, and raters move all cuts by a severity of standard deviation `strength`
    difficulty   a label is right with σ(ability × easiness): Normal(1, 1) and exp Normal(0, `strength`)
    ============ =====================================================================================================
    """

    kind: Kind
    n_items: int = 400
    n_raters: int = 20
    each: int = 4
    n_levels: int = 2
    strength: float = 0.6
    spammers: float = 0.0
    # Shares of the true levels; of severity they follow from the cuts and `shift`.
    shares: tuple[float, ...] = ()
    shift: float = 0.0
    # Severities add up to 0: where they do not, labels alone cannot say what counts as which level.
    is_centred: bool = True

    @property
    def is_ordinal(self) -> bool:
        return self.kind == "severity"

    def __str__(self) -> str:
        most = f", most common level {max(self.shares):.2f}" if self.shares else ""
        told = (
            f"{self.n_items} items, {self.n_raters} raters, {self.each} labels each, {self.n_levels} levels"
        )
        centred = ", severities add up to 0" if self.is_ordinal and self.is_centred else ""
        return f"{self.kind} {self.strength:.2f}: {told}, spammers {self.spammers:.2f}{most}{centred}"


@dataclass(frozen=True)
class Crowd:
    """`known_by_all` (n_items, n_levels) is the posterior under the parameters that the crowd was drawn from."""

    shape: Shape
    table: LongTable
    truth: IntArray
    known_by_all: FloatArray


def drawn_shape(kind: Kind, seed: int) -> Shape:
    """100 to 5,000 items, 3 to 60 raters, 2 to 10 levels, sparse or dense; every third crowd has spammers."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])

    def between(low: float, high: float) -> int:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))

    n_items, n_raters = between(100, 5000), between(3, 60)
    each = n_raters if rng.random() < 0.2 else int(rng.integers(2, 9))
    each = max(2, min(each, n_raters, MOST_LABELS // n_items))
    n_levels = {"two coins": 2, "difficulty": 2 if rng.random() < 0.6 else between(3, 6)}.get(
        kind, between(2, 10)
    )
    shape = Shape(
        kind,
        n_items,
        n_raters,
        each,
        max(3, n_levels) if kind == "severity" else n_levels,
        strength=float(rng.uniform(*_STRENGTHS[kind])),
        spammers=float(rng.uniform(0.1, 0.4)) if rng.random() < 0.33 else 0.0,
        is_centred=bool(rng.random() < 0.5),
        shift=float(rng.normal(0, 0.5)),
    )
    if kind == "severity":
        return shape
    if n_levels == 2:
        first = float(rng.uniform(0.05, 0.95))
        return replace(shape, shares=(first, 1 - first))
    return replace(shape, shares=tuple(rng.dirichlet(np.full(n_levels, rng.uniform(0.7, 8))).tolist()))


_STRENGTHS: dict[Kind, tuple[float, float]] = {
    "one coin": (0.15, 0.7),
    "two coins": (0.2, 0.8),
    "tables": (0.3, 1.2),
    "alike": (0.3, 1.2),
    "severity": (0.3, 1.5),
    "difficulty": (0.5, 1.5),
}


def made(shape: Shape, seed: int) -> Crowd:
    """The crowd; the same for the same seed."""
    rng = np.random.default_rng([seed, 7])
    item = np.repeat(np.arange(shape.n_items), shape.each)
    rater = np.concatenate([rng.permutation(shape.n_raters)[: shape.each] for _ in range(shape.n_items)])
    world = _WORLDS[shape.kind](shape, rng, item, rater).with_spammers(shape, rng)
    state = rng.choice(len(world.prior), size=shape.n_items, p=world.prior)
    own = world.chances[world.by, state[item]].cumsum(axis=1)
    value = np.minimum((rng.random(len(item))[:, None] > own).sum(axis=1), shape.n_levels - 1)
    said = np.log(np.maximum(world.chances[world.by, :, value], 1e-300))
    scores = np.add.reduceat(said, np.arange(0, len(item), shape.each)) + np.log(world.prior)
    mass = np.exp(scores - scores.max(axis=1, keepdims=True))
    mass = np.stack([mass[:, world.level == level].sum(axis=1) for level in range(shape.n_levels)], axis=1)
    table = LongTable.from_columns(item, rater, value, levels=range(shape.n_levels))
    return Crowd(shape, table, world.level[state], mass / mass.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class _World:
    """An item is in one of the states, of `prior` (n_states,) chances, and each counts as a `level` (n_states,).

    `chances` (n_rows, n_states, n_levels) of what is said, the row of each label being `by` (n,); rows are those of a
    rater, `owner` (n_rows,).
    """

    prior: FloatArray
    level: IntArray
    chances: FloatArray
    by: IntArray
    owner: IntArray

    def with_spammers(self, shape: Shape, rng: np.random.Generator) -> _World:
        """The first raters say what they are in the habit of saying, whatever they look at."""
        habit = rng.dirichlet(np.ones(shape.n_levels), shape.n_raters)[self.owner]
        is_spammer = self.owner < round(shape.spammers * shape.n_raters)
        return replace(self, chances=np.where(is_spammer[:, None, None], habit[:, None, :], self.chances))


def _of_raters(shape: Shape, chances: FloatArray, rater: IntArray) -> _World:
    shares = np.array(shape.shares) if shape.shares else np.full(shape.n_levels, 1 / shape.n_levels)
    return _World(shares, np.arange(shape.n_levels), chances, rater, np.arange(shape.n_raters))


def _evenly_wrong(right: FloatArray, n_levels: int) -> FloatArray:
    """(..., true, given) where `right` (..., true) is the chance of the true level."""
    wrong = ((1 - right) / (n_levels - 1))[..., None]
    return np.where(np.eye(n_levels, dtype=np.bool_), right[..., None], wrong)


def _coins(shape: Shape, rng: np.random.Generator, item: IntArray, rater: IntArray) -> _World:
    n_own = 1 if shape.kind == "one coin" else shape.n_levels
    way = rng.beta(5 * shape.strength, 5 * (1 - shape.strength), (shape.n_raters, n_own))
    right = 1 / shape.n_levels + (1 - 1 / shape.n_levels) * way
    right = np.broadcast_to(right, (shape.n_raters, shape.n_levels))
    return _of_raters(shape, _evenly_wrong(right, shape.n_levels), rater)


def _tables(shape: Shape, rng: np.random.Generator, item: IntArray, rater: IntArray) -> _World:
    rows = 1 + 10 * shape.strength * np.eye(shape.n_levels)
    if shape.kind == "alike":
        rows = 15 * np.stack([rng.dirichlet(row) for row in rows]) + 0.05
    chances = np.stack([rng.dirichlet(row, shape.n_raters) for row in rows], axis=1)
    return _of_raters(shape, chances, rater)


def _severities(shape: Shape, rng: np.random.Generator, item: IntArray, rater: IntArray) -> _World:
    from scipy.special import ndtr

    severity = rng.normal(0, shape.strength, shape.n_raters)
    severity -= severity.mean() if shape.is_centred else 0.0
    cuts = np.linspace(-_WIDEST, _WIDEST, shape.n_levels - 1)
    place = shape.shift + _SPREAD * np.linspace(-4, 4, _N_PLACES)
    density = np.exp(-(((place - shape.shift) / _SPREAD) ** 2) / 2)
    below = ndtr((cuts + severity[:, None, None] - place[:, None]) / _NOISE)
    edge = (*below.shape[:2], 1)
    chances = np.diff(np.concatenate([np.zeros(edge), below, np.ones(edge)], axis=2), axis=2)
    level = np.digitize(place, cuts)
    return _World(density / density.sum(), level, chances, rater, np.arange(shape.n_raters))


def _difficulties(shape: Shape, rng: np.random.Generator, item: IntArray, rater: IntArray) -> _World:
    ability, easiness = rng.normal(1, 1, shape.n_raters), np.exp(rng.normal(0, shape.strength, shape.n_items))
    # Whoever knows nothing picks any level; with two levels this is the model of Whitehill and others (2009).
    score = ability[rater] * easiness[item] - np.log(shape.n_levels - 1)
    right = np.repeat((1 / (1 + np.exp(-score)))[:, None], shape.n_levels, axis=1)
    whole = _of_raters(shape, _evenly_wrong(right, shape.n_levels), rater)
    return replace(whole, by=np.arange(len(item)), owner=rater)


_WORLDS: dict[Kind, Callable[[Shape, np.random.Generator, IntArray, IntArray], _World]] = {
    "one coin": _coins,
    "two coins": _coins,
    "tables": _tables,
    "alike": _tables,
    "severity": _severities,
    "difficulty": _difficulties,
}
