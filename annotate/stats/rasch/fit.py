"""Fit a many-facet Rasch model: structure first, then measures with their errors, fit and separation."""

from __future__ import annotations

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.assembly import Found, assembled, displacement_of
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.eb import Bayes, fit_bayes
from annotate.stats.rasch.extremes import ADJUSTMENT, find_extremes, place_extremes
from annotate.stats.rasch.fit_statistics import AS_WINSTEPS, FitOptions
from annotate.stats.rasch.jmle import fit_jointly
from annotate.stats.rasch.location import centred, levelled
from annotate.stats.rasch.mml import fit_marginally
from annotate.stats.rasch.moments import moments, squares
from annotate.stats.rasch.precision import posterior_errors
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import Estimator, Population, RaschFit
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.structure import Structure

TOLERANCE = {"eb": 1e-5, "jmle": 1e-6, "mml": 1e-7}
"""Of measures in logits; in ``jmle`` of scores."""
_NOTHING = 1e-9


def fit_rasch(
    ratings: Ratings,
    *,
    estimator: Estimator = "eb",
    tolerance: float | None = None,
    max_iter: int = 1000,
    adjustment: float = ADJUSTMENT,
    options: FitOptions | None = None,
    start: RaschFit | None = None,
    seed: int = 0,
) -> RaschFit:
    r"""Measures of all facets on one logit scale.

    .. math:: \log \frac{P(x = k)}{P(x = k - 1)} = \theta_i - \lambda_j - \delta_c - \tau_{gk},
        \qquad \sum_k \tau_{gk} = 0

    with the signs of the facets. Every facet but the first is centred (raters add up to 0); in ``eb`` and ``mml`` the
    items' population has mean 0 and the criteria carry the level, in ``jmle`` the items do.

    Parameters
    ----------
    ratings : Ratings
    estimator : {'eb', 'jmle', 'mml'}
        Variational empirical Bayes (default), joint maximum likelihood (Facets, Winsteps), marginal maximum likelihood.
    tolerance : float, optional
        Largest move in logits (``eb``, ``mml``) or largest score residual (``jmle``) that counts as arrived.
        Facets stops at half a score point, ``tolerance=0.5``; its own steps end elsewhere within it.
    max_iter : int
        Rounds. ``eb`` needs many where a variance is nearly 0.
    adjustment : float
        Score points by which a perfect score is moved inwards (``jmle``, and all but items in ``mml``).
    options : FitOptions, optional
        How z statistics are made.
    start : RaschFit, optional
        An earlier ``eb`` fit of ratings with the same elements.
    seed : int
        Of the estimated trace in large designs.

    Returns
    -------
    RaschFit

    Raises
    ------
    Rejected
        An unknown estimator; too many raters in ``mml``; groups anchored by their mean elsewhere than in ``jmle``.
    NotEstimable
        All ratings are one category; or (``jmle``) everything is extreme, so that no rating is left to learn from.

    References
    ----------
    Linacre, J. M. (1989). Many-Facet Rasch Measurement. MESA Press.

    Examples
    --------
    >>> from annotate.stats.table import LongTable
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], rater=["ada", "bob"] * 6,
    ...     value=[2, 1, 1, 0, 2, 2, 0, 1, 0, 0, 1, 1], levels=[0, 1, 2])
    >>> fit = fit_rasch(Ratings.from_table(table), estimator="mml")
    >>> raters = fit.facet("rater")
    >>> fit.converged, raters.elements, [round(x, 2) for x in raters.measure.tolist()]
    (True, ('ada', 'bob'), [-0.35, 0.35])
    """
    design, steps = Design.of(ratings), Steps.of(ratings)
    if not (ratings.trials > 0).any() and (steps.used.sum(axis=1) < 2).all():
        raise NotEstimable("Every rating is the same category, so nothing can be told apart.")
    structure = Structure.of(design, steps)
    how = options or FitOptions(floor=AS_WINSTEPS if estimator == "jmle" else 0.0)
    limit = tolerance if tolerance is not None else TOLERANCE.get(estimator, 0.0)
    if estimator != "jmle" and len(design.group_means):
        raise Rejected("only jmle takes groups that are anchored by their mean", field="anchors")
    if estimator == "jmle":
        found = _joint(design, steps, limit, max_iter, adjustment)
    elif estimator == "mml":
        found = _marginal(design, steps, limit, max_iter, adjustment)
    elif estimator == "eb":
        found = _bayes(design, steps, limit, max_iter, start, seed)
    else:
        raise Rejected(f"no estimator is called {estimator!r}; there are eb, jmle and mml", field="estimator")
    return assembled(found, design, structure, how)


