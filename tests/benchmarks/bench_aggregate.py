"""Aggregation of a million labels, beside crowd-kit: `python -m tests.benchmarks.bench_aggregate [speed|coverage]`.

Budgets for Dawid–Skene on 200,000 items, 5,000 raters and 5 classes: 1.5 s, a fifth of crowd-kit's time, and a
log-likelihood at least as high. GLAD and MACE are compared on `--few` labels, where crowd-kit comes to an end. Figures
are CPU seconds of this process; ours from the long table, the best of three, theirs from a data frame, once. Both
log-likelihoods are computed here, of the same labels under the parameters each program found: crowd-kit's own "loss" is
another number. crowd-kit's GLAD and MACE hold the prevalence even, and so do ours beside them; GLAD's prior is part of
what both raise, and is added.

``coverage`` counts how often 95 % intervals of raters hold what the crowd was drawn from.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.stats.aggregate.confusion import rater_verdicts
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.glad import glad
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable

N_LEVELS = 5


@dataclass(frozen=True)
class Crowd:
    """``matrices[j, k, m]`` is the chance that rater j says m of what is k."""

    table: LongTable
    truth: IntArray
    matrices: FloatArray

    def accuracy(self, posterior: FloatArray) -> float:
        return float((posterior.argmax(axis=1) == self.truth).mean())


def simulated_crowd(
    n_labels: int, *, n_raters: int, seed: int, sure: float = 10, n_levels: int = N_LEVELS
) -> Crowd:
    """Five raters label each item; rows of their matrices are Dirichlet(1, …, 1 + `sure`, …, 1)."""
    rng = np.random.default_rng(seed)
    matrices = np.stack(
        [rng.dirichlet(1 + sure * np.eye(n_levels)[true], size=n_raters) for true in range(n_levels)], axis=1
    )
    n_items = n_labels // 5
    truth = rng.integers(n_levels, size=n_items)
    item = np.repeat(np.arange(n_items), 5)
    # Consecutive raters: nobody meets an item twice.
    rater = (rng.integers(n_raters, size=n_items)[item] + np.tile(np.arange(5), n_items)) % n_raters
    chances = matrices[rater, truth[item]].cumsum(axis=1)
    value = np.minimum((rng.random(len(item))[:, None] > chances).sum(axis=1), n_levels - 1)
    return Crowd(LongTable.from_columns(item, rater, value, levels=range(n_levels)), truth, matrices)


def cpu_seconds(work: Callable[[], Any], *, times: int = 1) -> tuple[float, Any]:
    """CPU time of this process, so that a busy machine does not count, and what the last run gave."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        found = work()
        taken.append(time.process_time() - start)
    return min(taken), found


def report(crowd: Crowd, name: str, method: Callable[[], AggregateFit], *, times: int = 3) -> float:
    """Print our line; the time taken."""
    took, fit = cpu_seconds(method, times=times)
    value = "–" if fit.log_likelihood is None else f"{fit.log_likelihood:,.1f}"
    ended = "" if fit.converged else "  not converged"
    print(
        f"  {name:28s} {took:7.2f} s  {fit.n_iter:5d} iterations  log L {value:>16s}"
        f"  accuracy {crowd.accuracy(fit.posterior):.4f}{ended}"
    )
    return took


