"""Liking for Science: 75 pupils, 25 acts on 0 to 2, against Ministep 3.75.

The files hold what Ministep 3.75 (Winsteps for up to 75 persons) wrote into IFILE=, PFILE=, SFILE= and XFILE= for
the data of Wright & Masters (1982), as they stand in the R package rpf (data/science.rda):

    &INST  NI=25  ITEM1=1  CODES=012  GROUPS=0  ISGROUPS=0  MODELS=R  … 75 pupils …

It stopped within .01 logit, so what is met here to 1e-6 of a score differs by up to .007. Nobody disliked act 12.

`RATING_SCALE` was made by joint maximum likelihood in numpy and scipy (L-BFGS to a gradient of 1e-8) with one set of
thresholds. `WITHOUT_DISLIKE` is the same with the category that nobody gave to act 12 taken away from it, which is no
rating scale any more; it is here because those figures have been passed around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.moments import expected_of, squares
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.steps import Steps
from tests.reference.rasch_files import FOLDER, liking_for_science, rows_of

# Act: measure, error, infit, outfit, upper threshold.
SPOTS = {
    1: (-0.89, 0.23, 0.73, 0.67, 1.64),
    5: (2.19, 0.22, 2.29, 3.98, 0.54),
    10: (-1.57, 0.26, 0.78, 0.56, 0.82),
    13: (-0.90, 0.22, 0.85, 0.70, -0.43),
    18: (-2.26, 0.41, 1.23, 1.18, -0.61),
    20: (1.75, 0.21, 1.35, 1.80, 0.91),
    23: (1.95, 0.21, 2.36, 4.65, 0.48),
}
RATING_SCALE = {"tau": 0.862256, "deviance": 2657.901705, 5: 2.426, 12: -2.049, 23: 2.187, "mean": 0.89994}
WITHOUT_DISLIKE = {"tau": 0.8564, "deviance": 2655.88136, 5: 2.415, 12: -1.896, 23: 2.177, "mean": 0.8921}
COLUMNS = {
    "measure": "MEASURE",
    "se": "MODLSE",
    "infit": "IN.MSQ",
    "outfit": "OUT.MSQ",
    "infit_z": "IN.ZSTD",
    "outfit_z": "OUT.ZSTD",
}


def printed(name: str, column: str) -> FloatArray:
    return np.array([float(row[column]) for row in rows_of(f"{FOLDER}/lfs_ministep/{name}.csv")])


@pytest.fixture(scope="module")
def partial_credit() -> RaschFit:
    return fit_rasch(liking_for_science(thresholds_by="act"), estimator="jmle")


@pytest.mark.parametrize(
    ("facet", "file", "within"),
    [
        ("act", "items", {"measure": 0.007, "se": 0.006, "infit": 0.007, "outfit": 0.023, "outfit_z": 0.022}),
        (
            "pupil",
            "persons",
            {"measure": 0.015, "se": 0.006, "infit": 0.007, "outfit": 0.026, "outfit_z": 0.017},
        ),
    ],
)
def test_partial_credit_is_that_of_ministep(
    partial_credit: RaschFit, facet: str, file: str, within: dict[str, float]
) -> None:
    found = partial_credit.facet(facet)
    usual = found.extreme == 0
    for name, tolerance in within.items():
        gap = np.abs(getattr(found, name) - printed(file, COLUMNS[name]))[usual]
        assert gap.max() < tolerance, name
    assert partial_credit.converged


def test_the_pupil_who_liked_everything(partial_credit: RaschFit) -> None:
    pupils = partial_credit.facet("pupil")
    assert np.flatnonzero(pupils.extreme).tolist() == [1]
    assert pupils.extreme[1] == 1
    assert (pupils.measure[1], pupils.se[1]) == pytest.approx((5.98, 1.84), abs=0.015)


def test_spot_values(partial_credit: RaschFit) -> None:
    acts = partial_credit.facet("act")
    upper = {one.scale: one.measure for one in partial_credit.thresholds if one.upper == 2}
    for act, (measure, error, infit, outfit, tau) in SPOTS.items():
        place = acts.elements.index(act)
        assert acts.measure[place] == pytest.approx(measure, abs=0.0101), act
        assert acts.se[place] == pytest.approx(error, abs=0.0101), act
        assert acts.infit[place] == pytest.approx(infit, abs=0.0121), act
        assert acts.outfit[place] == pytest.approx(outfit, abs=0.0271), act
        assert upper[act] == pytest.approx(tau, abs=0.0101), act


def test_all_thresholds_are_those_of_ministep(partial_credit: RaschFit) -> None:
    found = {(one.scale, one.upper): one.measure for one in partial_credit.thresholds}
    rows = rows_of(f"{FOLDER}/lfs_ministep/thresholds.csv")
    lowest = {12: 1}
    for row in rows:
        act, category = int(row["X.ACT"]), int(row["CATEGORY"])
        if category > lowest.get(act, 0):
            tau = float(row["Rasch.Andrich.threshold.MEASURE"])
            assert found[act, category] == pytest.approx(tau, abs=0.0101), (act, category)


def test_an_act_nobody_disliked_has_two_categories(partial_credit: RaschFit) -> None:
    (only,) = [one for one in partial_credit.thresholds if one.scale == 12]
    assert (only.lower, only.upper, only.measure) == (1, 2, 0.0)
    assert partial_credit.facet("act").measure[11] == pytest.approx(-1.14, abs=0.007)


def test_statistics_at_the_measures_ministep_gives() -> None:
    rows = rows_of(f"{FOLDER}/lfs_ministep/observations.csv")
    anchors = {
        "pupil": {int(row["PUPIL"]): float(row["PERSON.MEASURE"]) for row in rows if row["PUPIL"] != "2"},
        "act": {int(row["ACT"]): float(row["ITEM.MEASURE"]) for row in rows},
    }
    whole = liking_for_science(thresholds_by="act", thresholds=_thresholds(), anchors=anchors)
    fit = fit_rasch(whole, estimator="jmle")
    for facet, file in (("act", "items"), ("pupil", "persons")):
        found = fit.facet(facet)
        usual = found.extreme == 0
        for name, tolerance in (("infit", 0.002), ("outfit", 0.01), ("infit_z", 0.016), ("outfit_z", 0.013)):
            gap = np.abs(getattr(found, name) - printed(file, COLUMNS[name]))[usual]
            assert gap.max() < tolerance, (facet, name)


def test_outfits_further_off_than_that_come_of_where_ministep_stopped(partial_credit: RaschFit) -> None:
    """Its own squared residuals add up to the outfits it printed: nothing was bounded in them.

    What is left at our measures, up to .026, is what these measures, with all scores met, move.
    """
    rows = rows_of(f"{FOLDER}/lfs_ministep/observations.csv")
    for facet, file, column in (("act", "items", "ACT"), ("pupil", "persons", "PUPIL")):
        found = partial_credit.facet(facet)
        usual = found.extreme == 0
        own = np.array([int(row[column]) for row in rows if row["PUPIL"] != "2"])
        z = np.array([float(row["ZSCORE"]) for row in rows if row["PUPIL"] != "2"])
        theirs = [
            float(np.square(z[own == element]).sum() / max((own == element).sum(), 1))
            for element in found.elements
        ]
        outfit = printed(file, "OUT.MSQ")
        assert np.abs(np.array(theirs) - outfit)[usual].max() < 0.0006, facet
        assert np.abs(found.outfit - outfit)[usual].max() < 0.026, facet
        assert np.abs(found.outfit / outfit - 1)[usual].max() < 0.006, facet


def test_every_single_expectation_and_variance() -> None:
    rows = rows_of(f"{FOLDER}/lfs_ministep/observations.csv")
    whole = liking_for_science(thresholds_by="act", thresholds=_thresholds())
    eta = np.array([float(row["PERSON.MEASURE"]) - float(row["ITEM.MEASURE"]) for row in rows])
    steps = Steps.of(whole)
    mean, variance, _ = expected_of(whole, eta, steps, slice(None))
    found = squares(whole, eta, steps)
    z = (whole.value - mean) / np.sqrt(variance)
    # Pupil 2, who liked everything, is no part of Ministep's figures for residuals.
    usual = np.array([row["PUPIL"] != "2" for row in rows])
    for column, ours, tolerance in (
        ("EXPECTATION", mean, 0.004),
        ("VARIANCE", variance, 0.004),
        ("KURTOSIS", found.fourth, 0.006),
        ("ZSCORE", z, 0.03),
    ):
        theirs = np.array([float(row[column]) for row in rows])
        assert np.abs(ours - theirs)[usual].max() < tolerance, column


def test_one_scale_for_all_acts() -> None:
    fit = fit_rasch(liking_for_science(), estimator="jmle")
    acts, pupils = fit.facet("act"), fit.facet("pupil")
    assert [one.measure for one in fit.thresholds] == pytest.approx(
        [-RATING_SCALE["tau"], RATING_SCALE["tau"]], abs=1e-5
    )
    assert fit.deviance == pytest.approx(RATING_SCALE["deviance"], abs=1e-4)
    for act in (5, 12, 23):
        assert acts.measure[act - 1] == pytest.approx(RATING_SCALE[act], abs=6e-4)
    assert pupils.separation is not None
    assert pupils.separation.mean == pytest.approx(RATING_SCALE["mean"], abs=1e-4)
    # Infit and outfit hardly depend on act 12.
    assert acts.infit[[4, 22]] == pytest.approx([2.31, 2.42], abs=0.006)
    assert acts.outfit[[4, 22]] == pytest.approx([3.65, 4.16], abs=0.03)


def test_the_figures_passed_around_are_of_an_act_that_cannot_be_disliked() -> None:
    fit = fit_rasch(_without_dislike_of(12), estimator="jmle")
    acts = fit.facet("act")
    tau = fit.thresholds[1].measure
    assert tau == pytest.approx(WITHOUT_DISLIKE["tau"], abs=6e-5)
    assert fit.deviance == pytest.approx(WITHOUT_DISLIKE["deviance"], abs=1e-4)
    # Not sure or like is one trial whose difficulty takes up the upper threshold.
    measure = acts.measure.copy()
    measure[11] -= tau
    measure -= measure.mean()
    for act in (5, 12, 23):
        assert measure[act - 1] == pytest.approx(WITHOUT_DISLIKE[act], abs=6e-4)
    assert acts.infit[[4, 22]] == pytest.approx([2.31, 2.42], abs=0.006)
    assert acts.outfit[[4, 22]] == pytest.approx([3.65, 4.16], abs=0.006)


def _thresholds() -> dict[int, list[float]]:
    tau = {
        (int(row["X.ACT"]), int(row["CATEGORY"])): float(row["Rasch.Andrich.threshold.MEASURE"])
        for row in rows_of(f"{FOLDER}/lfs_ministep/thresholds.csv")
    }
    # A first step so low that it is always taken stands for a category that there is not.
    return {act: [tau[act, 1] if act != 12 else -40.0, tau[act, 2]] for act in range(1, 26)}


def _without_dislike_of(act: int) -> Ratings:
    """That act's ratings as one trial each, beside all others on the scale."""
    whole = liking_for_science()
    own = whole.facet("act").elements.codes == act - 1
    facets: list[Facet] = list(whole.facets)
    more: dict[str, Any] = {"trials": np.where(own, 1, 0), "levels": (0, 1, 2)}
    return Ratings.of(facets, np.where(own, whole.value - 1, whole.value), **more)
