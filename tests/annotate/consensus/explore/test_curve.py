from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.explore.curve import curve_of, first_errors
from annotate.enums import Action

from .columns import some_columns

KEEP, DROP, ASK = Action.KEEP, Action.DROP, Action.ASK


def test_keeping_more_costs_what_gold_says_it_costs():
    columns = some_columns("gbgb", gold="gbbg", risk=[0.01, 0.02, 0.1, 0.3])

    points = {point.risk: point for point in curve_of(columns, (0.01, 0.05, 0.1, 1.0)).points}

    assert [points[risk].kept for risk in (0.01, 0.05, 0.1, 1.0)] == [1, 2, 3, 4]
    assert [points[risk].gold.k for risk in (0.01, 0.05, 0.1, 1.0)] == [0, 0, 1, 2]
    assert points[0.05].expected == pytest.approx(0.015)
    assert points[0.05].asked == 2
    assert points[0.05].asked_traces == 1
    assert points[1.0].bad == 2


def test_a_risk_that_is_the_threshold_to_a_hair_is_kept():
    columns = some_columns("g", risk=[1 - 0.95])

    assert curve_of(columns, (0.05,)).points[0].kept == 1


def test_what_has_no_risk_stays_as_it_was_decided():
    """A reviewer's word is kept at every risk, an unanswered step asked at every one, a dropped one neither."""
    nan = float("nan")
    columns = some_columns("gg--", risk=[nan, 0.2, nan, nan], action=[KEEP, KEEP, ASK, DROP])

    strict, lenient = curve_of(columns, (0.1, 0.3)).points

    assert (strict.kept, strict.asked, strict.expected) == (1, 2, None)
    assert (lenient.kept, lenient.asked) == (2, 1)
    assert lenient.expected == pytest.approx(0.2)


def test_where_a_level_is_not_known_gold_says_nothing_of_what_is_kept():
    columns = some_columns("g-", gold="gb", risk=[0.01, 0.2], action=[KEEP, ASK])

    strict, lenient = curve_of(columns, (0.1, 0.5)).points

    assert (strict.kept, strict.gold.n) == (1, 1)
    assert (lenient.kept, lenient.gold.n, lenient.gold.value, lenient.kept_without_level) == (2, 0, None, 1)
    assert lenient.expected == pytest.approx(0.105)


def test_the_line_goes_by_coverage_wherever_the_risks_are():
    risk = np.concatenate([np.linspace(0, 1e-3, 990), np.linspace(0.1, 0.5, 10)]).tolist()

    line = curve_of(some_columns("g" * 1000, risk=risk), (0.5,)).line

    assert len(line) == 40
    assert line[0].kept == 26
    assert [one.kept for one in line] == sorted(one.kept for one in line)
    assert line[-1].kept == 1000


def test_the_most_probable_level_of_a_step_that_is_not_kept_is_judged_at_the_risk_that_keeps_it():
    columns = some_columns("g-", believed="gb", gold="gg", risk=[0.01, 0.2], action=[KEEP, DROP])

    point = curve_of(columns, (0.5,)).points[0]

    assert (point.kept, point.gold.n, point.gold.k, point.bad) == (2, 2, 1, 1)


def test_a_policy_without_risks_has_one_point_and_no_curve():
    columns = some_columns("gb-g", gold="ggbg", action=[KEEP, KEEP, ASK, KEEP])

    curve = curve_of(columns, (0.1,))

    assert curve.points == ()
    assert (curve.decided.kept, curve.decided.gold.k, curve.decided.gold.n) == (3, 1, 3)
    assert curve.decided.asked == 1


def test_first_errors_need_a_key_on_every_step_before():
    columns = some_columns("gggggg", gold="gbg-bb", steps_a_trace=3)
    assert first_errors(columns).tolist() == [False, True, False, False, False, False]
    assert first_errors(some_columns("gggg", gold="ggbb")).tolist() == [False, False, True, False]
    assert not first_errors(some_columns("gg", gold="gg")).any()


def test_first_errors_kept_are_those_kept_as_bad():
    columns = some_columns("gbggbg", gold="gbggbb", risk=[0.01, 0.3, 0.01, 0.01, 0.01, 0.01], steps_a_trace=2)

    strict, lenient = curve_of(columns, (0.05, 0.5)).points

    assert (strict.first.k, strict.first.n) == (1, 2)
    assert (lenient.first.k, lenient.first.n) == (2, 2)


def test_no_decisions_at_all():
    curve = curve_of(some_columns(""), (0.1,))
    assert curve.points == ()
    assert (curve.decided.kept, curve.decided.gold.value) == (0, None)


def test_a_calibrated_model_is_wrong_as_often_as_it_expects():
    rng = np.random.default_rng(3)
    risk = rng.beta(0.4, 4, 40_000)
    wrong = rng.random(40_000) < risk
    columns = some_columns(
        "".join("gb"[one] for one in wrong.tolist()), gold="g" * 40_000, risk=risk.tolist(), steps_a_trace=8
    )

    for point in curve_of(columns, (0.02, 0.1, 0.5)).points:
        assert point.gold.low <= point.expected <= point.gold.high