def report_theirs(
    crowd: Crowd, name: str, model: Any, given: Callable[[Any], FloatArray], ours: float
) -> None:
    """Print crowd-kit's line, with its time as a ratio; `given` makes log-probabilities of `log_likelihood`."""
    frame = frame_of(crowd.table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own about pandas
        took, _ = cpu_seconds(lambda: model.fit(frame))
    posterior = model.probas_.sort_index()
    posterior = posterior[sorted(posterior.columns)].to_numpy()
    value = log_likelihood(crowd.table, given(model), prevalence_of(model))
    print(
        f"  {'crowd-kit ' + name:28s} {took:7.2f} s  {took / ours:5.1f} times ours  log L {value:>16,.1f}"
        f"  accuracy {crowd.accuracy(posterior):.4f}"
    )


def frame_of(table: LongTable) -> Any:
    import pandas

    return pandas.DataFrame(
        {"task": table.item.codes, "worker": table.rater.codes, "label": table.value.codes}
    )


def prevalence_of(model: Any) -> FloatArray:
    """Learnt by Dawid–Skene and one-coin, even for the others."""
    if type(model).__name__ in ("GLAD", "MACE"):
        return np.full(N_LEVELS, 1 / N_LEVELS)
    return np.asarray(model.priors_.sort_index(), dtype=np.float64)


def log_likelihood(table: LongTable, terms: FloatArray, prevalence: FloatArray) -> float:
    """From (n, n_levels) log-probabilities of each label given each true level."""
    joint = np.stack(
        [np.bincount(table.item.codes, weights=terms[:, true]) for true in range(N_LEVELS)], axis=1
    ) + np.log(np.maximum(prevalence, 1e-300))
    top = joint.max(axis=1)
    return float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum())


def terms_of_errors(table: LongTable) -> Callable[[Any], FloatArray]:
    def terms(model: Any) -> FloatArray:
        errors = model.errors_[sorted(model.errors_.columns)].fillna(0)
        found = np.zeros((len(table.rater.vocab), N_LEVELS, N_LEVELS))
        found[errors.index.get_level_values(0), errors.index.get_level_values(1)] = errors.to_numpy()
        return np.log(np.maximum(found[table.rater.codes, table.value.codes], 1e-300))

    return terms


def terms_of_mace(table: LongTable) -> Callable[[Any], FloatArray]:
    """crowd-kit numbers workers and labels by first appearance, and keeps exponentials of expected logarithms."""

    def terms(model: Any) -> FloatArray:
        import pandas

        workers, levels = pandas.factorize(table.rater.codes)[1], pandas.factorize(table.value.codes)[1]
        spam, habit = np.zeros((len(table.rater.vocab), 2)), np.zeros((len(table.rater.vocab), N_LEVELS))
        spam[workers] = model.spamming_
        habit[np.ix_(workers, levels)] = model.thetas_
        spam, habit = spam / spam.sum(1, keepdims=True), habit / habit.sum(1, keepdims=True)
        made_up = (spam[:, :1] * habit)[table.rater.codes, table.value.codes]
        knew = spam[table.rater.codes, 1][:, None] * (np.arange(N_LEVELS) == table.value.codes[:, None])
        return np.log(made_up[:, None] + knew)

    return terms


def terms_of_glad(table: LongTable) -> Callable[[Any], FloatArray]:
    def terms(model: Any) -> FloatArray:
        ability = model.alphas_.sort_index().to_numpy()[table.rater.codes]
        score = ability * np.exp(model.betas_.sort_index().to_numpy())[table.item.codes]
        is_right = np.arange(N_LEVELS) == table.value.codes[:, None]
        wrong = -np.logaddexp(0, score) - np.log(N_LEVELS - 1)
        return np.where(is_right, -np.logaddexp(0, -score)[:, None], wrong[:, None])

    return terms


def report_glad_prior(model: Any, fit: AggregateFit) -> None:
    """Log-densities of the parameters up to the same constant, which both programs add to what they raise."""
    theirs = -(((model.alphas_ - 1) ** 2).sum() + ((model.betas_ - 1) ** 2).sum()) / 2
    ours = (
        -(
            np.nansum((fit.rater_parameters["ability"] - 1) ** 2)
            + ((fit.unit_parameters["log_easiness"] - 1) ** 2).sum()
        )
        / 2
    )
    print(f"  GLAD's log-prior to add: ours {ours:,.1f}, crowd-kit {theirs:,.1f}")