def _joint(design: Design, steps: Steps, tolerance: float, max_iter: int, adjustment: float) -> Found:
    extremes = find_extremes(design, steps)
    inner = _without(design, extremes.remaining)
    found = fit_jointly(inner, Steps.of(inner.ratings), tolerance=tolerance, max_iter=max_iter)
    known = inner.gathered(inner.ratings.weight, signed=False) > 0
    at = centred(inner, np.where(known, found.measures, np.nan))
    information = inner.gathered(found.moments.variance, signed=False)
    displacement = displacement_of(inner, found.moments.residual, found.moments.variance)
    reached, fitted = found.moments.log_likelihood, found.steps
    ending = (found.converged, found.n_iter, found.message)
    # The largest arrays there are, and the next step makes as many.
    del found
    measures, extreme_errors = place_extremes(design, fitted, at, extremes, adjustment=adjustment)
    errors = np.where(information > 0, 1 / np.sqrt(np.maximum(information, 1e-300)), np.nan)
    return Found(
        "jmle",
        inner,
        fitted,
        measures,
        np.where(extremes.found, extreme_errors, errors),
        np.zeros(design.n_elements),
        squares(inner.ratings, inner.spread(np.nan_to_num(measures)), fitted),
        displacement,
        reached,
        ending,
        extremes,
    )


def _without(design: Design, remaining: BoolArray) -> Design:
    if not remaining.any():
        raise NotEstimable(
            "Every rating belongs to an element that got nothing but the lowest or the highest."
        )
    return design if remaining.all() else Design.of(design.ratings.where(remaining))


def _bayes(
    design: Design, steps: Steps, tolerance: float, max_iter: int, start: RaschFit | None, seed: int
) -> Found:
    begin = _begin_of(design, start)
    found = fit_bayes(design, steps, tolerance=tolerance, max_iter=max_iter, start=begin)
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    curvature = Curvature(design, found.steps, found.moments, found.prior, seen & ~design.is_anchored)
    errors = posterior_errors(curvature, seed=seed)
    # Where only one rating was possible, nothing is known.
    known = seen & (curvature.by_ratings > _NOTHING)
    measures = levelled(design, np.where(known, found.measures, np.nan))
    at, spread = design.spread(np.nan_to_num(measures)), design.spread_variance(found.variances)
    return Found(
        "eb",
        design,
        found.steps,
        measures,
        np.where(known, errors, np.nan),
        found.variances,
        squares(design.ratings, at, found.steps, spread),
        displacement_of(design, found.moments.residual, found.moments.variance),
        found.bound,
        (found.converged, found.n_iter, found.message),
        populations=_populations(design, found.prior, measures),
        curvature=curvature,
    )


def _marginal(design: Design, steps: Steps, tolerance: float, max_iter: int, adjustment: float) -> Found:
    is_item = np.arange(design.n_elements) < len(design.ratings.facets[0])
    # The likelihood has its maximum where these are infinitely far out and their ratings say nothing of the items.
    extremes = find_extremes(design, steps, among=~is_item)
    inner = _without(design, extremes.remaining)
    found = fit_marginally(inner, Steps.of(inner.ratings), tolerance=tolerance, max_iter=max_iter)
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    drawn = seen & is_item & ~design.is_anchored
    variances = np.where(is_item, np.square(found.errors), 0.0)
    measures, extreme_errors = place_extremes(
        design,
        found.steps,
        np.where(seen, found.measures, np.nan),
        extremes,
        adjustment=adjustment,
        variances=variances,
    )
    name, sd = design.ratings.facets[0].name, float(np.sqrt(found.variance))
    return Found(
        "mml",
        inner,
        found.steps,
        measures,
        np.where(extremes.found, extreme_errors, np.where(seen & ~design.is_anchored, found.errors, np.nan)),
        variances,
        found.squares,
        displacement_of(inner, found.residual, inner.ratings.weight * found.squares.variance),
        found.log_likelihood,
        (found.converged, found.n_iter, found.message),
        extremes,
        (Population(name, 0, int(drawn.sum()), found.mean, sd),),
    )


def _populations(design: Design, prior: Prior, measures: FloatArray) -> tuple[Population, ...]:
    means = prior.means(np.nan_to_num(measures))
    found = []
    for facet, part in zip(design.ratings.facets, design.slices, strict=True):
        members = prior.member[part]
        for number in np.unique(members[members >= 0]):
            kind = int(facet.population[np.flatnonzero(members == number)[0]])
            sd = float(np.sqrt(prior.variance[number]))
            found.append(Population(facet.name, kind, int(prior.size[number]), float(means[number]), sd))
    return tuple(found)


def _begin_of(design: Design, start: RaschFit | None) -> Bayes | None:
    if start is None:
        return None
    if start.estimator != "eb" or start.curvature is None or len(start.measures) != design.n_elements:
        raise Rejected("a start must be an eb fit with the same elements", field="start")
    return Bayes(
        np.nan_to_num(start.measures),
        start.variances,
        start.steps,
        start.curvature.prior,
        moments(start.design.ratings, start.design.spread(np.nan_to_num(start.measures)), start.steps),
        start.log_likelihood,
        start.n_iter,
        start.converged,
        start.message,
    )
