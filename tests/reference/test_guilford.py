"""Seven junior scientists, three judges, five traits of creativity on a scale to 9: UNVERIFIED cells.

The 105 ratings of Guilford (1954, p. 282) are written here from memory and were never compared with a printed
page. They agree with every published figure that could be had: totals, counts of categories, and what Facets'
manual prints of some measures (Facets stops at half a score point, hence the wide tolerance for `FACETS`).

`CONVERGED` was made by joint maximum likelihood in numpy, another program than ours, with all scores met to 1e-9.
"""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import Codes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import RaschFit

JUDGES = ("Avogadro", "Brahe", "Cavendish")
JUNIORS = ("Anne", "Betty", "Chris", "David", "Edward", "Fred", "George")
TRAITS = ("attack", "basis", "clarity", "daring", "enthusiasm")
# By judge, a row per junior, a column per trait.
RATINGS = (
    ("55353", "97585", "33371", "73133", "97785", "35351", "77555"),
    ("65463", "87572", "45366", "56455", "24323", "44642", "33554"),
    ("55573", "77575", "35555", "53331", "97777", "33353", "77757"),
)
FACETS = {"Brahe": 0.24, "David": -0.46, "Edward": 0.42}
JUDGE = (0.0397, 0.2454, -0.0960)
JUDGE_ERRORS = (0.1166, 0.1178, 0.1164)
JUDGE_INFIT = (0.85, 1.48, 0.67)
JUDGE_OUTFIT = (0.88, 1.52, 0.67)
JUNIOR = (-0.0715, 0.6638, -0.2554, -0.4815, 0.4407, -0.5841, 0.2880)
JUNIOR_ERRORS = (0.1738, 0.1816, 0.1768, 0.1831, 0.1760, 0.1868, 0.1737)
TRAIT = (-0.2800, -0.1470, 0.2109, -0.3023, 0.5184)
TAU = (-0.690, -2.352, 0.809, -1.484, 1.719, -0.979, 2.393, 0.585)
DEVIANCE = 331.36997


def guilford() -> Ratings:
    cells = [
        (junior, judge, trait, int(mark) - 1)
        for judge, rows in zip(JUDGES, RATINGS, strict=True)
        for junior, marks in zip(JUNIORS, rows, strict=True)
        for trait, mark in zip(TRAITS, marks, strict=True)
    ]
    junior, judge, trait, value = zip(*cells, strict=True)
    facets = [
        Facet.of("junior", Codes.of(junior, field="junior"), sign=1),
        Facet.of("judge", Codes.of(judge, field="judge")),
        Facet.of("trait", Codes.of(trait, field="trait"), is_random=False),
    ]
    return Ratings.of(facets, value)


@pytest.fixture(scope="module")
def fit() -> RaschFit:
    return fit_rasch(guilford(), estimator="jmle")


def test_the_cells_agree_with_what_is_published() -> None:
    marks = {
        (judge, junior): sum(map(int, row))
        for judge, rows in zip(JUDGES, RATINGS, strict=True)
        for junior, row in zip(JUNIORS, rows, strict=True)
    }
    totals = [sum(marks[judge, junior] for judge in JUDGES) for junior in JUNIORS]
    assert (totals[1], totals[5], min(totals), max(totals)) == (94, 54, 54, 94)
    assert (marks["Brahe", "David"], marks["Brahe", "Edward"]) == (25, 14)
    everything = "".join(row for rows in RATINGS for row in rows)
    assert (everything.count("5"), everything.count("6"), len(everything)) == (31, 6, 105)


def test_measures_of_three_facets(fit: RaschFit) -> None:
    assert fit.facet("junior").measure - fit.facet("junior").measure.mean() == pytest.approx(
        np.array(JUNIOR) - np.mean(JUNIOR), abs=6e-5
    )
    assert fit.facet("judge").measure - np.mean(fit.facet("judge").measure) == pytest.approx(
        np.array(JUDGE) - np.mean(JUDGE), abs=6e-5
    )
    assert fit.facet("trait").measure == pytest.approx(np.array(TRAIT) - np.mean(TRAIT), abs=6e-5)
    assert [one.measure for one in fit.thresholds] == pytest.approx(TAU, abs=6e-4)
    assert fit.deviance == pytest.approx(DEVIANCE, abs=2e-5)
    assert fit.converged


def test_errors_and_fit_of_judges(fit: RaschFit) -> None:
    judges = fit.facet("judge")
    assert judges.se == pytest.approx(JUDGE_ERRORS, abs=6e-5)
    assert fit.facet("junior").se == pytest.approx(JUNIOR_ERRORS, abs=6e-5)
    assert judges.infit == pytest.approx(JUDGE_INFIT, abs=0.0051)
    assert judges.outfit == pytest.approx(JUDGE_OUTFIT, abs=0.0051)


def test_separation_of_judges_and_juniors(fit: RaschFit) -> None:
    judges, juniors = fit.facet("judge").separation, fit.facet("junior").separation
    assert judges is not None
    assert juniors is not None
    assert (round(judges.fixed.value, 1), judges.fixed.df) == (4.3, 2)
    assert round(judges.population.reliability, 2) == 0.31
    assert round(juniors.population.reliability, 2) == 0.84


def test_facets_early_stop_is_within_half_a_score_of_these(fit: RaschFit) -> None:
    judges, juniors = fit.facet("judge"), fit.facet("junior")
    level = np.mean(judges.measure) - np.mean(JUDGE)
    assert judges.measure[1] - level == pytest.approx(FACETS["Brahe"], abs=0.01)
    shift = np.mean(juniors.measure) - np.mean(JUNIOR)
    assert juniors.measure[3] - shift == pytest.approx(FACETS["David"], abs=0.03)
    assert juniors.measure[4] - shift == pytest.approx(FACETS["Edward"], abs=0.03)


def test_a_loose_tolerance_stops_earlier(fit: RaschFit) -> None:
    early = fit_rasch(guilford(), estimator="jmle", tolerance=0.5)
    assert early.converged
    assert early.n_iter < fit.n_iter
    gap = np.abs(early.facet("judge").measure - fit.facet("judge").measure).max()
    assert 1e-6 < gap < 0.02
