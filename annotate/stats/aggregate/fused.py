"""Several models pooled: what they agree on is sure, and what only one of them says is not."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.mfrm import mfrm
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable

# Above so many labels MACE's random beginnings take longer than all others together.
_MANY = 300_000
# Labels for which even weights count, per model; the share held out, and how often.
_EVEN = 10.0
_HELD_OUT = 0.1
_TRIES = 3
# A fit that only serves to choose weights may end sooner: by what an iteration gains per label, or by their number.
_ROUGH = 1e-6
_ROUGH_ITERATIONS = 100
# Labels for which the rows of all raters count beside one's own, where held-out labels are foretold.
_LEANING = 5.0
_LEAST = 1e-9
_ORDINAL = "mfrm"
# A level has swallowed what is in doubt where a model takes it for so many times as common as it was said, raters call
# it by its name not even so many times as often as by the next, and say of it what they say of anything, within so much
# of relative entropy (nats).
_SWOLLEN, _CLEAR, _ANYTHING = 1.5, 1.2, 0.06


def fused(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    is_ordinal: bool = False,
    seed: int = 0,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
) -> AggregateFit:
    r"""A linear pool of models that differ in how free a rater is.

    .. math:: T_{ik} = \sum_m w_m T^{(m)}_{ik}, \qquad
        w = \arg\max \sum_h \log \sum_m w_m \sum_k T^{(m)}_{i_h k} \theta^{(m)}_{j_h k l_h} + a \sum_m \log w_m

    The models: free confusion matrices (`dawid_skene`), matrices that lean on each other (`hierarchical`), one ability
    per rater (`one_coin`), knowing or guessing (`mace`), no model at all (`majority`, whose shares keep the others from
    certainty), and for ordinal levels severity and difficulty (`mfrm`). Which is right depends on labels per rater
    and on the levels. The labels themselves tell: some are held out, each model is fitted to the others, and the
    weights are those of the mixture that foretells what was held out (stacking). `mfrm` foretells by its own formula
    and is weighed against all others together: by the normal probability of its mean gain, in standard errors.
    A level may be a state of items of which everybody says anything: a model whose most common level is one foretells
    labels well and is wrong. It is left out where it takes that level for 1.5 times as common as it was said, raters
    call it by its name less than 1.2 times as often as by another, and what they say of it hardly differs from what
    they say at large (relative entropy below 0.06). Where all raters share a wrong name for a level, it does differ.
    Gold counts beside, as the probability that fits which have seen one half of it give to the answers of the other;
    the fits that are pooled have seen all.

    Parameters
    ----------
    table, known, tol, max_iter
        As in `dawid_skene`.
    is_ordinal : bool
        Whether the order of the levels means more and less. Numbers alone do not say so: classes have numbers too.
    seed : int
        For the random beginnings of `mace`, and for which labels are held out; by this the order of rows matters.

    Returns
    -------
    AggregateFit
        ``message`` names the weights and what was left out; ``log_likelihood`` is None, since a pool has none.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        A known answer that is no level; ordinal levels without an order.

    References
    ----------
    Wolpert, D. H. (1992). Stacked generalization. Neural Networks 5, 241-259. doi:10.1016/S0893-6080(05)80023-1
    Genest, C. & Zidek, J. V. (1986). Combining probability distributions. Statistical Science 1, 114-135.
    doi:10.1214/ss/1177013825

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 0, 0, 0, 1, 1, 1, 1])
    >>> fused(table).labels()
    (1, 0, 1)
    """
    if is_ordinal and not table.ordered:
        raise Rejected("ordinal levels are numbers, or given in order", field="levels")
    answers = Answers.of(table, known)
    answers.need_two_levels("the pool")
    # Two levels that are used have no order to speak of, however many there are to choose from.
    is_ordinal = is_ordinal and len(np.unique(table.value.codes)) > 2

    def rough(some: LongTable, given: Mapping[Hashable, Hashable] | None = None) -> dict[str, AggregateFit]:
        most = min(max_iter, _ROUGH_ITERATIONS)
        return _fits(
            some, given, is_ordinal=is_ordinal, seed=seed, tol=_ROUGH * len(some), max_iter=most, restarts=2
        )

    whole = _fits(table, known, is_ordinal=is_ordinal, seed=seed, tol=tol, max_iter=max_iter)
    *lots, of_gold = np.random.default_rng(seed).spawn(_TRIES + 1)
    tries = [_foretold(table, rng, rough) for rng in lots]
    tries += _answered(table, answers, of_gold, rough)
    said = whole["majority"].prevalence
    swallowed = [name for name, one in whole.items() if _swallows(one, said)]
    names = [name for name in whole if name not in swallowed and all(name in one for one in tries)]
    fits = [whole[name] for name in names]
    told = {name: np.maximum(np.concatenate([one[name] for one in tries]), _LEAST) for name in names}
    weight = _weights_of(told)
    posterior = answers.clamp(_pooled([one.posterior.T for one in fits], weight))
    shares = ", ".join(f"{one.method} {share:.2f}" for one, share in zip(fits, weight.tolist(), strict=True))
    left_out = (
        f"; left out for a level that holds all that is in doubt: {', '.join(swallowed)}" if swallowed else ""
    )
    return replace(
        fits[0],
        method="fused",
        posterior=np.ascontiguousarray(posterior.T),
        prevalence=posterior.mean(axis=1),
        counts=answers.counts(posterior),
        log_likelihood=None,
        history=(),
        n_iter=sum(one.n_iter for one in fits),
        converged=all(one.converged for one in fits),
        message=f"weights by labels held out{' and by gold' if answers.is_known.any() else ''}: {shares}{left_out}",
        rater_parameters={},
        unit_parameters={},
        expects=None,
    )


def _fits(
    table: LongTable,
    known: Mapping[Hashable, Hashable] | None,
    *,
    is_ordinal: bool,
    seed: int,
    tol: float | None,
    max_iter: int,
    restarts: int = 10,
) -> dict[str, AggregateFit]:
    found = [majority(table, known=known)]
    found += [
        method(table, known=known, tol=tol, max_iter=max_iter)
        for method in (dawid_skene, hierarchical, one_coin)
    ]
    if len(table) <= _MANY:
        found.append(mace(table, known=known, restarts=restarts, seed=seed, tol=tol, max_iter=max_iter))
    if is_ordinal and len(table.value.vocab) > 2:
        # A model that has nothing to say of these labels has no place in the pool.
        with contextlib.suppress(NotEstimable):
            found.append(mfrm(table, known=known))
    return {one.method: one for one in found}


def _swallows(fit: AggregateFit, said: FloatArray) -> bool:
    """Whether the most common level is far more common than `said` (n_levels,), and called by any name alike."""
    level = int(fit.prevalence.argmax())
    if fit.prevalence[level] <= _SWOLLEN * said[level]:
        return False
    called = np.maximum(fit.counts.sum(axis=0)[level], _LEAST)
    if called[level] >= _CLEAR * np.delete(called, level).max():
        return False
    share = called / called.sum()
    return float((share * np.log(share / np.maximum(said, _LEAST))).sum()) < _ANYTHING


def _foretold(
    table: LongTable,
    rng: np.random.Generator,
    fitted: Callable[[LongTable], dict[str, AggregateFit]],
) -> dict[str, FloatArray]:
    """By model: the probability of every label that was held out of its fit."""
    is_out = rng.random(len(table)) < _HELD_OUT
    if is_out.all():
        return {}
    fits = fitted(table.where(~is_out))
    out = table.where(is_out)
    unit = Answers.of(out) if len(out) else None
    if unit is None:
        return {name: np.zeros(0) for name in fits}
    found = {}
    for name, fit in fits.items():
        place = {key: row for row, key in enumerate(fit.units)}
        row = np.array([place.get(key, -1) for key in unit.units])[unit.unit]
        has = row >= 0
        rater, level = unit.rater[has], unit.level[has]
        if fit.expects is not None:
            found[name] = fit.expects(row[has], rater)[level, np.arange(len(level))]
        else:
            found[name] = np.asarray(
                (fit.posterior[row[has]] * _leaning_rows(fit)[rater, :, level]).sum(axis=1)
            )
    return found


def _answered(
    table: LongTable,
    answers: Answers,
    rng: np.random.Generator,
    fitted: Callable[..., dict[str, AggregateFit]],
) -> list[dict[str, FloatArray]]:
    """By model: the probability of every known answer that was not told its fit, for either half of them."""
    at = rng.permutation(np.flatnonzero(answers.is_known))
    halves = [half for half in np.array_split(at, 2) if len(half)]
    found = []
    for half in halves:
        told = np.setdiff1d(at, half).tolist()
        given = {answers.units[unit]: answers.levels[answers.known[unit]] for unit in told}
        fits = fitted(table, given)
        found.append({name: one.posterior[half, answers.known[half]] for name, one in fits.items()})
    return found


def _leaning_rows(fit: AggregateFit) -> FloatArray:
    """(n_raters, true, given) each rater's rows, leaning on all raters' alike for every model."""
    pooled = fit.counts.sum(axis=0) + 0.5 * np.eye(len(fit.levels)) + 0.1
    leaning = fit.counts + _LEANING * pooled / pooled.sum(axis=1, keepdims=True)
    return np.asarray(leaning / leaning.sum(axis=2, keepdims=True))


def _weights_of(told: Mapping[str, FloatArray]) -> FloatArray:
    """The weight of each model, from its probabilities of what was held out.

    The models that know no order are stacked. `mfrm` is another kind: its posterior is as wide as what is known of an
    item, and theirs, nearly always certain, would outvote it at any weight a mixture gives it. So it is weighed against
    what they say together, by how sure it is that it foretells better.
    """
    nominal = [name for name in told if name != _ORDINAL]
    stacked = _weights(np.stack([told[name] for name in nominal]))
    if _ORDINAL not in told:
        return stacked
    share = 1 / len(told)
    gain = np.log(told[_ORDINAL]) - np.log(stacked @ np.stack([told[name] for name in nominal]))
    if len(gain) > 1:
        spread = math.sqrt(len(gain)) * float(gain.std(ddof=1))
        share = 0.5 * (1 + math.erf(float(gain.sum()) / max(spread, _LEAST) / math.sqrt(2)))
    weight = dict(zip(nominal, (1 - share) * stacked, strict=True)) | {_ORDINAL: share}
    return np.array([weight[name] for name in told])


def _weights(likelihood: FloatArray) -> FloatArray:
    """EM for the shares of a mixture, from (n_models, n) probabilities of what was held out."""
    n_models = len(likelihood)
    weight: FloatArray = np.full(n_models, 1 / n_models)
    for _ in range(200):
        joint = weight[:, None] * np.maximum(likelihood, _LEAST)
        share = (joint / joint.sum(axis=0)).sum(axis=1) + _EVEN
        weight = share / share.sum()
    return weight


def _pooled(posteriors: list[FloatArray], weight: FloatArray) -> FloatArray:
    return np.asarray(sum(w * p for w, p in zip(weight.tolist(), posteriors, strict=True)), dtype=np.float64)
