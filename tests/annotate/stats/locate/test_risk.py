from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.risk import certified_threshold, conformal_threshold


def steps(n: int, seed: int, *, each: int = 6) -> tuple[FloatArray, BoolArray, IntArray]:
    """Risks that are half of what they should be, and errors that come in whole traces."""
    rng = np.random.default_rng(seed)
    trace = np.repeat(np.arange(n), each)
    risk = np.repeat(rng.beta(0.3, 3, n), each) * rng.uniform(0.6, 1, n * each)
    wrong = np.repeat(rng.random(n), each) < 2 * risk
    return risk, wrong, trace


def test_the_conformal_rule_holds_on_average_though_the_model_is_overconfident() -> None:
    losses = []
    for seed in range(60):
        found = conformal_threshold(*steps(200, seed), error=0.05)
        assert found.risk is not None
        risk, wrong, _ = steps(2000, 1000 + seed)
        losses.append((wrong & (risk <= found.risk)).mean())
    assert np.mean(losses) <= 0.05 + 2 * np.std(losses) / 60**0.5


def test_the_certified_rule_fails_no_oftener_than_it_says() -> None:
    failures, found_any = 0, 0
    for seed in range(60):
        found = certified_threshold(*steps(800, seed), error=0.05, doubt=0.1)
        if found.risk is None:
            continue
        found_any += 1
        risk, wrong, _ = steps(4000, 1000 + seed)
        failures += wrong[risk <= found.risk].mean() > 0.05
    assert found_any > 50
    assert failures <= 0.1 * 60 + 2 * (60 * 0.09) ** 0.5


def test_what_cannot_be_shown_is_none_with_a_reason() -> None:
    risk, trace = np.full(10, 0.01), np.arange(10)
    for rule in (conformal_threshold, certified_threshold):
        found = rule(risk, np.zeros(10, dtype=np.bool_), trace, error=0.02)
        assert found.risk is None
        assert found.reason is not None
        assert "10 gold traces" in found.reason
        assert "exchangeable" in found.assumption


def test_no_gold_and_bad_numbers() -> None:
    none = np.zeros(0, dtype=np.int64)
    with pytest.raises(NotEstimable):
        conformal_threshold(none.astype(float), none.astype(bool), none)
    with pytest.raises(Rejected, match="error"):
        conformal_threshold(np.zeros(1), np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.int64), error=0)
    with pytest.raises(Rejected, match="doubt"):
        certified_threshold(np.zeros(1), np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.int64), doubt=1)
