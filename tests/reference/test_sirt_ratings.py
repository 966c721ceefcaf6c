"""Persons by raters by criteria, some of it missing, against TAM and mirt.

`RATINGS1` and `PARTIAL_CREDIT`: data.ratings1 of the R package sirt, 135 persons, 7 raters, 5 criteria, 1,370 ratings
0 to 3. TAM 4.4-2,

    facets <- dat[, "rater", drop = FALSE]
    tam.mml.mfr(dat[, 3:7], facets = facets, pid = dat$idstud, formulaA = ~ item + rater + step,
                control = list(nodes = seq(-10, 10, len = 201), conv = 1e-8, convD = 1e-8))

(``~ item + item:step + rater`` for partial credit) and `fit_mfrm` of the Python package mirt 1.2.0 agree to five
digits; errors and mean squares averaged over posteriors are mirt's.

`JOINT` was made by joint maximum likelihood in numpy, another program than ours, with scores met to 1e-9 after five
extreme persons were set aside; immer_jml of the R package immer is within .025.

`RATINGS2` and `PTAM4` were made from data.ratings2 (sirt) and data.ptam4 (immer) by TAM 4.4-2 under R 4.2.2,
``~ item + rater + step`` with 81 nodes on -10..10; positive is severe and raters add up to 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import FacetFit, RaschFit
from tests.reference.rasch_files import sirt_ratings1, wide_file

RATINGS1: dict[str, Any] = {
    "deviance": 2573.24644,
    "variance": 3.89735,
    "criteria": (-0.24102, 0.50568, -0.10353, 0.39016, 0.26350),
    "criteria_se": (0.2052, 0.2062, 0.2050, 0.2058, 0.2054),
    "raters": (1.00393, 0.50841, 0.41283, -0.75113, -0.08708, -0.76465, -0.32231),
    "raters_se": (0.1531, 0.1471, 0.1508, 0.1464, 0.1475, 0.1500, 0.1469),
    "thresholds": (-2.84539, 0.10486, 2.74053),
    "eap": (-0.55091, -1.26269, -0.11512, -3.38643),
    "eap_sd": (0.52195, 0.52591, 0.71436, 0.69173),
    "infit": (0.963, 0.925, 0.858, 0.664, 1.626, 0.935, 1.050),
    "outfit": (1.058, 0.954, 0.870, 0.655, 1.542, 0.900, 1.076),
}
PARTIAL_CREDIT: dict[str, Any] = {
    "deviance": 2526.21431,
    "variance": 4.06471,
    "criteria": (-0.25987, 0.44744, -0.29412, 0.49705, 0.40178),
    "raters": (1.02246, 0.51634, 0.41747, -0.76236, -0.08955, -0.77896, -0.32540),
    "thresholds": (
        (-2.6158, 0.2850, 2.3308),
        (-2.6202, 0.2816, 2.3386),
        (-3.6993, 0.7031, 2.9962),
        (-2.8432, -0.2943, 3.1375),
        (-2.8426, -0.4177, 3.2604),
    ),
}
JOINT: dict[str, Any] = {
    "n_used": 1340,
    "deviance": 2113.71003,
    "criteria": (-0.4487, 0.3806, -0.2960, 0.2524, 0.1117),
    "raters": (1.0468, 0.5279, 0.4406, -0.7585, -0.1316, -0.8701, -0.2551),
    "raters_se": (0.1337, 0.1351, 0.1329, 0.1309, 0.1375, 0.1332, 0.1330),
    "infit": (0.9632, 0.9204, 0.8272, 0.6250, 1.6961, 0.9344, 1.0626),
    "infit_z": (-0.341, -0.783, -1.837, -4.292, 5.732, -0.622, 0.645),
    "outfit": (1.0459, 0.9328, 0.8281, 0.6251, 1.6088, 0.9148, 1.0949),
    "outfit_z": (0.398, -0.620, -1.833, -4.244, 5.061, -0.810, 0.943),
    "thresholds": (-3.1444, 0.0831, 3.0614),
    "separation": (4.7764, 5.1753),
    "reliability": 0.958,
    "fixed": (168.352, 6),
}
RATINGS2: dict[str, Any] = {
    "deviance": 5771.9385,
    "variance": 3.2237,
    "reliability": 0.9184,
    "raters": (
        *(0.8234, 0.3814, 0.3679, -0.7135, -0.1725, 0.2643, -0.0828, 1.2790),
        *(-0.2470, -0.7146, 0.1819, 0.0012, -0.9446, 0.7299, -0.3634, -0.7906),
    ),
    "thresholds": (-2.4580, 0.1028, 2.3552),
}
PTAM4: dict[str, Any] = {
    "deviance": 3450.6429,
    "variance": 2.7081,
    "reliability": 0.7920,
    "raters": (-0.0376, 0.8954, -0.1173, 0.0203, -0.2213, 0.1208, 0.1130, 0.5123, -1.2461, -0.0396),
}


def by_name(facet: FacetFit, what: str) -> np.ndarray:
    """Values by the elements' names, in alphabetical order."""
    return np.asarray(getattr(facet, what))[np.argsort([str(name) for name in facet.elements])]


def exactly(fit: RaschFit, what: dict[str, Any], *, digits: float) -> None:
    assert fit.converged
    for facet, key in (("rater", "raters"), ("criterion", "criteria")):
        if key in what:
            np.testing.assert_allclose(
                by_name(fit.facet(facet), "measure"), what[key], atol=digits, err_msg=key
            )
        if f"{key}_se" in what:
            np.testing.assert_allclose(by_name(fit.facet(facet), "se"), what[f"{key}_se"], atol=6e-5)
    for name in ("infit", "outfit"):
        if name in what:
            np.testing.assert_allclose(by_name(fit.facet("rater"), name), what[name], atol=6e-4, err_msg=name)


