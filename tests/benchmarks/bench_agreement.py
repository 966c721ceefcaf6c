"""Alpha and its cluster bootstrap on a million ratings: `python -m tests.benchmarks.bench_agreement`.

Budgets: 0.05 s for alpha, 3 s for 200 resamples. Figures are CPU seconds, the best of three.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from annotate.stats.agreement import AlphaStatistic, krippendorff_alpha
from annotate.stats.bootstrap import cluster_bootstrap
from annotate.stats.coincidence import Coincidences
from annotate.stats.difference import Metric, scale_of
from annotate.stats.table import LongTable

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")


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
        print(f"  {metric:9s} alpha {point:.3f} s   200 resamples {boot:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=1_000_000)
    ratings = parser.parse_args().ratings
    report(ratings, n_levels=5, steps_per_trace=10)
    report(ratings, n_levels=5, steps_per_trace=1)
    report(ratings, n_levels=101, steps_per_trace=10)
