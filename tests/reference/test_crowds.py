"""Aggregation against other programs, and against plain EM run to its end.

The figures in `DAWID_SKENE` and `MAJORITY` were made (Python 3.11, numpy 1.26.4) from the same files by plain EM from
the shares of votes, without smoothing, zero probabilities held at 1e-300, until the log-likelihood rose by less than
1e-9; ties of the majority are shared:

    T = votes / votes.sum(1, keepdims=True); before = -np.inf
    while True:
        p = T.mean(0)
        counts = expected_counts(T); total = counts.sum(2, keepdims=True)
        theta = np.clip(counts / np.where(total > 0, total, 1), 1e-300, None)
        joint = np.log(p) + log_theta_summed_over_labels(theta)
        top = joint.max(1, keepdims=True); T = np.exp(joint - top); total = T.sum(1, keepdims=True); T /= total
        log_likelihood = (top + np.log(total)).sum()
        if log_likelihood - before < 1e-9: break
        before = log_likelihood

The anaesthetists' and the dentists' figures are those of the same session on the data of Dawid & Skene (1979) and
Espeland & Handelman (1989).

crowd-kit is run beside ours where it is installed: its Dawid–Skene stops early, so ours may only be higher where there
is one peak. CF, with four labels a rater, has many; which one a climb ends on depends on what is taken for zero.
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Hashable, Mapping
from itertools import pairwise

import numpy as np
import pytest

from annotate.stats.aggregate.confusion import confusion_rates
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.glad import glad
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.aggregate.scoring import GoldScore, against_gold
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable
from tests.paths import data_file

MAJORITY = [("rte", 0.896875), ("dog", 0.822181), ("SP_amt", 0.943), ("CF", 0.882222), ("MS", 0.704214)]

DAWID_SKENE = [
    ("rte", -3679.629036, 0.927500),
    ("dog", -4745.549840, 0.842627),
    ("SP_amt", -2741.501161, 0.944000),
    ("CF", -730.948037, 0.840000),
    ("MS", -4165.034719, 0.767143),
]

ANAESTHETISTS = [
    [
        [0.90743, 0.09257, 0, 0],
        [0.07033, 0.87658, 0.05309, 0],
        [0, 0.33879, 0.66121, 0],
        [0, 0, 0.55556, 0.44444],
    ],
    [[0.83334, 0.16666, 0, 0], [0.05276, 0.63257, 0.31467, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    [[1, 0, 0, 0], [0.1055, 0.78908, 0.10542, 0], [0, 0.40363, 0.19879, 0.39758], [0, 0, 0.66667, 0.33333]],
    [
        [0.94449, 0.05551, 0, 0],
        [0.05274, 0.84345, 0.10382, 0],
        [0, 0, 0.80121, 0.19879],
        [0, 0, 0.33333, 0.66667],
    ],
    [[1, 0, 0, 0], [0.15821, 0.73524, 0.10655, 0], [0, 0.20908, 0.79092, 0], [0, 0, 0.33333, 0.66667]],
]


def rows_of(relative: str) -> list[list[str]]:
    with data_file(relative).open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def crowd(name: str) -> tuple[LongTable, Mapping[Hashable, Hashable]]:
    item, worker, label = zip(*rows_of(f"crowd/{name}/label.csv"), strict=True)
    gold = {item: int(truth) for item, truth in rows_of(f"crowd/{name}/truth.csv")}
    return LongTable.from_columns(item, worker, [int(one) for one in label], repeats="first"), gold


def score_of(fit: AggregateFit, gold: Mapping[Hashable, Hashable]) -> GoldScore:
    return against_gold([fit], gold)[0]


def anaesthetists() -> LongTable:
    item, rater, rating = zip(*rows_of("raters/anesthesia.csv"), strict=True)
    numbers = [int(float(one)) for one in rating]
    return LongTable.from_columns([int(float(one)) for one in item], rater, numbers, repeats="keep")


@pytest.mark.parametrize(("name", "accuracy"), MAJORITY)
def test_majorities(name: str, accuracy: float) -> None:
    table, gold = crowd(name)
    assert score_of(majority(table), gold).accuracy == pytest.approx(accuracy, abs=5e-7)


@pytest.mark.parametrize("engine", ["auto", "numpy"])
@pytest.mark.parametrize(("name", "log_likelihood", "accuracy"), DAWID_SKENE)
def test_dawid_skene_to_its_end(name: str, log_likelihood: float, accuracy: float, engine: str) -> None:
    table, gold = crowd(name)
    fit = dawid_skene(table, smoothing=0, engine=engine)  # type: ignore[arg-type]
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
    assert score_of(fit, gold).accuracy == pytest.approx(accuracy, abs=5e-7)
    assert all(after - before > -1e-9 for before, after in pairwise(fit.history))


def test_the_anaesthetists() -> None:
    table = anaesthetists()
    fit = dawid_skene(table, smoothing=0)
    order = [table.rater.vocab.index(name) for name in sorted(map(str, table.rater.vocab))]
    assert fit.log_likelihood == pytest.approx(-190.7309966, abs=1e-7)
    assert fit.prevalence == pytest.approx([0.399969, 0.421576, 0.111788, 0.066667], abs=1e-6)
    assert confusion_rates(fit)[order] == pytest.approx(np.array(ANAESTHETISTS), abs=1e-5)
    certain = fit.posterior.max(axis=1) > 0.9999
    assert sorted(unit for unit, sure in zip(fit.units, certain, strict=True) if not sure) == [
        7,
        30,
        35,
        38,
        42,
    ]
    doubtful = dict(zip(fit.units, fit.posterior.tolist(), strict=True))
    assert doubtful[35] == pytest.approx([0, 0.94822, 0.05178, 0], abs=1e-5)
    assert doubtful[38] == pytest.approx([0, 0.0213, 0.9787, 0], abs=1e-5)


def test_the_dentists() -> None:
    patterns = rows_of("raters/caries.csv")
    rows = [
        ((pattern, tooth), rater, int(float(value)))
        for pattern, (*values, n) in enumerate(patterns)
        for tooth in range(int(float(n)))
        for rater, value in enumerate(values)
    ]
    fit = dawid_skene(LongTable.from_columns(*zip(*rows, strict=True)), smoothing=0)
    assert fit.log_likelihood == pytest.approx(-7410.941976, abs=1e-6)
    assert fit.prevalence == pytest.approx([0.800341, 0.199659], abs=2e-6)
    sensitivity = confusion_rates(fit)[:, 1, 1]
    assert sensitivity == pytest.approx([0.40368, 0.70586, 0.59054, 0.4854, 0.91341], abs=1e-5)


@pytest.mark.parametrize("name", ["CF", "MS"])
def test_the_default_smoothing_is_kinder_than_none(name: str) -> None:
    table, gold = crowd(name)
    plain, smooth = against_gold([dawid_skene(table, smoothing=0), dawid_skene(table)], gold)
    assert smooth.accuracy is not None
    assert plain.accuracy is not None
    assert smooth.log_loss is not None
    assert plain.log_loss is not None
    assert smooth.accuracy > plain.accuracy
    assert smooth.log_loss < plain.log_loss / 3


@pytest.mark.parametrize("name", ["rte", "dog", "SP_amt", "CF", "MS"])
def test_every_model_is_at_least_the_majority(name: str) -> None:
    table, gold = crowd(name)
    votes, *models = against_gold(
        [majority(table), *(method(table) for method in (one_coin, hierarchical, glad, mace))], gold
    )
    for model in models:
        assert model.accuracy is not None
        assert votes.accuracy is not None
        assert model.accuracy >= votes.accuracy, model.method


@pytest.mark.parametrize("name", ["dog", "SP_amt"])
def test_crowd_kit_is_not_above(name: str) -> None:
    pandas = pytest.importorskip("pandas")
    aggregation = pytest.importorskip("crowdkit.aggregation")
    table, _ = crowd(name)
    frame = pandas.DataFrame(
        {
            "task": table.item.codes,
            "worker": table.rater.codes,
            "label": table.value.codes,
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own about pandas
        theirs = aggregation.DawidSkene(n_iter=100).fit(frame)
    errors = theirs.errors_.sort_index()
    found = np.zeros((len(table.rater.vocab), len(table.value.vocab), len(theirs.priors_)))
    for (worker, label), row in errors.iterrows():
        found[worker, label] = row.sort_index().to_numpy()
    fit = dawid_skene(table, smoothing=0)
    assert fit.log_likelihood is not None
    assert fit.log_likelihood > log_likelihood_of(table, theirs.priors_.sort_index().to_numpy(), found)


def log_likelihood_of(table: LongTable, prevalence: FloatArray, given: FloatArray) -> float:
    """Of the labels, under (n_raters, given level, true level) probabilities."""
    joint = np.tile(np.log(np.maximum(prevalence, 1e-300)), (len(table.item.vocab), 1))
    terms = np.log(np.maximum(given[table.rater.codes, table.value.codes], 1e-300))
    np.add.at(joint, table.item.codes, terms)
    top = joint.max(axis=1)
    return float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum())


def test_the_expected_figures_of_the_anaesthetists_are_those_of_the_file() -> None:
    expected = json.loads(
        data_file("measurement_tests/dawid_skene/expected.json").read_text(encoding="utf-8")
    )
    table = anaesthetists()
    fit = dawid_skene(table, smoothing=0)
    labels = dict(zip(fit.units, fit.labels(), strict=True))
    assert [labels[patient] for patient in range(1, 46)] == expected["hard_label"]
