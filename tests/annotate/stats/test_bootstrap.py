from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats import bootstrap
from annotate.stats.agreement import AgreementResult, krippendorff_alpha, percent_agreement
from annotate.stats.bootstrap import RatioOfSums, cluster_bootstrap
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import clustered_labels


def mean_of(values: FloatArray) -> RatioOfSums:
    return RatioOfSums(values, np.ones(len(values)))


def stepwise(table: LongTable) -> LongTable:
    """The same labels, each step taken as its own cluster."""
    item = [table.item.vocab[code] for code in table.item.codes]
    rater = [table.rater.vocab[code] for code in table.rater.codes]
    value = [table.value.vocab[code] for code in table.value.codes]
    return LongTable.from_columns(item, rater, value)


def width(result: AgreementResult) -> float:
    assert result.low is not None
    assert result.high is not None
    return result.high - result.low


def test_interval_of_a_mean_matches_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=400)
    result = cluster_bootstrap(mean_of(values), seed=2, resamples=4000)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert result.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert result.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_seed_decides_and_the_block_size_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    statistic = mean_of(np.arange(11.0))
    once = cluster_bootstrap(statistic, seed=7, resamples=50)
    assert once == cluster_bootstrap(statistic, seed=7, resamples=50)
    assert once != cluster_bootstrap(statistic, seed=8, resamples=50)
    monkeypatch.setattr(bootstrap, "_BLOCK", 1)
    in_single_rows = cluster_bootstrap(statistic, seed=7, resamples=50)
    assert (in_single_rows.low, in_single_rows.high) == pytest.approx((once.low, once.high))


def test_one_cluster_gives_no_interval() -> None:
    result = cluster_bootstrap(mean_of(np.array([0.5])), seed=1)
    assert (result.low, result.high, result.n_resamples) == (None, None, 0)
    assert result.reason == "an interval needs two traces or more, and 1 could be used"


def test_undefined_resamples_are_counted() -> None:
    # A resample is undefined when it misses the four clusters that count: (8/12)**12, 0.8 % of the time.
    counts = np.array([1.0] * 4 + [0.0] * 8)
    result = cluster_bootstrap(RatioOfSums(counts / 2, counts), seed=1, resamples=2000)
    assert 0 < result.n_undefined < 50
    assert (result.low, result.high) == (0.5, 0.5)


def test_too_many_undefined_resamples_withhold_the_interval() -> None:
    # (2/3)**3: 30 % of the resamples miss the only cluster that counts.
    counts = np.array([1.0, 0.0, 0.0])
    result = cluster_bootstrap(RatioOfSums(counts, counts), seed=1, resamples=400)
    assert (result.low, result.high) == (None, None)
    assert result.reason is not None
    assert f"undefined in {result.n_undefined} of 400 resamples" in result.reason


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}, {"level": 0.0}])
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(Rejected):
        cluster_bootstrap(mean_of(np.arange(3.0)), seed=1, **options)  # type: ignore[arg-type]


def test_resampling_traces_gives_a_wider_interval_than_resampling_steps() -> None:
    table = clustered_labels(40, 10, seed=11)
    by_trace = krippendorff_alpha(table, resamples=400, seed=1)
    by_step = krippendorff_alpha(stepwise(table), resamples=400, seed=1)
    assert by_trace.value == by_step.value
    assert (by_trace.n_clusters, by_step.n_clusters) == (40, 400)
    assert width(by_trace) > 1.3 * width(by_step)


def test_interval_covers_when_traces_are_resampled_and_not_when_steps_are() -> None:
    truth = (0.55**2 + 0.45**2 + 0.98**2 + 0.02**2) / 2
    covered = {"trace": 0, "step": 0}
    repeats = 150
    for seed in range(repeats):
        table = clustered_labels(40, 20, seed=seed)
        for kind, labels in (("trace", table), ("step", stepwise(table))):
            result = percent_agreement(labels, resamples=200, seed=seed)
            assert result.low is not None
            assert result.high is not None
            covered[kind] += result.low <= truth <= result.high
    # Aimed at 0.95; the standard error over 150 repeats is 0.018, and 40 clusters cost a little.
    assert 0.89 <= covered["trace"] / repeats <= 0.99
    assert covered["step"] / repeats < 0.80
