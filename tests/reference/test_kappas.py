"""Chance-corrected coefficients and their standard errors against other programs.

The figures in `CODED` were made by the package irrCAC 0.4.4 (Python 3.11) from the files of the R package
irrCAC; the R package 1.0 prints the same:

    import pandas as pd
    from irrCAC.raw import CAC
    coder = CAC(pd.read_csv("cac.raw4raters.csv", index_col=0), weights="identity")
    for make in (coder.gwet, coder.fleiss, coder.conger, coder.bp, coder.krippendorff):
        found = make()["est"]
        print(found["coefficient_value"], found["se"], found["pe"])

Those in `CROSS_TABLES` by the R package irrCAC 1.0: kappa2.table, scott2.table, gwet.ac1.table, bp2.table and
krippen2.table of the 3 x 3 abstractors and the 4 x 4 diagnoses; those of the six psychiatrists by
gwet.ac1.dist, fleiss.kappa.dist and bp.coeff.dist of distrib.6raters.

`SAS` is what SAS 9 prints (PROC FREQ, AGREE, TEST WTKAP) for its 3 x 3 example; the figures of the anxiety
ratings are kappa2's of the R package irr 0.84, those of the diagnoses of Fleiss (1971) statsmodels'
fleiss_kappa (0.43024452006014074). The table of 10 x 14 is the example of Wikipedia's page on Fleiss' kappa.
"""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from annotate.stats.brennan import brennan_prediger
from annotate.stats.chance import ChanceResult
from annotate.stats.cohen import cohen_kappa
from annotate.stats.conger import conger_kappa
from annotate.stats.fleiss import fleiss_kappa
from annotate.stats.gwet import gwet_ac
from annotate.stats.krippendorff import weighted_alpha
from annotate.stats.scott import scott_pi
from annotate.stats.table import LongTable
from annotate.stats.weighting import Weighting
from tests.annotate.stats.tables import table_from_counts, table_from_distribution, table_from_matrix
from tests.paths import data_file
from tests.reference.label_files import table_of

COEFFICIENTS: dict[str, Callable[..., ChanceResult]] = {
    "brennan": brennan_prediger,
    "cohen": cohen_kappa,
    "conger": conger_kappa,
    "fleiss": fleiss_kappa,
    "gwet": gwet_ac,
    "krippendorff": weighted_alpha,
    "scott": scott_pi,
}

