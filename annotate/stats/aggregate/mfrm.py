"""The ordinal aggregate: what a rater of average severity would say of an item."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.table import LongTable

N_NODES = 11
# Where the severity of known answers is looked for: so many standard deviations of raters, at so many places.
_FARTHEST = 4.0
_N_SEVERITIES = 65
_LEAST = 1e-300


def mfrm(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    tol: float | None = None,
    max_iter: int = 1000,
) -> AggregateFit:
    r"""Probability of each level from a many-facet Rasch model, at the severity of the truth.

    .. math:: P(x_i = k) = \int P(k \mid \theta - \lambda_0 - \delta_c) \, N(\theta; m_i, v_i) \, d\theta

    with the posterior :math:`N(m_i, v_i)` of the item's measure (`annotate.stats.rasch.eb`): lenient and strict raters
    are corrected for, and few or contradicting ratings leave it wide. It keeps the spread of a single rating; for the
    place of the item itself take ``unit_parameters``.

    Labels alone cannot say whether all raters together are too severe, so the severity of the truth :math:`\lambda_0`
    is the raters' mean, 0. Known answers move it as far as the mean of so many raters may be from that of all raters.

    Parameters
    ----------
    table : LongTable
        With levels in order.
    known : mapping, optional
        Known answer per item, or per (item, criterion). The model is fitted to the labels only; answers settle the
        severity that is read off.
    tol, max_iter
        See `fit_rasch`.

    Returns
    -------
    AggregateFit
        ``log_likelihood`` is the lower bound that the model maximises; ``rater_parameters`` hold ``severity`` and
        ``severity_se``, ``unit_parameters`` ``measure`` and ``measure_se`` (logits). ``message`` names a
        :math:`\lambda_0` that answers have moved.

    Raises
    ------
    NotEstimable
        No labels, or one level only.
    Rejected
        Levels without an order, or a known answer that is no level.

    References
    ----------
    Linacre, J. M. (1989). Many-Facet Rasch Measurement. MESA Press.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3], rater=["mild", "strict"] * 3, value=[2, 1, 2, 1, 1, 0], levels=[0, 1, 2])
    >>> fit = mfrm(table)
    >>> [bool(x) for x in fit.rater_parameters["severity"] > 0], fit.converged
    ([False, True], True)
    """
    if not table.ordered:
        raise Rejected("a Rasch model needs numbers or levels given in order", field="levels")
    answers = Answers.of(table, known)
    answers.need_two_levels("mfrm")
    ratings = Ratings.from_table(table, thresholds_by=None if table.criterion is None else "criterion")
    fit = fit_rasch(ratings, tolerance=tol, max_iter=max_iter)
    item, criterion = _places(table)
    items, raters = fit.facet("item"), fit.facet("rater")
    of_truth = _severity_of_truth(fit, answers, item, criterion)
    posterior = answers.clamp(_chances(fit, item, criterion, np.full(len(item), of_truth)))
    severity = np.nan_to_num(raters.measure)

    def expects(unit: IntArray, rater: IntArray) -> FloatArray:
        return _chances(fit, item[unit], criterion[unit], severity[rater])

    return AggregateFit(
        method="mfrm",
        units=answers.units,
        raters=answers.raters,
        levels=answers.levels,
        posterior=np.ascontiguousarray(posterior.T),
        is_known=answers.is_known,
        prevalence=np.asarray(posterior.mean(axis=1)),
        counts=answers.counts(posterior),
        prior=np.zeros((answers.n_levels, answers.n_levels)),
        log_likelihood=fit.log_likelihood,
        history=(fit.log_likelihood,),
        n_iter=fit.n_iter,
        converged=fit.converged,
        message=fit.message if of_truth == 0 else f"{fit.message}; answers are {of_truth:+.2f} logits severe",
        n_left_out=answers.n_left_out,
        rater_parameters={"severity": raters.measure, "severity_se": raters.se},
        unit_parameters={"measure": items.measure[item], "measure_se": items.se[item]},
        expects=expects,
    )


def _places(table: LongTable) -> tuple[IntArray, IntArray]:
    """Item and criterion (0 without criteria) of every unit with a label that counts, in the order of `Answers`."""
    unit = table.unit if table.weight is None else table.unit[table.weight > 0]
    n_criteria = 1 if table.criterion is None else len(table.criterion.vocab)
    item, criterion = np.divmod(np.unique(unit), n_criteria)
    return item, criterion


def _severity_of_truth(fit: RaschFit, answers: Answers, item: IntArray, criterion: IntArray) -> float:
    """The posterior mean of what the known answers' severity is; 0 without any."""
    known = np.flatnonzero(answers.is_known)
    sd = next((one.sd for one in fit.populations if one.facet == "rater"), 0.0)
    if not len(known) or sd == 0:
        return 0.0
    # The raters' mean is 0 by convention; that of all who could have rated is so far from it.
    sd /= np.sqrt(answers.n_raters)
    places = sd * np.linspace(-_FARTHEST, _FARTHEST, _N_SEVERITIES)
    scores = -((places / sd) ** 2) / 2
    right = answers.known[known], np.arange(len(known))
    for at, place in enumerate(places.tolist()):
        chance = _chances(fit, item[known], criterion[known], np.full(len(known), place))[right]
        scores[at] += np.log(np.maximum(chance, _LEAST)).sum()
    weight = np.exp(scores - scores.max())
    return float(places @ weight / weight.sum())


def _chances(fit: RaschFit, item: IntArray, criterion: IntArray, severity: FloatArray) -> FloatArray:
    """(n_levels, n) by raters of these severities, averaged over the posterior of each item."""
    items = fit.facet("item")
    # An item whose ratings decide nothing is one of its population.
    sd = next((one.sd for one in fit.populations if one.facet == "item"), 1.0)
    centre = np.nan_to_num(items.measure)[item] - severity
    width = np.where(np.isfinite(items.se), items.se, sd)[item]
    if len(fit.facets) > 2:
        centre = centre - np.nan_to_num(fit.facet("criterion").measure)[criterion]
    sums = fit.steps.sums[criterion] if len(fit.steps.sums) > 1 else fit.steps.sums
    places, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
    numbers = np.arange(sums.shape[1])
    total = np.zeros((sums.shape[1], len(item)))
    for place, weight in zip(places, weights / weights.sum(), strict=True):
        logit = np.outer(centre + place * width, numbers) - sums
        chance = np.exp(logit - logit.max(axis=1, keepdims=True))
        total += weight * (chance / chance.sum(axis=1, keepdims=True)).T
    return total
