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
from annotate.stats.codes import FloatArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.marginal_model import LEAST_SD, At, Grid, MarginalModel
from annotate.stats.rasch.moments import Squares
from annotate.stats.rasch.steps import Steps

MOST_PARAMETERS = 1500


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
    residual : (n,) float array
        Weighted and averaged likewise.
    """

    measures: FloatArray
    errors: FloatArray
    steps: Steps
    mean: float
    variance: float
    squares: Squares
    residual: FloatArray
    log_likelihood: float
    n_iter: int
    converged: bool
    message: str


def fit_marginally(design: Design, steps: Steps, *, tolerance: float, max_iter: int) -> Marginal:
    """Newton's method until no parameter moves by ``tolerance`` any more.

    Raters and criteria whose every rating is the lowest, or the highest, must have been set aside before: they are on
    their way to infinity. Raises `Rejected` for more parameters than a dense information matrix should have.
    """
    model = MarginalModel(design)
    if model.n_rest + int(steps.free.sum()) > MOST_PARAMETERS:
        raise Rejected(f"mml is for up to {MOST_PARAMETERS} raters and thresholds; use eb", field="estimator")
    at = At(model.begun, steps, 0.0, 0.0)
    grid = model.grid(at, np.zeros(model.n_items), np.ones(model.n_items))
    move = np.inf
    information = np.zeros((0, 0))
    for turn in range(1, max_iter + 1):
        gradient, information = model.derivatives(at, grid)
        if at.log_sd <= np.log(LEAST_SD) and gradient[-1] < 0:
            gradient, information = _but_for_the_spread(gradient, information)
        step = _newton_step(information, gradient)
        better = model.moved(at, grid, step)
        if better is None:
            arrived, said = move < 1e3 * tolerance, "no step raises the likelihood"
            return _result(model, at, grid, information, (turn, arrived, said))
        move = float(np.abs(step).max(initial=0.0))
        at, grid = better
        if move < tolerance:
            gradient, information = model.derivatives(at, grid)
            said = f"no parameter moves by more than {move:.1e}"
            return _result(model, at, grid, information, (turn, True, said))
    said = f"after {max_iter} rounds it moves by {move:.1e}"
    return _result(model, at, grid, information, (max_iter, False, said))


def _but_for_the_spread(gradient: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The last parameter stays where it is: items do not differ, and it would fall for ever."""
    held, rest = information.copy(), gradient.copy()
    held[-1, :] = held[:, -1] = rest[-1] = 0.0
    held[-1, -1] = 1.0
    return rest, held


def _newton_step(information: FloatArray, gradient: FloatArray) -> FloatArray:
    """Uphill even where the likelihood is not concave yet."""
    values, vectors = np.linalg.eigh(information)
    floor = 1e-6 * max(float(np.abs(values).max(initial=0.0)), 1e-300)
    bounded = np.maximum(np.abs(values), floor)
    step = vectors @ ((vectors.T @ gradient) / bounded)
    longest = float(np.abs(step).max(initial=0.0))
    return np.asarray(step * min(1.0, 1.0 / longest) if longest > 0 else step)


def _result(
    model: MarginalModel, at: At, grid: Grid, information: FloatArray, ending: tuple[int, bool, str]
) -> Marginal:
    mapping = model.mapping(int(at.steps.free.sum()))
    covariance = mapping @ np.linalg.pinv(information, hermitian=True) @ mapping.T
    own = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    squares, residual = model.squares(at, grid)
    return Marginal(
        np.concatenate([np.where(model.is_drawn, grid.mean, model.known), at.rest]),
        np.concatenate([grid.sd, own[: model.n_rest]]),
        at.steps,
        at.mean,
        float(np.exp(2 * at.log_sd)),
        squares,
        residual,
        float(grid.log_likelihood.sum()),
        *ending,
    )