def test_marginal_estimates_are_those_of_tam_and_mirt() -> None:
    fit = fit_rasch(Ratings.from_table(sirt_ratings1()), estimator="mml")
    exactly(fit, RATINGS1, digits=1e-5)
    assert fit.deviance == pytest.approx(RATINGS1["deviance"], abs=2e-5)
    assert fit.populations[0].sd ** 2 == pytest.approx(RATINGS1["variance"], abs=2e-5)
    assert [one.measure for one in fit.thresholds] == pytest.approx(RATINGS1["thresholds"], abs=1e-5)
    assert fit.fit_kind == "posterior-averaged"
    persons = fit.facet("item")
    first = np.argsort([str(name) for name in persons.elements])[:4]
    np.testing.assert_allclose(persons.measure[first], RATINGS1["eap"], atol=2e-5)
    np.testing.assert_allclose(persons.se[first], RATINGS1["eap_sd"], atol=2e-5)


def test_marginal_partial_credit_too() -> None:
    fit = fit_rasch(Ratings.from_table(sirt_ratings1(), thresholds_by="criterion"), estimator="mml")
    exactly(fit, PARTIAL_CREDIT, digits=2e-5)
    assert fit.deviance == pytest.approx(PARTIAL_CREDIT["deviance"], abs=2e-5)
    assert fit.populations[0].sd ** 2 == pytest.approx(PARTIAL_CREDIT["variance"], abs=2e-5)
    found = {(str(one.scale), one.upper): one.measure for one in fit.thresholds}
    for criterion, expected in enumerate(PARTIAL_CREDIT["thresholds"], start=1):
        for category, tau in enumerate(expected, start=1):
            assert found[f"k{criterion}", category] == pytest.approx(tau, abs=6e-5)


def test_joint_estimates_of_three_facets() -> None:
    fit = fit_rasch(Ratings.from_table(sirt_ratings1()), estimator="jmle")
    exactly(fit, JOINT, digits=6e-5)
    assert fit.fit_kind == "plug-in"
    assert len(fit.design.ratings) == JOINT["n_used"]
    assert int((fit.facet("item").extreme != 0).sum()) == 5
    assert fit.deviance == pytest.approx(JOINT["deviance"], abs=2e-5)
    assert [one.measure for one in fit.thresholds] == pytest.approx(JOINT["thresholds"], abs=6e-5)
    raters = fit.facet("rater")
    for name in ("infit_z", "outfit_z"):
        np.testing.assert_allclose(by_name(raters, name), JOINT[name], atol=6e-4, err_msg=name)
    separation = raters.separation
    assert separation is not None
    found = (separation.population.separation, separation.sample.separation)
    assert found == pytest.approx(JOINT["separation"], abs=1e-4)
    assert separation.population.reliability == pytest.approx(JOINT["reliability"], abs=6e-4)
    assert (separation.fixed.value, separation.fixed.df) == pytest.approx(JOINT["fixed"], abs=1e-3)


def test_the_default_is_close_to_the_exact_answer() -> None:
    fit = fit_rasch(Ratings.from_table(sirt_ratings1()))
    assert (fit.estimator, fit.converged) == ("eb", True)
    for facet, key in (("rater", "raters"), ("criterion", "criteria")):
        np.testing.assert_allclose(by_name(fit.facet(facet), "measure"), RATINGS1[key], atol=0.06)
        np.testing.assert_allclose(by_name(fit.facet(facet), "se"), RATINGS1[f"{key}_se"], atol=0.01)
    assert [one.measure for one in fit.thresholds] == pytest.approx(RATINGS1["thresholds"], abs=0.06)
    np.testing.assert_allclose(by_name(fit.facet("rater"), "infit"), RATINGS1["infit"], atol=0.02)
    assert fit.populations[0].sd ** 2 == pytest.approx(RATINGS1["variance"], abs=0.06)


@pytest.mark.parametrize(
    ("name", "expected", "n"), [("data.ratings2", RATINGS2, 178), ("data.ptam4", PTAM4, 209)]
)
def test_open_sets_are_those_of_tam(name: str, expected: dict[str, Any], n: int) -> None:
    fit = fit_rasch(Ratings.from_table(wide_file(f"raters/{name}.csv")), estimator="mml")
    persons = fit.facet("item")
    assert (fit.converged, len(persons.elements)) == (True, n)
    # The last rater of TAM is minus the sum of the others, and carries their rounding.
    np.testing.assert_allclose(by_name(fit.facet("rater"), "measure"), expected["raters"], atol=0.001)
    assert fit.deviance == pytest.approx(expected["deviance"], abs=0.001)
    assert fit.populations[0].sd ** 2 == pytest.approx(expected["variance"], abs=0.001)
    if "thresholds" in expected:
        assert [one.measure for one in fit.thresholds] == pytest.approx(expected["thresholds"], abs=0.001)
    assert persons.separation is not None
    assert persons.separation.population.reliability == pytest.approx(expected["reliability"], abs=1e-4)


@pytest.mark.parametrize(("name", "expected"), [("data.ratings2", RATINGS2), ("data.ptam4", PTAM4)])
def test_the_default_is_close_on_the_open_sets(name: str, expected: dict[str, Any]) -> None:
    fit = fit_rasch(Ratings.from_table(wide_file(f"raters/{name}.csv")))
    gap = by_name(fit.facet("rater"), "measure") - expected["raters"]
    # Severities of few raters are drawn to their mean by what is unknown about them.
    assert np.abs(gap).max() < 0.1
    assert fit.populations[0].sd ** 2 == pytest.approx(expected["variance"], abs=0.03)
