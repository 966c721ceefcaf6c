"""The Knox Cube Test: 35 children, 18 tapping patterns, against Winsteps, eRm and TAM.

`CHILDREN` is what Winsteps prints in Table 3.1 of its manual's Example 1 (older than exact cube roots, so
WHEXACT=No, and with variances of mean squares above 2 left as they are):

    &INST  TITLE='KNOX CUBE TEST'  NI=18  ITEM1=11  NAME1=1  &END  … 35 children …

of the 34 children who are not extreme; `WITH_EXTREME` is the part below it, EXTRSC=0.3.

`RPF_ITEMS`, `RPF_CHILDREN` are what Winsteps 3.73 wrote into IFILE= and PFILE= for the same responses, as they stand in
the R package rpf (data/kct.rda). It stopped at its default LCONV=.01, RCONV=.5, so statistics are compared at *its*
measures, with exact cube roots and the variances bounded, as rpf's own tests do:

    library(rpf); data(kct)
    fit <- rpf.1dim.fit(responses, params = kct.items measures, scores = kct.people measures, wh.exact = TRUE)

`ERM` is `RM(responses)` of the R package eRm (conditional maximum likelihood), `TAM` is

    tam.mml(responses, control = list(snodes = 0, nodes = seq(-10, 10, len = 201), conv = 1e-8, maxiter = 5000))

of TAM 4.4-2, for the 14 items that are not extreme; TAM and we here with all 35 children.
"""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.fit_statistics import FitOptions
from annotate.stats.rasch.result import FacetFit, RaschFit
from annotate.stats.rasch.separation import separation_of
from tests.reference.rasch_files import knox_cube, rows_of, two_facets

# mean, population SD, largest, smallest.
CHILDREN = {
    "measure": (-0.20, 2.07, 3.89, -4.48),
    "se": (1.03, 0.11, 1.15, 0.82),
    "infit": (1.03, 1.01, 4.43, 0.17),
    "outfit": (0.73, 1.45, 6.86, 0.08),
}
CHILDREN_Z = {"infit_z": (-0.3, 1.2, 2.3, -1.6), "outfit_z": (-0.3, 0.5, 1.3, -0.8)}
MODEL = {"rmse": 1.03, "true_sd": 1.79, "separation": 1.73, "reliability": 0.75}
REAL = {"rmse": 1.23, "true_sd": 1.66, "separation": 1.35, "reliability": 0.65}
WITH_EXTREME = {"measure": -6.79, "se": 1.88, "mean": -0.38, "sd": 2.31, "rmse": 1.07, "reliability": 0.79}

ITEMS = (-4.55, -3.97, -3.51, -3.97, -2.44, -3.51, -1.63, 0.83, 2.33, 2.03, 3.50, 4.96, 4.96, 4.96)
"""Items 4 to 17 where scores are met to 1e-9; Winsteps' default stop leaves them up to .17 short."""
DEVIANCE = 221.460324
ERM = (
    -3.8788,
    -3.3646,
    -2.9562,
    -3.3646,
    -2.0039,
    -2.9562,
    -1.2808,
    0.6380,
    1.9128,
    1.6583,
    2.9464,
    4.2165,
    4.2165,
    4.2165,
)
TAM_ITEMS = (
    -3.5235,
    -3.0666,
    -2.6913,
    -3.0666,
    -1.8225,
    -2.6913,
    -1.1487,
    1.0419,
    2.3649,
    2.1030,
    3.4057,
    4.7818,
    4.7818,
    4.7818,
)
TAM_DEVIANCE, TAM_VARIANCE = 312.7286, 3.3044
EXTREME_ITEMS = {1, 2, 3, 18}


@pytest.fixture(scope="module")
def fit() -> RaschFit:
    return fit_rasch(knox_cube(), estimator="jmle", options=FitOptions(whole=False, capped=False))


@pytest.fixture(scope="module")
def children(fit: RaschFit) -> FacetFit:
    return fit.facet("child")


def plain(facet: FacetFit, name: str) -> np.ndarray:
    return np.asarray(getattr(facet, name)[facet.extreme == 0])


def test_every_printed_digit_of_the_summary(children: FacetFit) -> None:
    for digits, table in ((2, CHILDREN), (1, CHILDREN_Z)):
        for name, printed in table.items():
            found = plain(children, name)
            summary = (found.mean(), found.std(), found.max(), found.min())
            assert np.round(summary, digits) == pytest.approx(printed, abs=1e-9), name


def test_separation_as_printed(children: FacetFit) -> None:
    separation = children.separation
    assert separation is not None
    assert round(separation.rmse, 2) == MODEL["rmse"]
    for name in ("true_sd", "separation", "reliability"):
        assert round(getattr(separation.population, name), 2) == MODEL[name]
        assert round(getattr(separation.real, name), 2) == REAL[name]
    real = plain(children, "real_se")
    assert round(float(np.sqrt(np.square(real).mean())), 2) == REAL["rmse"]
    measure = plain(children, "measure")
    assert round(float(measure.std() / np.sqrt(len(measure) - 1)), 2) == 0.36


