"""Krippendorff's alpha against other programs.

The figures in `ALPHA` were made by the package krippendorff 0.9.0 (Python 3.11, numpy 1.26.4) from the same
files, with the first of repeated (rater, item) pairs kept:

    import krippendorff, numpy as np

    def alpha(labels, metric):                      # labels: (item, rater, number) in file order
        kept = {}
        for item, rater, value in labels:
            kept.setdefault((rater, item), value)
        raters = {rater: row for row, rater in enumerate(dict.fromkeys(rater for rater, _ in kept))}
        items = {item: column for column, item in enumerate(dict.fromkeys(item for _, item in kept))}
        matrix = np.full((len(raters), len(items)), np.nan)
        for (rater, item), value in kept.items():
            matrix[raters[rater], items[item]] = value
        return round(float(krippendorff.alpha(matrix, level_of_measurement=metric)), 9)

The figures in `PERCENT` were made by the package irrCAC 0.4.4 (Python):

    import pandas as pd
    from irrCAC.raw import CAC
    CAC(pd.read_csv("cac.raw4raters.csv", index_col=0), digits=6).gwet()["est"]["pa"]

and those in `CROSS_TABLES` by

    from irrCAC.table import CAC
    counts = CAC(pd.read_csv("cont3x3abstractors.csv", index_col=0), digits=7)
    counts.krippendorff()["est"]["coefficient_value"], counts.gwet()["est"]["pa"]

The figure for `distrib.6raters.csv` is that of the R package irrCAC, `krippen.alpha.dist`.
"""

from __future__ import annotations

import pytest

from annotate.stats.agreement import krippendorff_alpha, percent_agreement
from annotate.stats.difference import Metric
from annotate.stats.table import LongTable
from tests.reference.label_files import labels_in_cross_table, table_of

ALPHA: list[tuple[str, Metric, float]] = [
    ("crowd/rte/label.csv", "nominal", 0.241478766),
    ("crowd/dog/label.csv", "nominal", 0.519417841),
    ("crowd/SP_amt/label.csv", "nominal", 0.737688122),
    ("crowd/CF/label.csv", "nominal", 0.576836670),
    ("crowd/MS/label.csv", "nominal", 0.301031498),
    ("raters/anesthesia.csv", "nominal", 0.585756232),
    ("raters/anesthesia.csv", "ordinal", 0.798703958),
    ("raters/anesthesia.csv", "interval", 0.793114328),
    ("raters/cac.raw4raters.csv", "nominal", 0.743421053),
    ("raters/cac.raw4raters.csv", "ordinal", 0.815387504),
    ("raters/cac.raw4raters.csv", "interval", 0.849107143),
    ("raters/cac.raw4raters.csv", "ratio", 0.797402775),
    ("raters/cac.raw5obser.csv", "nominal", 0.480530240),
    ("raters/cac.raw5obser.csv", "ordinal", 0.768685159),
    ("raters/cac.raw5obser.csv", "interval", 0.771864809),
    ("raters/cac.raw5obser.csv", "ratio", 0.679239897),
    ("qags/mturk_xsum.jsonl.gz", "nominal", 0.342055260),
    ("pandalm/testset-v1.json.gz", "nominal", 0.864220685),
    ("inferential_strategies/inferential_strategies.json.gz", "nominal", 1.0),
]

PERCENT = [("raters/cac.raw4raters.csv", 0.818182), ("raters/cac.raw5obser.csv", 0.615556)]

CROSS_TABLES = [
    ("raters/cont3x3abstractors.csv", 0.7972585, 0.89),
    ("raters/cont4x4diagnosis.csv", 0.4316178, 0.5874439),
]


@pytest.mark.parametrize(("relative", "metric", "value"), ALPHA)
def test_alpha_is_that_of_krippendorff(relative: str, metric: Metric, value: float) -> None:
    result = krippendorff_alpha(table_of(relative), metric, resamples=0)
    assert result.value == pytest.approx(value, abs=1e-9)


def test_six_psychiatrists_are_those_of_irrcac() -> None:
    result = krippendorff_alpha(table_of("raters/distrib.6raters.csv"), resamples=0)
    assert result.value == pytest.approx(0.4204384, abs=5e-8)


@pytest.mark.parametrize(("relative", "value"), PERCENT)
def test_percent_agreement_is_that_of_irrcac(relative: str, value: float) -> None:
    assert percent_agreement(table_of(relative), resamples=0).value == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize(("relative", "alpha", "percent"), CROSS_TABLES)
def test_cross_tables_are_those_of_irrcac(relative: str, alpha: float, percent: float) -> None:
    item, rater, value = zip(*labels_in_cross_table(relative), strict=True)
    result = krippendorff_alpha(LongTable.from_columns(item, rater, value), resamples=0)
    assert (result.value, result.percent) == pytest.approx((alpha, percent), abs=5e-8)


def test_ordinal_is_krippendorffs_and_not_the_fixed_weights_of_irrcac() -> None:
    # irrCAC calls a fixed set of weights "ordinal" and gives 0.83364 for these data.
    result = krippendorff_alpha(table_of("raters/cac.raw4raters.csv"), "ordinal", resamples=0)
    assert result.value == pytest.approx(0.815388, abs=5e-7)