# File, weights, coefficient, value, standard error, chance agreement.
CODED: list[tuple[str, Weighting, str, float, float, float]] = [
    ("cac.raw4raters", "identity", "gwet", 0.77544, 0.14295, 0.190321),
    ("cac.raw4raters", "identity", "fleiss", 0.76117, 0.15302, 0.238715),
    ("cac.raw4raters", "identity", "conger", 0.76282, 0.14917, 0.233425),
    ("cac.raw4raters", "identity", "brennan", 0.77273, 0.14472, 0.200000),
    ("cac.raw4raters", "identity", "krippendorff", 0.74342, 0.14557, 0.240000),
    ("cac.raw4raters", "linear", "gwet", 0.85874, 0.11733, 0.570964),
    ("cac.raw4raters", "linear", "fleiss", 0.81794, 0.14850, 0.667101),
    ("cac.raw4raters", "linear", "conger", 0.81378, 0.14509, 0.674552),
    ("cac.raw4raters", "linear", "brennan", 0.84848, 0.12336, 0.600000),
    ("cac.raw4raters", "linear", "krippendorff", 0.80038, 0.13548, 0.674375),
    ("cac.raw4raters", "quadratic", "gwet", 0.91400, 0.10396, 0.713704),
    ("cac.raw4raters", "quadratic", "fleiss", 0.86494, 0.14603, 0.817708),
    ("cac.raw4raters", "quadratic", "conger", 0.85771, 0.14367, 0.826964),
    ("cac.raw4raters", "quadratic", "brennan", 0.90152, 0.11089, 0.750000),
    ("cac.raw4raters", "quadratic", "krippendorff", 0.84911, 0.12913, 0.825000),
    ("cac.raw4raters", "ordinal", "gwet", 0.89894, 0.10690, 0.685156),
    ("cac.raw4raters", "ordinal", "fleiss", 0.85021, 0.14704, 0.787587),
    ("cac.raw4raters", "ordinal", "conger", 0.84366, 0.14410, 0.796481),
    ("cac.raw4raters", "ordinal", "brennan", 0.88636, 0.11391, 0.720000),
    ("cac.raw4raters", "ordinal", "krippendorff", 0.83364, 0.13107, 0.794875),
    ("cac.raw5obser", "identity", "gwet", 0.49662, 0.12197, 0.236271),
    ("cac.raw5obser", "identity", "fleiss", 0.45762, 0.12045, 0.291188),
    ("cac.raw5obser", "identity", "conger", 0.46927, 0.11666, 0.275625),
    ("cac.raw5obser", "identity", "brennan", 0.48741, 0.12089, 0.250000),
    ("cac.raw5obser", "identity", "krippendorff", 0.48053, 0.11351, 0.282402),
    ("cac.raw5obser", "linear", "gwet", 0.68964, 0.08769, 0.551298),
    ("cac.raw5obser", "linear", "fleiss", 0.61185, 0.10974, 0.641223),
    ("cac.raw5obser", "linear", "conger", 0.62405, 0.10587, 0.629578),
    ("cac.raw5obser", "linear", "brennan", 0.66578, 0.08568, 0.583333),
    ("cac.raw5obser", "linear", "krippendorff", 0.63521, 0.10005, 0.633571),
    ("cac.raw5obser", "quadratic", "gwet", 0.83043, 0.05825, 0.682560),
    ("cac.raw5obser", "quadratic", "fleiss", 0.75072, 0.09732, 0.784070),
    ("cac.raw5obser", "quadratic", "conger", 0.76179, 0.09250, 0.774037),
    ("cac.raw5obser", "quadratic", "brennan", 0.80622, 0.05860, 0.722222),
    ("cac.raw5obser", "quadratic", "krippendorff", 0.77186, 0.08608, 0.777183),
    ("cac.raw5obser", "ordinal", "gwet", 0.78534, 0.06819, 0.649745),
    ("cac.raw5obser", "ordinal", "fleiss", 0.70122, 0.10297, 0.748358),
    ("cac.raw5obser", "ordinal", "conger", 0.71312, 0.09849, 0.737922),
    ("cac.raw5obser", "ordinal", "brennan", 0.75941, 0.06721, 0.687500),
    ("cac.raw5obser", "ordinal", "krippendorff", 0.72348, 0.09225, 0.741280),
]

ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
DIAGNOSES = [[40, 6, 4, 15], [4, 25, 1, 5], [4, 2, 21, 9], [17, 13, 12, 45]]

CROSS_TABLES: list[tuple[list[list[int]], Weighting, str, float, float]] = [
    (ABSTRACTORS, "identity", "cohen", 0.7964094, 0.05891072),
    (ABSTRACTORS, "identity", "scott", 0.7962397, 0.05905473),
    (ABSTRACTORS, "identity", "gwet", 0.8493305, 0.04321747),
    (ABSTRACTORS, "identity", "brennan", 0.835, 0.04693346),
    (ABSTRACTORS, "identity", "krippendorff", 0.7972585, 0.05905473),
    (DIAGNOSES, "identity", "cohen", 0.4315008, 0.04596918),
    (DIAGNOSES, "identity", "scott", 0.4303406, 0.04623154),
    (DIAGNOSES, "identity", "gwet", 0.4561576, 0.04344987),
    (DIAGNOSES, "identity", "brennan", 0.4499253, 0.04395528),
    (DIAGNOSES, "identity", "krippendorff", 0.4316178, 0.04623154),
    (DIAGNOSES, "linear", "cohen", 0.4068109, 0.05338805),
    (DIAGNOSES, "quadratic", "cohen", 0.3831859, 0.0657947),
    (DIAGNOSES, "quadratic", "gwet", 0.298573, 0.07517948),
]

SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

WIKIPEDIA = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def wide_file(name: str, *, first: int = 0) -> LongTable:
    """One row per item, one column per rater, from the column `first` on."""
    path = data_file(f"measurement_tests/agreement/{name}")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [[float(cell) for cell in row[first:]] for row in list(csv.reader(lines))[1:]]
    return table_from_matrix(list(zip(*rows, strict=True)))


