from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.locate.evidence import RIGHT, UNGRADED, WRONG, Evidence, Rollouts
from annotate.stats.locate.rollouts import N_LAGS, REPAIR, Counts, RolloutModel


def evidence_of(hits: list[int], tries: int, *, length: int, outcome: int = UNGRADED) -> Evidence:
    n = len(hits)
    rows = Rollouts(np.zeros(n, dtype=np.int64), np.arange(n), np.array(hits), np.full(n, tries))
    return Evidence.of([length], rollouts=rows, outcome=[outcome], question_hits=[12], question_tries=[16])


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
        before, after = 0.0, np.log(model.repair[evidence.outcome[0] + 1])
        for at, group, code in zip(counts.at, counts.group, counts.code, strict=True):
            hits, misses = counts.hits[code], counts.misses[code]
            if at < e:
                before += log_beta_binomial(model.mean[group], model.before_weight, hits, misses)
            else:
                lag = min(int(at) - e, N_LAGS)
                means = np.maximum(REPAIR * model.fading**lag, 0.004)
                harmless = log_beta_binomial(model.mean[group], model.before_weight, hits, misses)
                rates = [log_beta_binomial(m, model.after_weight, hits, misses) for m in means]
                after = after + np.array([*rates, harmless])
        found[e] = before + np.logaddexp.reduce(after)
    return found


@pytest.mark.parametrize("outcome", [UNGRADED, WRONG, RIGHT])
@pytest.mark.parametrize("length", [3, 12])
def test_scores_are_those_of_the_definition(length: int, outcome: int) -> None:
    hits = np.random.default_rng(length).integers(0, 9, length - 1).tolist()
    evidence = evidence_of(hits, 8, length=length, outcome=outcome)
    layout = evidence.layout()
    model = RolloutModel.assumed()
    score, shares = model.score(Counts.of(evidence, layout), layout, evidence.outcome + 1)
    assert score == pytest.approx(by_definition(model, evidence))
    assert np.exp(shares).sum(axis=0) == pytest.approx(np.ones(layout.n_places))


def test_a_fall_of_the_counts_is_where_the_error_is() -> None:
    evidence = evidence_of([7, 8, 7, 0, 0, 0], 8, length=7)
    layout = evidence.layout()
    score, _ = RolloutModel.assumed().score(Counts.of(evidence, layout), layout, evidence.outcome + 1)
    assert layout.normalised(score)[0].argmax() == 3


def test_prefixes_without_rollouts_drop_out() -> None:
    layout = Evidence.of([4]).layout()
    score, _ = RolloutModel.assumed().score(
        Counts.of(Evidence.of([4]), layout), layout, np.zeros(1, dtype=np.int64)
    )
    assert score == pytest.approx(np.zeros(5))


def test_two_rows_of_one_prefix_are_one_count() -> None:
    at = np.zeros(2, dtype=np.int64)
    twice = Evidence.of([3], rollouts=Rollouts(at, at, np.array([1, 2]), np.array([4, 4])))
    once = Evidence.of([3], rollouts=Rollouts(at[:1], at[:1], np.array([3]), np.array([8])))
    scores = []
    for evidence in (twice, once):
        layout = evidence.layout()
        scores.append(
            RolloutModel.assumed().score(Counts.of(evidence, layout), layout, evidence.outcome + 1)[0]
        )
    assert scores[0] == pytest.approx(scores[1])


def test_an_error_that_the_answer_survived_is_not_ruled_out_by_rollouts_that_succeed() -> None:
    """They speak of what can be recovered: behind a right answer that is no proof that nothing was wrong."""
    kept = {}
    for outcome in (WRONG, RIGHT):
        evidence = evidence_of([8, 8, 8, 8, 8], 8, length=6, outcome=outcome)
        layout = evidence.layout()
        score, _ = RolloutModel.assumed().score(Counts.of(evidence, layout), layout, evidence.outcome + 1)
        kept[outcome] = float(np.exp(score[1] - score[-1]))
    assert kept[RIGHT] == pytest.approx(0.35, abs=0.01)
    assert kept[WRONG] < 0.03
