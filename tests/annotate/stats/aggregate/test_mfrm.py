from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.mfrm import mfrm
from annotate.stats.simulate import Scenario, Simulation, simulate_ratings
from annotate.stats.table import LongTable


def table_of(made: Simulation) -> LongTable:
    item, rater, *rest = made.ratings.facets
    return LongTable.from_columns(
        item.elements.codes,
        rater.elements.codes,
        made.ratings.value,
        criterion=rest[0].elements.codes if rest else None,
        levels=range(5),
    )


def test_severity_is_corrected_for() -> None:
    # Two raters per item out of twenty very unlike ones: a majority says what its raters are like.
    made = simulate_ratings(Scenario(n_items=400, n_raters=20, raters_per_item=2, rater_sd=1.5), seed=1)
    table = table_of(made)
    fit = mfrm(table)
    assert fit.converged
    by_model, by_votes = fit.posterior @ np.arange(5), majority(table).posterior @ np.arange(5)
    truth = made.truth.items[list(fit.units)]
    assert np.corrcoef(by_model, truth)[0, 1] > np.corrcoef(by_votes, truth)[0, 1] + 0.05
    assert np.corrcoef(fit.rater_parameters["severity"], made.truth.raters)[0, 1] > 0.95


def test_it_expects_lower_levels_of_stricter_raters() -> None:
    made = simulate_ratings(Scenario(n_items=200, n_raters=10, raters_per_item=3, rater_sd=1.0), seed=3)
    fit = mfrm(table_of(made))
    assert fit.expects is not None
    strict, mild = (int(pick(fit.rater_parameters["severity"])) for pick in (np.argmax, np.argmin))
    units = np.arange(200)
    by_strict, by_mild = (fit.expects(units, np.full(200, one)) for one in (strict, mild))
    assert by_strict.sum(axis=0) == pytest.approx(np.ones(200))
    assert (np.arange(5) @ by_strict < np.arange(5) @ by_mild).all()


def test_levels_are_as_probable_as_a_new_average_rater_makes_them() -> None:
    made = simulate_ratings(Scenario(n_items=300, n_raters=30, raters_per_item=5, n_criteria=2), seed=2)
    fit = mfrm(table_of(made))
    item = np.array([unit[0] for unit in fit.units])
    criterion = np.array([unit[1] for unit in fit.units])
    eta = made.truth.items[item] - made.truth.criteria[criterion]
    logit = np.outer(eta, np.arange(5)) - np.append(0, made.truth.thresholds[0].cumsum())
    chance = np.exp(logit - logit.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    assert np.abs(fit.posterior.mean(axis=0) - chance.mean(axis=0)).max() < 0.02
    assert np.abs(fit.posterior - chance).mean() < 0.05
    np.testing.assert_allclose(fit.posterior.sum(axis=1), 1)


def test_known_answers_are_kept() -> None:
    made = simulate_ratings(Scenario(n_items=30, n_raters=4), seed=3)
    fit = mfrm(table_of(made), known={0: 4, 7: 0})
    assert fit.posterior[[0, 7]].argmax(axis=1).tolist() == [4, 0]
    assert fit.posterior[[0, 7]].max(axis=1).tolist() == [1, 1]
    assert fit.is_known.sum() == 2


def test_what_it_cannot_read_is_refused() -> None:
    with pytest.raises(Rejected, match="in order"):
        mfrm(LongTable.from_columns([1, 2], ["a", "a"], ["x", "y"]))
    with pytest.raises(NotEstimable):
        mfrm(LongTable.from_columns([1, 2], ["a", "b"], [3, 3]))


def test_known_answers_tell_what_labels_cannot_that_all_raters_are_mild() -> None:
    rng = np.random.default_rng(5)
    place, strict = rng.normal(0, 1.3, 400), rng.normal(-1.0, 0.8, 12)
    item = np.repeat(np.arange(400), 4)
    rater = np.concatenate([rng.permutation(12)[:4] for _ in range(400)])
    cuts = np.array([-1.4, -0.5, 0.5, 1.4])
    value = np.digitize(place[item] - strict[rater] + rng.normal(0, 0.7, len(item)), cuts)
    table = LongTable.from_columns(item, rater, value, levels=range(5))
    truth = np.digitize(place, cuts)

    def right(known: dict[int, int] | None) -> float:
        fit = mfrm(table, known=known)
        here = np.array([unit not in answers for unit in fit.units])
        return float((fit.posterior.argmax(axis=1) == truth)[here].mean())

    answers = dict(list(enumerate(truth.tolist()))[:40])
    assert right(answers) > right(None) + 0.15
    assert "logits severe" in mfrm(table, known=answers).message
    assert "logits severe" not in mfrm(table).message
