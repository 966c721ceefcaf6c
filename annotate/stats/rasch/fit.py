"""Fit a many-facet Rasch model: structure first, then measures with their errors, fit and separation."""

from __future__ import annotations

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.eb import Bayes, fit_bayes
from annotate.stats.rasch.extremes import ADJUSTMENT, Extremes, find_extremes, place_extremes
from annotate.stats.rasch.fit_statistics import AS_WINSTEPS, ElementFit, FitOptions, real_errors
from annotate.stats.rasch.jmle import fit_jointly
from annotate.stats.rasch.mml import fit_marginally
from annotate.stats.rasch.moments import Moments, Squares, moments, squares
from annotate.stats.rasch.precision import posterior_errors
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.ratings import Design, Ratings
from annotate.stats.rasch.result import Estimator, FacetFit, Population, RaschFit, Threshold
from annotate.stats.rasch.separation import separation_of
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.structure import Structure
from annotate.stats.rasch.threshold_errors import threshold_errors

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
        Score points by which a perfect score is moved inwards (``jmle``).
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
        An unknown estimator; anchors or too many raters in ``mml``.
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
    if estimator == "jmle":
        return _joint(design, steps, structure, limit, max_iter, adjustment, how)
    if estimator == "mml":
        return _marginal(design, steps, structure, limit, max_iter, how)
    if estimator == "eb":
        return _bayes(design, steps, structure, limit, max_iter, how, start, seed)
    raise Rejected(f"no estimator is called {estimator!r}; there are eb, jmle and mml", field="estimator")


def _joint(
    design: Design,
    steps: Steps,
    structure: Structure,
    tolerance: float,
    max_iter: int,
    adjustment: float,
    how: FitOptions,
) -> RaschFit:
    extremes = find_extremes(design, steps)
    if not extremes.remaining.any():
        raise NotEstimable(
            "Every rating belongs to an element that got nothing but the lowest or the highest."
        )
    inner = Design.of(design.ratings.where(extremes.remaining))
    inner_steps = Steps.of(inner.ratings)
    found = fit_jointly(inner, inner_steps, tolerance=tolerance, max_iter=max_iter)
    known = inner.gathered(inner.ratings.weight, signed=False) > 0
    centred = _centred(inner, np.where(known, found.measures, np.nan))
    information = inner.gathered(found.moments.variance, signed=False)
    displacement = _displacement(inner, found.moments)
    reached, steps, ending = (
        found.moments.log_likelihood,
        found.steps,
        (found.converged, found.n_iter, found.message),
    )
    # The largest arrays there are, and the next step makes as many.
    del found
    measures, extreme_errors = place_extremes(design, steps, centred, extremes, adjustment=adjustment)
    errors = np.where(information > 0, 1 / np.sqrt(np.maximum(information, 1e-300)), np.nan)
    return _assembled(
        "jmle",
        design,
        inner,
        steps,
        structure,
        how,
        measures=measures,
        errors=np.where(extremes.found, extreme_errors, errors),
        variances=np.zeros(design.n_elements),
        residual=squares(inner.ratings, inner.spread(np.nan_to_num(measures)), steps),
        displacement=displacement,
        extremes=extremes,
        log_likelihood=reached,
        ending=ending,
        step_errors=threshold_errors(inner, np.nan_to_num(measures), steps),
    )


def _bayes(
    design: Design,
    steps: Steps,
    structure: Structure,
    tolerance: float,
    max_iter: int,
    how: FitOptions,
    start: RaschFit | None,
    seed: int,
) -> RaschFit:
    begin = _begin_of(design, start)
    found = fit_bayes(design, steps, tolerance=tolerance, max_iter=max_iter, start=begin)
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    curvature = Curvature(design, found.steps, found.moments, found.prior, seen & ~design.is_anchored)
    errors = posterior_errors(curvature, seed=seed)
    # Where only one rating was possible, nothing is known.
    known = seen & (curvature.by_ratings > _NOTHING)
    measures = _levelled(design, np.where(known, found.measures, np.nan))
    residual = squares(
        design.ratings,
        design.spread(np.nan_to_num(measures)),
        found.steps,
        design.spread_variance(found.variances),
    )
    return _assembled(
        "eb",
        design,
        design,
        found.steps,
        structure,
        how,
        measures=measures,
        errors=np.where(known, errors, np.nan),
        variances=found.variances,
        residual=residual,
        displacement=_displacement(design, found.moments),
        extremes=None,
        log_likelihood=found.bound,
        ending=(found.converged, found.n_iter, found.message),
        step_errors=threshold_errors(design, np.nan_to_num(measures), found.steps),
        populations=_populations(design, found.prior, measures),
        curvature=curvature,
    )


def _marginal(
    design: Design, steps: Steps, structure: Structure, tolerance: float, max_iter: int, how: FitOptions
) -> RaschFit:
    found = fit_marginally(design, steps, tolerance=tolerance, max_iter=max_iter)
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    items = len(design.ratings.facets[0])
    variances = np.where(np.arange(design.n_elements) < items, np.square(found.errors), 0.0)
    population = Population(
        design.ratings.facets[0].name, 0, int(seen[:items].sum()), found.mean, float(np.sqrt(found.variance))
    )
    return _assembled(
        "mml",
        design,
        design,
        found.steps,
        structure,
        how,
        measures=np.where(seen, found.measures, np.nan),
        errors=np.where(seen, found.errors, np.nan),
        variances=variances,
        residual=found.squares,
        displacement=np.full(design.n_elements, np.nan),
        extremes=None,
        log_likelihood=found.log_likelihood,
        ending=(found.converged, found.n_iter, found.message),
        step_errors=threshold_errors(design, found.measures, found.steps),
        populations=(population,),
    )