def test_the_child_who_did_hardly_anything_right(children: FacetFit) -> None:
    helen = children.elements.index("Helen")
    assert children.extreme[helen] == -1
    assert np.isnan(children.infit[helen])
    assert "lowest" in str(children.reason(helen))
    assert round(float(children.measure[helen]), 2) == WITH_EXTREME["measure"]
    assert round(float(children.se[helen]), 2) == WITH_EXTREME["se"]
    assert round(float(children.measure.mean()), 2) == WITH_EXTREME["mean"]
    assert round(float(children.measure.std()), 2) == WITH_EXTREME["sd"]
    everybody = separation_of(children.measure, children.se, children.real_se)
    assert everybody is not None
    assert round(everybody.rmse, 2) == WITH_EXTREME["rmse"]
    assert round(everybody.population.reliability, 2) == WITH_EXTREME["reliability"]


def test_items_and_the_likelihood(fit: RaschFit) -> None:
    items = fit.facet("item")
    assert {item for item, end in zip(items.elements, items.extreme, strict=True) if end} == EXTREME_ITEMS
    assert np.round(plain(items, "measure"), 2) == pytest.approx(ITEMS, abs=1e-9)
    assert fit.deviance == pytest.approx(DEVIANCE, abs=1e-5)
    assert fit.converged


def test_items_where_winsteps_stopped_are_short_of_these(fit: RaschFit) -> None:
    printed = np.array([float(row["MEASURE"]) for row in rows_of("measurement_tests/kct_winsteps/items.csv")])
    items = fit.facet("item")
    usual = items.extreme == 0
    assert np.abs(items.measure - printed)[usual].max() < 0.18
    assert (np.abs(printed) < np.abs(items.measure))[usual].all()


def test_fit_statistics_at_the_measures_winsteps_gives() -> None:
    people = rows_of("measurement_tests/kct_winsteps/people.csv")
    items = rows_of("measurement_tests/kct_winsteps/items.csv")
    anchors = {
        "child": {row["NAME"].split()[0]: float(row["MEASURE"]) for row in people},
        "item": {int(row["ENTRY"]): float(row["MEASURE"]) for row in items},
    }
    cells = [
        (row["NAME"].split()[0], item, int(row[f"V{item + 1}"]))
        for row in people
        for item in range(1, 19)
        if item not in EXTREME_ITEMS and row["NAME"].split()[0] != "Helen"
    ]
    seen = {child for child, _, _ in cells}, {item for _, item, _ in cells}
    anchors = {
        facet: {key: value for key, value in known.items() if key in kept}
        for (facet, known), kept in zip(anchors.items(), seen, strict=True)
    }
    fit = fit_rasch(two_facets(cells, "child", "item", anchors=anchors), estimator="jmle")
    for facet, rows in (("child", people), ("item", items)):
        found = fit.facet(facet)
        printed = {(row["NAME"].split()[0] if facet == "child" else int(row["ENTRY"])): row for row in rows}
        for column, name in (
            ("IN.MSQ", "infit"),
            ("OUT.MSQ", "outfit"),
            ("IN.ZSTD", "infit_z"),
            ("OUT.ZSTD", "outfit_z"),
        ):
            expected = [float(printed[key][column]) for key in found.elements]
            gap = np.abs(getattr(found, name) - expected)
            # Winsteps' measures have two decimals; R's all.equal, which rpf uses, takes the mean difference.
            if name in {"infit", "outfit"}:
                assert gap.sum() / np.abs(expected).sum() < 0.002, f"{facet} {name}"
            else:
                assert gap.max() < 0.012, f"{facet} {name}"
    richard = fit.facet("child").elements.index("Richard")
    child = fit.facet("child")
    assert (child.infit[richard], child.outfit[richard]) == pytest.approx((0.6093, 0.2926), abs=0.002)
    assert (child.infit_z[richard], child.outfit_z[richard]) == pytest.approx((-1.189, -0.240), abs=0.004)


def test_joint_estimates_are_wider_than_conditional_ones(fit: RaschFit) -> None:
    ratio = float(plain(fit.facet("item"), "measure").std() / np.std(ERM))
    assert 1.16 < ratio < 1.19


def test_marginal_estimates_are_those_of_tam() -> None:
    whole = knox_cube()
    kept = np.array(
        [whole.facets[1].elements.vocab[item] not in EXTREME_ITEMS for item in whole.facets[1].elements.codes]
    )
    fit = fit_rasch(whole.where(kept), estimator="mml")
    items = fit.facet("item")
    np.testing.assert_allclose(items.measure[~np.isnan(items.measure)], TAM_ITEMS, atol=6e-4)
    assert fit.deviance == pytest.approx(TAM_DEVIANCE, abs=2e-4)
    assert fit.populations[0].sd ** 2 == pytest.approx(TAM_VARIANCE, abs=5e-4)
