r"""Marginal maximum likelihood: items are drawn from a normal population and integrated out, all else are parameters.

.. math:: \ell = \sum_i \log \int \prod_{r \in i} P(x_r \mid \theta) \, N(\theta; \mu, \sigma^2) \, d\theta

by adaptive Gauss-Hermite quadrature around each item's own posterior, maximised with Newton steps whose curvature is
Louis' observed information. Exact, and dear: its cost grows with the square of the number of raters.

Identified by a population mean of 0 and facets that add up to 0, but for the criteria, which carry the level; without a
facet of parameters the population mean does.

References
----------
Bock, R. D. & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters. Psychometrika 46, 443-459.
doi:10.1007/BF02293801
Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. JRSS B 44, 226-233.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.item_scores import ItemScores
from annotate.stats.rasch.moments import Squares, expected_of, fourth_of, log_chance_of
from annotate.stats.rasch.ratings import Design
from annotate.stats.rasch.steps import Steps

N_NODES = 21
MOST_PARAMETERS = 1500
_ADAPTATIONS = 8
_SETTLED = 1e-4
_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Marginal:
    """Attributes
    ----------
    measures, errors : (n_elements,) float arrays
        Items: mean and standard deviation of the posterior; others: estimates and their standard errors.
    mean, variance : float
        Of the population of items.
    squares : Squares
        Averaged over the posteriors of the items.
    """

    measures: FloatArray
    errors: FloatArray
    steps: Steps
    mean: float
    variance: float
    squares: Squares
    log_likelihood: float
    n_iter: int
    converged: bool
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """Parameters: ``rest`` are the elements of every facet but the items."""

    rest: FloatArray
    steps: Steps
    mean: float
    log_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
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


def fit_marginally(design: Design, steps: Steps, *, tolerance: float, max_iter: int) -> Marginal:
    """Newton's method until no parameter moves by ``tolerance`` any more.

    Raises `Rejected` for anchors, and for more parameters than a dense information matrix should have.
    """
    if design.is_anchored.any():
        raise Rejected("mml takes no anchors; use jmle or eb", field="anchors")
    model = _Model(design)
    if model.n_rest + int(steps.free.sum()) > MOST_PARAMETERS:
        raise Rejected(f"mml is for up to {MOST_PARAMETERS} raters and thresholds; use eb", field="estimator")
    at = _At(np.zeros(model.n_rest), steps, 0.0, 0.0)
    grid = model.grid(at, np.zeros(model.n_items), np.ones(model.n_items))
    move = np.inf
    information = np.zeros((0, 0))
    for turn in range(1, max_iter + 1):
        gradient, information = model.derivatives(at, grid)
        step = _newton_step(information, gradient)
        better = model.moved(at, grid, step)
        if better is None:
            return model.result(
                at, grid, information, turn, move < 1e3 * tolerance, "no step raises the likelihood"
            )
        move = float(np.abs(step).max(initial=0.0))
        at, grid = better
        if move < tolerance:
            gradient, information = model.derivatives(at, grid)
            return model.result(
                at, grid, information, turn, True, f"no parameter moves by more than {move:.1e}"
            )
    return model.result(
        at, grid, information, max_iter, False, f"after {max_iter} rounds it moves by {move:.1e}"
    )


def _newton_step(information: FloatArray, gradient: FloatArray) -> FloatArray:
    """Uphill even where the likelihood is not concave yet."""
    values, vectors = np.linalg.eigh(information)
    floor = 1e-6 * max(float(np.abs(values).max(initial=0.0)), 1e-300)
    bounded = np.maximum(np.abs(values), floor)
    step = vectors @ ((vectors.T @ gradient) / bounded)
    longest = float(np.abs(step).max(initial=0.0))
    return np.asarray(step * min(1.0, 1.0 / longest) if longest > 0 else step)


class _Model:
    """The free parameters are, in this order: contrasts of the elements, thresholds, the mean (maybe), log sd."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.ratings = design.ratings
        self.item = design.ratings.facets[0].elements.codes
        self.n_items = len(design.ratings.facets[0])
        self.n_rest = design.n_elements - self.n_items
        self.sign = float(design.sign[0])
        facets = design.ratings.facets[1:]
        carrier = next((place for place, facet in enumerate(facets) if not facet.is_random), None)
        self.has_mean = carrier is None
        seen = design.gathered(design.ratings.weight, signed=False) > 0
        self.contrasts = _contrasts([seen[part] for part in design.slices[1:]], carrier)

    def eta(self, at: _At) -> FloatArray:
        """(n,) without the item."""
        return self.design.spread(np.concatenate([np.zeros(self.n_items), at.rest]))

    def grid(self, at: _At, centre: FloatArray, width: FloatArray) -> _Grid:
        """Nodes around each item's posterior, moved until they sit on it."""
        eta = self.eta(at)
        found = self._on(at, eta, centre, width)
        for _ in range(_ADAPTATIONS):
            before, centre, width = centre, found.mean, np.maximum(found.sd, 1e-3)
            found = self._on(at, eta, centre, width)
            if np.abs(centre - before).max(initial=0.0) < _SETTLED:
                break
        return found

    def _on(self, at: _At, eta: FloatArray, centre: FloatArray, width: FloatArray) -> _Grid:
        nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
        place = centre[:, None] + width[:, None] * nodes
        log = np.empty_like(place)
        for q in range(N_NODES):
            chance = self.ratings.weight * log_chance_of(
                self.ratings, eta + self.sign * place[self.item, q], at.steps, slice(None)
            )
            log[:, q] = np.bincount(self.item, chance, self.n_items)
        sd = np.exp(at.log_sd)
        log += -0.5 * np.square((place - at.mean) / sd) - at.log_sd
        # The weights are for a normal density, which is taken out again; its constant cancels with the prior's.
        log += np.log(weights) - 0.5 * np.log(2 * np.pi) + 0.5 * nodes * nodes + np.log(width)[:, None]
        top = log.max(axis=1, keepdims=True)
        share = np.exp(log - top)
        total = share.sum(axis=1, keepdims=True)
        return _Grid(place, share / total, (top + np.log(total))[:, 0])

    def derivatives(self, at: _At, grid: _Grid) -> tuple[FloatArray, FloatArray]:
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
            gap = grid.place[:, q] - at.mean
            score[cells.last[:, 0]], score[cells.last[:, 1]] = gap / sd2, gap * gap / sd2 - 1
            information[-2, -2] = share.sum() / sd2
            information[-1, -1] = 2 * float((share * gap * gap).sum()) / sd2
            information[-1, -2] = information[-2, -1] = 2 * float((share * gap).sum()) / sd2
            complete += information
            scores[:, q] = score
        gradient = cells.total((scores * grid.share[cells.item]).sum(axis=1))
        observed = complete - cells.covariance(scores, grid.share)
        mapping = self._mapping(n_steps)
        return mapping.T @ gradient, mapping.T @ observed @ mapping

    def _cells(self, at: _At) -> ItemScores:
        """Which parameters the ratings of each item depend on: those of the facets, then thresholds."""
        free, scale = at.steps.free, self.ratings.scale.codes
        number = np.cumsum(free.ravel()).reshape(free.shape) - 1 + self.n_rest
        rated = self.ratings.trials == 0
        everywhere = np.ones(len(self.ratings), dtype=np.bool_)
        columns = [(places - self.n_items, everywhere) for places in self.design.index[1:].astype(np.int64)]
        columns += [(number[scale, k], free[scale, k] & rated) for k in np.flatnonzero(free.any(axis=0))]
        return ItemScores.of(self.item, columns, self.n_items, self.n_rest + int(free.sum()) + 2)

    def _complete(
        self, at: _At, cells: ItemScores, eta: FloatArray, share: FloatArray
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

    def _mapping(self, n_steps: int) -> FloatArray:
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

    def moved(self, at: _At, grid: _Grid, step: FloatArray) -> tuple[_At, _Grid] | None:
        """The longest of the halved steps that does not lower the likelihood."""
        n_steps = int(at.steps.free.sum())
        full = self._mapping(n_steps) @ step
        by = np.zeros(at.steps.sums.shape)
        by[at.steps.free] = full[self.n_rest : self.n_rest + n_steps]
        before, length = float(grid.log_likelihood.sum()), 1.0
        while length > _SHORTEST:
            there = _At(
                at.rest + length * full[: self.n_rest],
                at.steps.moved(length * by),
                at.mean + length * float(full[-2]),
                at.log_sd + length * float(full[-1]),
            )
            then = self.grid(there, grid.mean, np.maximum(grid.sd, 1e-3))
            if float(then.log_likelihood.sum()) >= before - 1e-10 * abs(before):
                return there, then
            length /= 2
        return None

    def result(
        self, at: _At, grid: _Grid, information: FloatArray, n_iter: int, converged: bool, message: str
    ) -> Marginal:
        n_steps = int(at.steps.free.sum())
        mapping = self._mapping(n_steps)
        covariance = mapping @ np.linalg.pinv(information, hermitian=True) @ mapping.T
        own = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        return Marginal(
            np.concatenate([grid.mean, at.rest]),
            np.concatenate([grid.sd, own[: self.n_rest]]),
            at.steps,
            at.mean,
            float(np.exp(2 * at.log_sd)),
            self._squares(at, grid),
            float(grid.log_likelihood.sum()),
            n_iter,
            converged,
            message,
        )

    def _squares(self, at: _At, grid: _Grid) -> Squares:
        parts = [np.zeros(len(self.ratings)) for _ in range(5)]
        base = self.eta(at)
        for q in range(N_NODES):
            eta = base + self.sign * grid.place[self.item, q]
            mean, var, chance = expected_of(self.ratings, eta, at.steps, slice(None))
            gap = np.square(self.ratings.value - mean)
            fourth = fourth_of(self.ratings, eta, mean, chance, slice(None))
            floor = np.maximum(var, 1e-150)
            share = grid.share[self.item, q]
            terms = (gap, var, gap / floor, fourth, fourth / np.square(floor))
            for part, term in zip(parts, terms, strict=True):
                np.add(part, share * term, out=part)
        return Squares(*parts)


def _contrasts(seen: list[BoolArray], carrier: int | None) -> FloatArray:
    """(elements, free): the carrier's elements are free, of every other facet the last is minus the sum of the rest.

    Elements without a rating stay at 0 and have no part in the sum.
    """
    blocks = []
    for place, rated in enumerate(seen):
        block = np.eye(len(rated))[:, rated]
        if place != carrier and rated.any():
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