@pytest.mark.parametrize(("name", "weighting", "coefficient", "value", "se", "chance"), CODED)
def test_coded_items_are_those_of_irrcac(
    name: str, weighting: Weighting, coefficient: str, value: float, se: float, chance: float
) -> None:
    result = COEFFICIENTS[coefficient](table_of(f"raters/{name}.csv"), weighting, resamples=0)
    assert (result.value, result.se) == pytest.approx((value, se), abs=5.1e-6)
    assert result.chance == pytest.approx(chance, abs=5.1e-7)


@pytest.mark.parametrize(("counts", "weighting", "coefficient", "value", "se"), CROSS_TABLES)
def test_cross_tables_are_those_of_irrcac(
    counts: list[list[int]], weighting: Weighting, coefficient: str, value: float, se: float
) -> None:
    result = COEFFICIENTS[coefficient](table_from_counts(counts), weighting, resamples=0)
    assert result.value == pytest.approx(value, abs=5.1e-8)
    assert result.se == pytest.approx(se, abs=5.1e-9)


@pytest.mark.parametrize(
    ("coefficient", "value", "se"),
    [
        ("gwet", 0.4448007, 0.08418757),
        ("fleiss", 0.4139265, 0.08119291),
        # krippen.alpha.dist prints 0.08243228: by its formula for distributions, not that for coded items.
        ("krippendorff", 0.4204384, None),
        ("brennan", 0.4388889, 0.08312142),
    ],
)
def test_six_psychiatrists_are_those_of_irrcac(coefficient: str, value: float, se: float | None) -> None:
    result = COEFFICIENTS[coefficient](table_of("raters/distrib.6raters.csv"), resamples=0)
    assert result.value == pytest.approx(value, abs=5.1e-8)
    assert se is None or result.se == pytest.approx(se, abs=5.1e-9)


@pytest.mark.parametrize(
    ("weighting", "kappa", "ase", "ase0", "z"),
    [("identity", 0.4842, 0.1380, 0.1484, 3.2626), ("linear", 0.4701, 0.1457, 0.1426, 3.2971)],
)
def test_kappa_and_both_errors_are_those_of_sas(
    weighting: Weighting, kappa: float, ase: float, ase0: float, z: float
) -> None:
    result = cohen_kappa(table_from_counts(SAS), weighting, resamples=0)
    assert result.value is not None
    assert result.se_null is not None
    found = (result.value, result.se, result.se_null, result.value / result.se_null)
    assert found == pytest.approx((kappa, ase, ase0, z), abs=5.1e-5)


@pytest.mark.parametrize(
    ("weighting", "value"),
    [("identity", -0.006289308), ("linear", 0.1459075), ("quadratic", 0.2520325)],
)
def test_ratings_of_anxiety_are_those_of_irr(weighting: Weighting, value: float) -> None:
    result = cohen_kappa(wide_file("irr_anxiety.csv", first=1), weighting, resamples=0)
    assert result.value == pytest.approx(value, abs=5.1e-8)


def test_diagnoses_of_fleiss_are_those_of_statsmodels() -> None:
    result = fleiss_kappa(wide_file("fleiss1971_diagnoses.csv"), resamples=0)
    assert result.value == pytest.approx(0.43024452006014074, abs=1e-12)


def test_the_example_of_wikipedia() -> None:
    result = fleiss_kappa(table_from_distribution(WIKIPEDIA), resamples=0)
    assert result.value == pytest.approx(0.210, abs=5e-4)
    assert result.agreement == pytest.approx(0.378, abs=5e-4)
    assert result.chance == pytest.approx(0.213, abs=5e-4)


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("annotator1", "annotator2", 0.852023),
        ("annotator1", "annotator3", 0.878944),
        ("annotator2", "annotator3", 0.861661),
    ],
)
def test_preferences_between_answers_pair_by_pair(first: str, second: str, value: float) -> None:
    table = table_of("pandalm/testset-v1.json.gz")
    result = cohen_kappa(table, raters=(first, second), resamples=0)
    assert result.value == pytest.approx(value, abs=5.1e-7)