def report_many(n_labels: int, *, has_crowd_kit: bool) -> None:
    start = time.process_time()
    crowd = simulated_crowd(n_labels, n_raters=max(n_labels // 200, 5), seed=1)
    table = crowd.table
    made = time.process_time() - start
    print(
        f"{len(table):,} labels, {len(table.rater.vocab):,} raters, {N_LEVELS} classes; made in {made:.2f} s"
    )
    report(crowd, "majority", lambda: majority(table))
    ours = report(crowd, "dawid_skene, no smoothing", lambda: dawid_skene(table, smoothing=0))
    report(crowd, "dawid_skene", lambda: dawid_skene(table))
    report(
        crowd, "dawid_skene, numpy alone", lambda: dawid_skene(table, smoothing=0, engine="numpy"), times=1
    )
    coin = report(crowd, "one_coin, no smoothing", lambda: one_coin(table, smoothing=0))
    if has_crowd_kit:
        from crowdkit.aggregation import DawidSkene, OneCoinDawidSkene

        terms = terms_of_errors(table)
        report_theirs(crowd, "DawidSkene", DawidSkene(n_iter=100), terms, ours)
        report_theirs(crowd, "OneCoinDawidSkene", OneCoinDawidSkene(n_iter=100), terms, coin)
    report(crowd, "hierarchical", lambda: hierarchical(table, tol=1e-2), times=1)
    report(crowd, "glad", lambda: glad(table), times=1)
    report(crowd, "mace", lambda: mace(table), times=1)


def report_few(n_labels: int, *, has_crowd_kit: bool) -> None:
    crowd = simulated_crowd(n_labels, n_raters=max(n_labels // 200, 5), seed=2)
    table = crowd.table
    print(f"{len(table):,} labels, {len(table.rater.vocab):,} raters, {N_LEVELS} classes")
    ability = report(crowd, "glad, even prevalence", lambda: glad(table, is_even=True))
    spam = report(crowd, "mace", lambda: mace(table))
    if has_crowd_kit:
        from crowdkit.aggregation import GLAD, MACE

        theirs = GLAD()
        report_theirs(crowd, "GLAD", theirs, terms_of_glad(table), ability)
        report_glad_prior(theirs, glad(table, is_even=True))
        report_theirs(crowd, "MACE", MACE(), terms_of_mace(table), spam)


def report_coverage(*, seed: int) -> None:
    """How often 95 % intervals of a rater's confusion hold what the crowd was drawn from: 500 items, three levels."""
    print(f"{'labels a rater':16}{'method':16}{'covered':>9}{'of the accuracy':>17}   cells")
    for per_rater, repeats in ((200, 40), (25, 8)):
        for method in (dawid_skene, hierarchical):
            cells, shares = [], []
            for turn in range(repeats):
                crowd = simulated_crowd(
                    2500, n_raters=2500 // per_rater, seed=seed + turn, sure=6, n_levels=3
                )
                held, right = _held(crowd, method(crowd.table))
                cells += held
                shares += right
            name = method.__name__
            print(f"{per_rater:<16}{name:16}{np.mean(cells):>9.3f}{np.mean(shares):>17.3f}   {len(cells):,}")


def _held(crowd: Crowd, fit: AggregateFit) -> tuple[list[bool], list[bool]]:
    frequency = np.bincount(crowd.truth, minlength=len(fit.levels)) / len(crowd.truth)
    cells, shares = [], []
    for verdict in rater_verdicts(fit):
        own = crowd.matrices[verdict.rater]
        for (true, given), rate in verdict.confusion.items():
            if rate.low is not None and rate.high is not None:
                cells.append(rate.low <= own[true, given] <= rate.high)
        right = float(frequency @ np.diagonal(own))
        if verdict.accuracy.low is not None and verdict.accuracy.high is not None:
            shares.append(verdict.accuracy.low <= right <= verdict.accuracy.high)
    return cells, shares


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("speed", "coverage"), nargs="?", default="speed")
    parser.add_argument("--seed", type=int, default=0, help="of the crowds of coverage")
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=20_000)
    options = parser.parse_args()
    if options.part == "coverage":
        report_coverage(seed=options.seed)
        raise SystemExit
    is_installed = importlib.util.find_spec("crowdkit") is not None
    if not is_installed:
        print("crowd-kit is not installed; ours alone")
    dawid_skene(simulated_crowd(1_000, n_raters=5, seed=0).table)  # loads scipy
    report_many(options.labels, has_crowd_kit=is_installed)
    report_few(options.few, has_crowd_kit=is_installed)
