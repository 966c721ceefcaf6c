"""Several models pooled: what they agree on is sure, and what only one of them says is not."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Mapping
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
# Gold units for which even weights count, per model.
_EVEN = 10.0
_LEAST = 1e-9


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
        w = \arg\max \sum_{i \in \mathrm{gold}} \log \sum_m w_m T^{(m)}_{i g_i} + a \sum_m \log w_m

    The models: free confusion matrices (`dawid_skene`), matrices that lean on each other (`hierarchical`), one ability
    per rater (`one_coin`), knowing or guessing (`mace`), no model at all (`majority`, whose shares keep the others from
    certainty), and for ordinal levels severity and difficulty (`mfrm`). Which is right depends on labels per rater
    and on the levels, and cannot be told without gold; then w is even. With gold the weights are learnt on fits that
    have not seen it, and the fits that are pooled have.

    Parameters
    ----------
    table, known, tol, max_iter
        As in `dawid_skene`.
    is_ordinal : bool
        Whether the order of the levels means more and less. Numbers alone do not say so: classes have numbers too.
    seed : int
        For the random beginnings of `mace`.

    Returns
    -------
    AggregateFit
        ``message`` names the weights; ``log_likelihood`` is None, since a pool has none.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        A known answer that is no level; ordinal levels without an order.

    References
    ----------
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
    fits = _fits(table, known, is_ordinal=is_ordinal, seed=seed, tol=tol, max_iter=max_iter)
    weight = np.full(len(fits), 1 / len(fits))
    is_known = answers.is_known
    if is_known.any():
        blind = _fits(table, None, is_ordinal=is_ordinal, seed=seed, tol=tol, max_iter=max_iter)
        at, gold = np.flatnonzero(is_known), answers.known[is_known]
        weight = _weights(np.stack([one.posterior[at, gold] for one in blind]))
    posterior = answers.clamp(_pooled([one.posterior.T for one in fits], weight))
    names = ", ".join(f"{one.method} {share:.2f}" for one, share in zip(fits, weight.tolist(), strict=True))
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
        message=f"weights {'learnt on gold' if is_known.any() else 'even, without gold'}: {names}",
        rater_parameters={},
        unit_parameters={},
    )


def _fits(
    table: LongTable,
    known: Mapping[Hashable, Hashable] | None,
    *,
    is_ordinal: bool,
    seed: int,
    tol: float | None,
    max_iter: int,
) -> list[AggregateFit]:
    found = [majority(table, known=known)]
    found += [
        method(table, known=known, tol=tol, max_iter=max_iter)
        for method in (dawid_skene, hierarchical, one_coin)
    ]
    if len(table) <= _MANY:
        found.append(mace(table, known=known, seed=seed, tol=tol, max_iter=max_iter))
    if is_ordinal and len(table.value.vocab) > 2:
        # A model that has nothing to say of these labels has no place in the pool.
        with contextlib.suppress(NotEstimable):
            found.append(mfrm(table, known=known))
    return found


def _weights(likelihood: FloatArray) -> FloatArray:
    """EM for the shares of a mixture, from (n_models, n_gold) probabilities of the right answers."""
    n_models = len(likelihood)
    weight: FloatArray = np.full(n_models, 1 / n_models)
    for _ in range(200):
        joint = weight[:, None] * np.maximum(likelihood, _LEAST)
        share = (joint / joint.sum(axis=0)).sum(axis=1) + _EVEN
        weight = share / share.sum()
    return weight


def _pooled(posteriors: list[FloatArray], weight: FloatArray) -> FloatArray:
    return np.asarray(sum(w * p for w, p in zip(weight.tolist(), posteriors, strict=True)), dtype=np.float64)
