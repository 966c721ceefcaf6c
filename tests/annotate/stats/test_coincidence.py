from __future__ import annotations

import numpy as np
import pytest

from annotate.stats import coincidence
from annotate.stats.coincidence import ClusterSums, Coincidences
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import CANONICAL, clustered_labels, table_from_matrix


def test_canonical_coincidences_are_those_of_the_paper() -> None:
    # Krippendorff (2011), p. 4: the coincidence matrix of the canonical data, above its diagonal.
    counted = Coincidences.of(table_from_matrix(CANONICAL))
    once = np.ones((1, counted.n_clusters))
    assert counted.margins.totals(once)[0].tolist() == [9, 13, 10, 5, 3]
    pairs = zip(counted.low.tolist(), counted.high.tolist(), counted.pairs.totals(once)[0], strict=True)
    found = {(low + 1, high + 1): amount for low, high, amount in pairs}
    expected = {(1, 2): 4 / 3, (1, 3): 1 / 3, (1, 4): 1 / 3, (2, 3): 4 / 3, (2, 4): 1 / 3, (3, 4): 1 / 3}
    assert found == pytest.approx(expected)
    assert (counted.n_labels, counted.n_raters, counted.units.sum()) == (40, 4, 11)


def test_clusters_without_two_labels_on_an_item_are_left_out() -> None:
    table = LongTable.from_columns(
        ["s1", "s1", "s2", "s3"], ["a", "b", "a", "b"], [1, 1, 1, 2], cluster=["t1", "t1", "t2", "t3"]
    )
    counted = Coincidences.of(table)
    assert (counted.n_clusters, counted.n_labels, counted.n_raters) == (1, 2, 2)


def test_sparse_and_dense_sums_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    table = clustered_labels(20, 5, seed=3)
    weights = np.random.default_rng(0).integers(3, size=(4, 20)).astype(float)
    dense = Coincidences.of(table)
    monkeypatch.setattr(coincidence, "_DENSE", 0)
    sparse = Coincidences.of(table)
    assert dense.pairs.dense is not None
    assert sparse.pairs.dense is None
    np.testing.assert_allclose(sparse.margins.totals(weights), dense.margins.totals(weights))
    np.testing.assert_allclose(sparse.pairs.totals(weights), dense.pairs.totals(weights))


def test_sorting_and_counting_find_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_from_matrix(CANONICAL)
    counted = Coincidences.of(table)
    monkeypatch.setattr(coincidence, "_WASTE", 0)
    sorted_ = Coincidences.of(table)
    once = np.ones((1, counted.n_clusters))
    assert sorted_.low.tolist() == counted.low.tolist()
    np.testing.assert_array_equal(sorted_.margins.totals(once), counted.margins.totals(once))
    np.testing.assert_array_equal(sorted_.pairs.totals(once), counted.pairs.totals(once))


def test_collapsing_multiplies_and_adds_columns() -> None:
    sums = ClusterSums.of(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([2.0, 3.0, 5.0]), 2, 2)
    collapsed = sums.collapsed(np.array([10.0, 1.0]))
    assert collapsed.totals(np.eye(2)).tolist() == [[23.0], [5.0]]
