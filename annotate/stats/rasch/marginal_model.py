"""The marginal likelihood of a Rasch model: items integrated out, its derivatives and its free parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.item_scores import ItemScores
from annotate.stats.rasch.moments import Squares, expected_of, fourth_of, log_chance_of
from annotate.stats.rasch.steps import Steps

N_NODES = 21
_ADAPTATIONS = 8
_SETTLED = 1e-4
_SHORTEST = 1e-6
LEAST_SD = 0.01
"""Of the population, in logits: where items do not differ the likeliest one is 0, which no number of steps reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class At:
    """Parameters: ``rest`` are the elements of every facet but the items."""

    rest: FloatArray
    steps: Steps
    mean: float
    log_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """(I, Q) places of the nodes, their posterior weights, and the (I,) log-likelihoods of the items."""

    place: FloatArray
    share: FloatArray
    log_likelihood: FloatArray

    @property
    def mean(self) -> FloatArray:
        return np.asarray((self.share * self.place).sum(axis=1))

    @property
    def sd(self) -> FloatArray:
        gap = self.place - self.mean[:, None]
        return np.asarray(np.sqrt((self.share * gap * gap).sum(axis=1)))


class MarginalModel:
    """The free parameters are, in this order: contrasts of the elements, thresholds, the mean (maybe), log sd.

    Anchored items are no draws of the population: their ratings speak of the others at the place they are known to be.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.ratings = design.ratings
        self.item = design.ratings.facets[0].elements.codes
        self.n_items = len(design.ratings.facets[0])
        self.n_rest = design.n_elements - self.n_items
        self.sign = float(design.sign[0])
        self.known = design.anchors[: self.n_items]
        self.is_drawn = np.isnan(self.known)
        carrier = _carrier(design)
        # What is anchored says where 0 is, so that the population may be anywhere.
        self.has_mean = bool(carrier is None or design.is_anchored.any())
        seen = design.gathered(design.ratings.weight, signed=False) > 0
        self.contrasts = _contrasts(
            [seen[part] for part in design.slices[1:]],
            [design.is_anchored[part] for part in design.slices[1:]],
            carrier,
        )

    @property
    def begun(self) -> FloatArray:
        """(n_rest,) anchors, and 0 for what has none."""
        return np.nan_to_num(self.design.anchors[self.n_items :])

    def eta(self, at: At) -> FloatArray:
        """(n,) without the item."""
        return self.design.spread(np.concatenate([np.zeros(self.n_items), at.rest]))

    def grid(self, at: At, centre: FloatArray, width: FloatArray) -> Grid:
        """Nodes around each item's posterior, moved until they sit on it."""
        eta = self.eta(at)
        found = self._on(at, eta, centre, width)
        for _ in range(_ADAPTATIONS):
            before, centre, width = centre, found.mean, _wide_enough(found.sd, at)
            found = self._on(at, eta, centre, width)
            if np.abs(centre - before).max(initial=0.0) < _SETTLED:
                break
        return found

    def _on(self, at: At, eta: FloatArray, centre: FloatArray, width: FloatArray) -> Grid:
        nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
        place = np.where(
            self.is_drawn[:, None], centre[:, None] + width[:, None] * nodes, self.known[:, None]
        )
        log = np.empty_like(place)
        for q in range(N_NODES):
            chance = self.ratings.weight * log_chance_of(
                self.ratings, eta + self.sign * place[self.item, q], at.steps, slice(None)
            )
            log[:, q] = np.bincount(self.item, chance, self.n_items)
        sd = np.exp(at.log_sd)
        prior = -0.5 * np.square((place - at.mean) / sd) - at.log_sd
        # The weights are for a normal density, which is taken out again; its constant cancels with the prior's.
        log_weights = np.log(weights) - 0.5 * np.log(2 * np.pi)
        prior += 0.5 * nodes * nodes + np.log(width)[:, None]
        log += log_weights + np.where(self.is_drawn[:, None], prior, 0.0)
        top = log.max(axis=1, keepdims=True)
        share = np.exp(log - top)
        total = share.sum(axis=1, keepdims=True)
        return Grid(place, share / total, (top + np.log(total))[:, 0])

    def derivatives(self, at: At, grid: Grid) -> tuple[FloatArray, FloatArray]:
        """Gradient of the log-likelihood and Louis' information, by the free parameters."""
        eta, free = self.eta(at), at.steps.free
        n_steps = int(free.sum())
        cells = self._cells(at)
        scores = np.empty((len(cells), N_NODES))
        complete = np.zeros((cells.size, cells.size))
        sd2 = float(np.exp(2 * at.log_sd))
        for q in range(N_NODES):
            share = grid.share[:, q]
            score, information = self._complete(at, cells, eta + self.sign * grid.place[self.item, q], share)
            gap = np.where(self.is_drawn, grid.place[:, q] - at.mean, 0.0)
            spread = np.where(self.is_drawn, gap * gap / sd2 - 1, 0.0)
            score[cells.last[:, 0]], score[cells.last[:, 1]] = gap / sd2, spread
            information[-2, -2] = share[self.is_drawn].sum() / sd2
            information[-1, -1] = 2 * float((share * gap * gap).sum()) / sd2
            information[-1, -2] = information[-2, -1] = 2 * float((share * gap).sum()) / sd2
            complete += information
            scores[:, q] = score
        gradient = cells.total((scores * grid.share[cells.item]).sum(axis=1))
        observed = complete - cells.covariance(scores, grid.share)
        mapping = self.mapping(n_steps)
        return mapping.T @ gradient, mapping.T @ observed @ mapping

    def _cells(self, at: At) -> ItemScores:
        """Which parameters the ratings of each item depend on: those of the facets, then thresholds."""
        free, scale = at.steps.free, self.ratings.scale.codes
        number = np.cumsum(free.ravel()).reshape(free.shape) - 1 + self.n_rest
        rated = self.ratings.trials == 0
        everywhere = np.ones(len(self.ratings), dtype=np.bool_)
        columns = [(places - self.n_items, everywhere) for places in self.design.index[1:].astype(np.int64)]
        columns += [(number[scale, k], free[scale, k] & rated) for k in np.flatnonzero(free.any(axis=0))]
        return ItemScores.of(self.item, columns, self.n_items, self.n_rest + int(free.sum()) + 2)

    def _complete(
        self, at: At, cells: ItemScores, eta: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """(E,) scores of the items' complete data at one node, and the information, weighted by ``share``."""
        ratings, design, size = self.ratings, self.design, cells.size
        mean, var, chance = expected_of(ratings, eta, at.steps, slice(None))
        score, information = np.zeros(len(cells)), np.zeros(size * size)
        weight = ratings.weight
        counted = weight * share[self.item]
        facets = list(zip(cells.place, design.sign[1:], strict=False))
        for place, sign in facets:
            score += cells.summed(place, sign * weight * (ratings.value - mean))
            for other, other_sign in facets:
                both = cells.column[place] * size + cells.column[other]
                information += np.bincount(both, sign * other_sign * counted * var, len(information))
        inner = [int(k) for k in np.flatnonzero(at.steps.free.any(axis=0))]
        steps = list(zip(inner, cells.place[len(facets) :], strict=True))
        for k, place in steps:
            score -= cells.summed(place, weight * ((ratings.value == k) - chance[:, k]))
            has = place >= 0
            column, own = cells.column[place[has]], counted[has]
            mixed = own * chance[has, k] * (k - mean[has])
            for facet, sign in facets:
                both = np.bincount(cells.column[facet[has]] * size + column, sign * mixed, len(information))
                information -= both + both.reshape(size, size).T.ravel()
            for j, other in steps:
                shared = own * (chance[has, k] * (j == k) - chance[has, k] * chance[has, j])
                # A category that is free on this scale may be none of another's.
                also = other[has] >= 0
                both = column[also] * size + cells.column[other[has][also]]
                information += np.bincount(both, shared[also], len(information))
        return score, information.reshape(size, size)

    def mapping(self, n_steps: int) -> FloatArray:
        """(size, free) how all parameters follow from the free ones."""
        rows, columns = self.contrasts.shape
        has_mean = int(self.has_mean)
        mapping = np.zeros((rows + n_steps + 2, columns + n_steps + has_mean + 1))
        mapping[:rows, :columns] = self.contrasts
        mapping[rows : rows + n_steps, columns : columns + n_steps] = np.eye(n_steps)
        if has_mean:
            mapping[-2, -2] = 1.0
        mapping[-1, -1] = 1.0
        return mapping

    def moved(self, at: At, grid: Grid, step: FloatArray) -> tuple[At, Grid] | None:
        """The longest of the halved steps that does not lower the likelihood."""
        n_steps = int(at.steps.free.sum())
        full = self.mapping(n_steps) @ step
        by = np.zeros(at.steps.sums.shape)
        by[at.steps.free] = full[self.n_rest : self.n_rest + n_steps]
        before, length = float(grid.log_likelihood.sum()), 1.0
        while length > _SHORTEST:
            there = At(
                at.rest + length * full[: self.n_rest],
                at.steps.moved(length * by),
                at.mean + length * float(full[-2]),
                max(at.log_sd + length * float(full[-1]), float(np.log(LEAST_SD))),
            )
            then = self.grid(there, grid.mean, _wide_enough(grid.sd, there))
            if float(then.log_likelihood.sum()) >= before - 1e-10 * abs(before):
                return there, then
            length /= 2
        return None

    def squares(self, at: At, grid: Grid) -> tuple[Squares, FloatArray]:
        """Averaged over the posteriors of the items, and the (n,) weighted residuals."""
        parts = [np.zeros(len(self.ratings)) for _ in range(6)]
        base = self.eta(at)
        for q in range(N_NODES):
            eta = base + self.sign * grid.place[self.item, q]
            mean, var, chance = expected_of(self.ratings, eta, at.steps, slice(None))
            gap = np.square(self.ratings.value - mean)
            fourth = fourth_of(self.ratings, eta, mean, chance, slice(None))
            floor = np.maximum(var, 1e-150)
            share = grid.share[self.item, q]
            residual = self.ratings.weight * (self.ratings.value - mean)
            terms = (gap, var, gap / floor, fourth, fourth / np.square(floor), residual)
            for part, term in zip(parts, terms, strict=True):
                np.add(part, share * term, out=part)
        return Squares(*parts[:5]), parts[5]


def _wide_enough(sd: FloatArray, at: At) -> FloatArray:
    """Nodes must not lie on one another, nor further apart than the population is wide."""
    return np.asarray(np.maximum(sd, 1e-3 * min(1.0, float(np.exp(at.log_sd)))))


def _carrier(design: Design) -> int | None:
    """Which facet but the items takes up the level, so that it is not centred; None where the population does."""
    facets = list(enumerate(design.ratings.facets[1:]))
    if not design.is_anchored.any():
        return next((place for place, facet in facets if not facet.is_random), None)
    if not design.is_anchored[design.slices[0]].any():
        return None
    return next(
        (place for place, _ in facets if not design.is_anchored[design.slices[place + 1]].any()), None
    )


def _contrasts(seen: list[BoolArray], anchored: list[BoolArray], carrier: int | None) -> FloatArray:
    """(elements, free): of every facet without an anchor that is not the carrier the last is minus the sum of the rest.

    Elements without a rating stay at 0 and have no part in the sum; anchored ones stay where they are.
    """
    blocks = []
    for place, (rated, held) in enumerate(zip(seen, anchored, strict=True)):
        block = np.eye(len(rated))[:, rated & ~held]
        if place != carrier and rated.any() and not held.any():
            block[np.flatnonzero(rated)[-1], :-1] = -1.0
            block = block[:, :-1]
        blocks.append(block)
    rows, columns = sum(len(block) for block in blocks), sum(block.shape[1] for block in blocks)
    matrix = np.zeros((rows, columns))
    row = column = 0
    for block in blocks:
        matrix[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return matrix
