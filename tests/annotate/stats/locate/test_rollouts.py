from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.locate.evidence import Evidence, Rollouts
from annotate.stats.locate.rollouts import N_LAGS, REPAIR, Counts, RolloutModel


def evidence_of(hits: list[int], tries: int, *, length: int) -> Evidence:
    n = len(hits)
    rows = Rollouts(np.zeros(n, dtype=np.int64), np.arange(n), np.array(hits), np.full(n, tries))
    return Evidence.of([length], rollouts=rows, question_hits=[12], question_tries=[16])


def log_beta_binomial(mean: float, weight: float, hits: float, misses: float) -> float:
    """By its definition, one draw after the other."""
    a, b, total = weight * mean, weight * (1 - mean), 0.0
    for _ in range(int(hits)):
        total += np.log(a / (a + b))
        a += 1
    for _ in range(int(misses)):
        total += np.log(b / (a + b))
        b += 1
    return float(total)


def by_definition(model: RolloutModel, evidence: Evidence) -> FloatArray:
    layout = evidence.layout()
    counts = Counts.of(evidence, layout)
    found = np.zeros(layout.n_places)
    for e in range(layout.n_places):
        before, after = 0.0, np.log(model.repair)
        for at, group, code in zip(counts.at, counts.group, counts.code, strict=True):
            hits, misses = counts.hits[code], counts.misses[code]
            if at < e:
                before += log_beta_binomial(model.mean[group], model.before_weight, hits, misses)
            else:
                lag = min(int(at) - e, N_LAGS)
                means = np.maximum(REPAIR * model.fading**lag, 0.004)
                after = after + [log_beta_binomial(m, model.after_weight, hits, misses) for m in means]
        found[e] = before + np.logaddexp.reduce(after)
    return found


@pytest.mark.parametrize("length", [3, 12])
def test_scores_are_those_of_the_definition(length: int) -> None:
    hits = np.random.default_rng(length).integers(0, 9, length - 1).tolist()
    evidence = evidence_of(hits, 8, length=length)
    layout = evidence.layout()
    model = RolloutModel.assumed()
    score, shares = model.score(Counts.of(evidence, layout), layout)
    assert score == pytest.approx(by_definition(model, evidence))
    assert np.exp(shares).sum(axis=0) == pytest.approx(np.ones(layout.n_places))


def test_a_fall_of_the_counts_is_where_the_error_is() -> None:
    evidence = evidence_of([7, 8, 7, 0, 0, 0], 8, length=7)
    layout = evidence.layout()
    score, _ = RolloutModel.assumed().score(Counts.of(evidence, layout), layout)
    assert layout.normalised(score)[0].argmax() == 3


def test_prefixes_without_rollouts_drop_out() -> None:
    layout = Evidence.of([4]).layout()
    score, _ = RolloutModel.assumed().score(Counts.of(Evidence.of([4]), layout), layout)
    assert score == pytest.approx(np.zeros(5))


def test_two_rows_of_one_prefix_are_one_count() -> None:
    at = np.zeros(2, dtype=np.int64)
    twice = Evidence.of([3], rollouts=Rollouts(at, at, np.array([1, 2]), np.array([4, 4])))
    once = Evidence.of([3], rollouts=Rollouts(at[:1], at[:1], np.array([3]), np.array([8])))
    scores = []
    for evidence in (twice, once):
        layout = evidence.layout()
        scores.append(RolloutModel.assumed().score(Counts.of(evidence, layout), layout)[0])
    assert scores[0] == pytest.approx(scores[1])