def _assembled(
    estimator: Estimator,
    design: Design,
    inner: Design,
    steps: Steps,
    structure: Structure,
    how: FitOptions,
    *,
    measures: FloatArray,
    errors: FloatArray,
    variances: FloatArray,
    residual: Squares,
    displacement: FloatArray,
    extremes: Extremes | None,
    log_likelihood: float,
    ending: tuple[bool, int, str],
    step_errors: FloatArray,
    populations: tuple[Population, ...] = (),
    curvature: Curvature | None = None,
) -> RaschFit:
    fits = ElementFit.of(inner, residual, how)
    whole = ElementFit.of(design, residual, how) if inner is design else None
    counted = whole or _counts(design)
    found = extremes or find_extremes(design, steps, rounds=1)
    one_sided = np.where((found.round == 0) | (extremes is not None), found.direction, 0)
    direction = one_sided if extremes is not None else np.zeros_like(one_sided)
    wide = real_errors(errors, fits.infit)
    facets = []
    for facet, part in zip(design.ratings.facets, design.slices, strict=True):
        plain = direction[part] == 0
        facets.append(
            FacetFit(
                facet.name,
                facet.elements.vocab,
                facet.sign,
                measures[part],
                errors[part],
                wide[part],
                counted.n[part],
                counted.weight[part],
                counted.score[part],
                fits.infit[part],
                fits.outfit[part],
                fits.infit_z[part],
                fits.outfit_z[part],
                fits.infit_df[part],
                fits.outfit_df[part],
                direction[part],
                one_sided[part],
                design.is_anchored[part],
                displacement[part],
                separation_of(
                    np.where(plain, measures[part], np.nan),
                    errors[part],
                    wide[part],
                    is_shrunken=_is_shrunken(estimator, facet.is_random, facet is design.ratings.facets[0]),
                ),
            )
        )
    return RaschFit(
        estimator,
        *ending,
        log_likelihood,
        tuple(facets),
        _thresholds(design.ratings, steps, step_errors),
        populations,
        structure,
        "plug-in" if estimator == "jmle" else "posterior-averaged",
        inner,
        steps,
        measures,
        variances,
        residual,
        curvature,
    )


def _displacement(design: Design, found: Moments) -> FloatArray:
    r"""(n_elements,) :math:`\sum (x - E) / \sum V` of what is anchored, in the direction of the measure."""
    information = design.gathered(found.variance, signed=False)
    known = design.is_anchored & (information > 0)
    return np.where(known, design.gathered(found.residual) / np.maximum(information, 1e-300), np.nan)


def _is_shrunken(estimator: Estimator, is_random: bool, is_first: bool) -> bool:
    return (estimator == "eb" and is_random) or (estimator == "mml" and is_first)


def _counts(design: Design) -> ElementFit:
    """Counts over all ratings; there are no residuals of ratings that were set aside."""
    counted = (design.ratings.weight > 0).astype(np.float64)
    none = np.full(design.n_elements, np.nan)
    return ElementFit(
        design.gathered(counted, signed=False),
        design.gathered(design.ratings.weight, signed=False),
        design.gathered(design.ratings.weight * design.ratings.value, signed=False),
        none,
        none,
        none,
        none,
        none,
        none,
    )


def _thresholds(ratings: Ratings, steps: Steps, errors: FloatArray) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(
            ratings.scale.vocab[g],
            ratings.levels[lower],
            ratings.levels[upper],
            measure,
            float(errors[g, upper]) if np.isfinite(errors[g, upper]) else None,
        )
        for g in range(len(steps.sums))
        for lower, upper, measure in steps.thresholds(g)
    )


def _centred(design: Design, measures: FloatArray) -> FloatArray:
    """Every facet but the first without anchors moved to mean 0; that one takes up what they lose."""
    free = [place for place, part in enumerate(design.slices) if not design.is_anchored[part].any()]
    if len(free) < 2:
        return measures
    return _moved(design, measures, free[1:], free[0])


def _levelled(design: Design, measures: FloatArray) -> FloatArray:
    """Random facets moved to mean 0; the first facet of parameters takes up the level, if there is one."""
    if design.is_anchored.any():
        return _centred(design, measures)
    facets = design.ratings.facets
    carrier = next((place for place, facet in enumerate(facets) if place and not facet.is_random), 0)
    return _moved(design, measures, [place for place in range(len(facets)) if place != carrier], carrier)


def _moved(design: Design, measures: FloatArray, from_: list[int], to: int) -> FloatArray:
    moved = measures.copy()
    for place in from_:
        part = design.slices[place]
        if np.isnan(moved[part]).all():
            continue
        mean = float(np.nanmean(moved[part]))
        moved[part] -= mean
        moved[design.slices[to]] += design.sign[place] * design.sign[to] * mean
    return moved


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
