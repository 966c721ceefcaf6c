"""Agreement on a million ratings, beside other programs: `python -m tests.benchmarks.bench_agreement`.

Budgets: 0.05 s for alpha, 3 s for 200 resamples. Figures are CPU seconds, the best of three. `krippendorff` and
`crowd-kit` (whose alpha is nltk's) are timed in the same run where they are installed, on the same ratings: the
first from its counts of labels by item, which have to be made from the long table and are part of its time; the
second from a data frame, nominal only.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np

from annotate.stats.agreement import AlphaStatistic, krippendorff_alpha
from annotate.stats.bootstrap import cluster_bootstrap
from annotate.stats.brennan import brennan_prediger
from annotate.stats.coincidence import Coincidences
from annotate.stats.conger import conger_kappa
from annotate.stats.difference import Metric, scale_of
from annotate.stats.fleiss import fleiss_kappa
from annotate.stats.gwet import gwet_ac
from annotate.stats.pairwise import pairwise_agreement
from annotate.stats.table import LongTable

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
COEFFICIENTS = (fleiss_kappa, gwet_ac, brennan_prediger, conger_kappa)


def simulated_table(n_ratings: int, *, n_levels: int, steps_per_trace: int, seed: int) -> LongTable:
    """Five of 5,000 raters label each step; a label is the step's level, or one at random (30 %)."""
    rng = np.random.default_rng(seed)
    step = np.repeat(np.arange(n_ratings // 5), 5)
    truth = rng.integers(n_levels, size=n_ratings // 5)[step]
    value = np.where(rng.random(len(step)) < 0.3, rng.integers(n_levels, size=len(step)), truth)
    # Consecutive blocks of raters: no rater meets a step twice.
    rater = (rng.integers(5_000, size=n_ratings // 5)[step] + np.tile(np.arange(5), n_ratings // 5)) % 5_000
    return LongTable.from_columns(step, rater, value, cluster=step // steps_per_trace)


def best_cpu_seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """CPU time of this process, so that a busy machine does not count."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def report(n_ratings: int, *, n_levels: int, steps_per_trace: int) -> None:
    """Print one line per metric."""
    start = time.process_time()
    table = simulated_table(n_ratings, n_levels=n_levels, steps_per_trace=steps_per_trace, seed=1)
    made = time.process_time() - start
    print(
        f"{len(table):,} ratings, {n_levels} levels, {steps_per_trace} steps a trace; table in {made:.2f} s"
    )
    for metric in METRICS:
        statistic = AlphaStatistic.of(Coincidences.of(table), metric, scale_of(table, metric))
        point = best_cpu_seconds(lambda: krippendorff_alpha(table, metric, resamples=0))  # noqa: B023
        boot = best_cpu_seconds(lambda: cluster_bootstrap(statistic, seed=1, resamples=200), times=1)  # noqa: B023
        print(
            f"  {metric:9s} alpha {point:.3f} s   200 resamples {boot:.2f} s{beside(table, metric, point, boot)}"
        )


def report_coefficients(n_ratings: int) -> None:
    """Print one line per further coefficient, 5 levels."""
    table = simulated_table(n_ratings, n_levels=5, steps_per_trace=10, seed=1)
    print(f"{len(table):,} ratings, 5 levels, 10 steps a trace: others, the interval with all that it takes")
    for coefficient in COEFFICIENTS:
        point = best_cpu_seconds(lambda: coefficient(table, resamples=0))  # noqa: B023
        boot = best_cpu_seconds(lambda: coefficient(table, resamples=200), times=1)  # noqa: B023
        print(f"  {coefficient.__name__:16s} {point:.3f} s   with 200 resamples {boot:.2f} s")
    pairs = len(pairwise_agreement(table).n)
    point = best_cpu_seconds(lambda: pairwise_agreement(table))
    print(f"  {'pairwise':16s} {point:.3f} s   {pairs:,} pairs of raters")


def beside(table: LongTable, metric: Metric, point: float, boot: float) -> str:
    """The package krippendorff on the same ratings, as ratios."""
    n_levels = len(table.value.vocab)
    # It holds items x levels x levels numbers: 16 GB for 101 levels.
    if importlib.util.find_spec("krippendorff") is None or len(table.item.vocab) * n_levels**2 > 1 << 26:
        return ""
    import krippendorff

    assert table.scores is not None

    def theirs(counts: np.ndarray) -> float:
        return float(
            krippendorff.alpha(value_counts=counts, value_domain=table.scores, level_of_measurement=metric)
        )

    def counted() -> np.ndarray:
        code = table.item.codes * n_levels + table.value.codes
        return np.bincount(code, minlength=len(table.item.vocab) * n_levels).reshape(-1, n_levels)

    ours = krippendorff_alpha(table, metric, resamples=0).value
    assert ours is not None
    assert abs(theirs(counted()) - ours) < 1e-9
    once = best_cpu_seconds(lambda: theirs(counted()))
    counts, rng = counted(), np.random.default_rng(1)
    draws = 3
    some = best_cpu_seconds(
        lambda: [theirs(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(draws)], times=1
    )
    return f"   krippendorff {once / point:.1f}× and {some * 200 / draws / boot:.0f}× that"


def report_crowd_kit(n_ratings: int) -> None:
    if importlib.util.find_spec("crowdkit") is None:
        return
    import pandas
    from crowdkit.metrics.data import alpha_krippendorff

    table = simulated_table(n_ratings, n_levels=5, steps_per_trace=10, seed=1)
    frame = pandas.DataFrame(
        {"task": table.item.codes, "worker": table.rater.codes, "label": table.value.codes}
    )
    ours = best_cpu_seconds(lambda: krippendorff_alpha(table, resamples=0))
    start = time.process_time()
    theirs = alpha_krippendorff(frame)
    took = time.process_time() - start
    found = krippendorff_alpha(table, resamples=0).value
    assert found is not None
    assert abs(theirs - found) < 1e-9
    print(
        f"{len(table):,} ratings, 5 levels: nominal alpha {ours:.3f} s, crowd-kit {took:.1f} s,"
        f" {took / ours:,.0f}× that"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=1_000_000)
    ratings = parser.parse_args().ratings
    report(ratings, n_levels=5, steps_per_trace=10)
    report(ratings, n_levels=5, steps_per_trace=1)
    report(ratings, n_levels=101, steps_per_trace=10)
    report_coefficients(ratings)
    report_crowd_kit(ratings)
