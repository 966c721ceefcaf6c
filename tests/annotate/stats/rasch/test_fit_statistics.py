from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.design import Design
from annotate.stats.rasch.fit_statistics import AS_WINSTEPS, ElementFit, FitOptions, real_errors, standardized
from annotate.stats.rasch.moments import Squares
from tests.annotate.stats.rasch.examples import three_facets


def test_mean_squares_are_their_sums() -> None:
    ratings = three_facets([0, 0, 1], [0, 1, 0], [0, 0, 0], [0, 1, 1], weight=[1, 3, 2])
    found = Squares(
        square=np.array([0.2, 0.6, 0.1]),
        variance=np.array([0.2, 0.25, 0.1]),
        standard=np.array([1.0, 2.4, 1.0]),
        fourth=np.array([0.1, 0.07, 0.04]),
        kurtosis=np.array([2.5, 1.12, 4.0]),
    )
    fit = ElementFit.of(Design.of(ratings), found, FitOptions())
    assert fit.n.tolist() == [2, 1, 2, 1, 3]
    assert fit.weight.tolist() == [4, 2, 3, 3, 6]
    assert fit.score.tolist() == [3, 2, 2, 3, 5]
    assert fit.infit[0] == pytest.approx((0.2 + 3 * 0.6) / (0.2 + 3 * 0.25))
    assert fit.outfit[0] == pytest.approx((1.0 + 3 * 2.4) / 4)
    q = (0.1 - 0.04 + 3 * (0.07 - 0.0625)) / (0.2 + 0.75) ** 2
    assert fit.infit_df[0] == pytest.approx(2 / q)
    q = (1.5 + 3 * 0.12) / 16
    assert fit.outfit_df[0] == pytest.approx(2 / q)


def test_z_is_the_cube_root_of_wilson_and_hilferty() -> None:
    square, q = np.array([1.0, 8.0, 0.125]), np.array([0.5, 2.0, 0.3])
    whole = standardized(square, q, FitOptions(capped=False))
    np.testing.assert_allclose(whole, [0.5 / 3, 1.5 + 2 / 3, -5 + 0.1])
    np.testing.assert_allclose(standardized(square, q, FitOptions(whole=False, capped=False)), [0, 1.5, -5])
    root = np.sqrt(2)
    assert standardized(square, q, FitOptions())[1] == pytest.approx(3 / root + root / 3)


def test_z_is_about_standard_normal_for_chi_squares() -> None:
    rng = np.random.default_rng(0)
    df = 20
    square = rng.chisquare(df, 20_000) / df
    z = standardized(square, np.full(len(square), np.sqrt(2 / df)), FitOptions())
    assert abs(z.mean()) < 0.02
    assert z.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.05, abs=0.006)


def test_errors_are_widened_by_noise_and_never_narrowed() -> None:
    errors = real_errors(np.array([0.5, 0.5, 0.5, np.nan]), np.array([4.0, 0.25, np.nan, 1.0]))
    np.testing.assert_allclose(errors, [1.0, 0.5, 0.5, np.nan])


def test_answers_that_could_hardly_be_others_do_not_decide_how_sure_an_outfit_is() -> None:
    ratings = three_facets([0, 0], [0, 0], [0, 0], [0, 1])
    variance = np.array([0.001, 0.25])
    fourth = np.array([0.0009, 0.07])
    found = Squares(np.zeros(2), variance, np.ones(2), fourth, fourth / np.square(variance))
    plain = ElementFit.of(Design.of(ratings), found, FitOptions())
    bounded = ElementFit.of(Design.of(ratings), found, FitOptions(floor=AS_WINSTEPS))
    assert plain.outfit_df[0] == pytest.approx(2 * 4 / (900 - 1 + 1.12 - 1))
    assert bounded.outfit_df[0] == pytest.approx(2 * 4 / (0.0009 / 1e-5 - 1 + 1.12 - 1))
    assert (bounded.outfit[0], bounded.infit_df[0]) == (plain.outfit[0], plain.infit_df[0])
