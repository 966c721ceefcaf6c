from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch import item_scores
from annotate.stats.rasch.item_scores import ItemScores


def made(seed: int = 0) -> tuple[ItemScores, np.ndarray, np.ndarray]:
    """Seven items, some columns of eleven, and shares of five nodes."""
    rng = np.random.default_rng(seed)
    item = rng.integers(0, 7, 30)
    columns = [
        (rng.integers(0, 5, 30), np.ones(30, dtype=bool)),
        (rng.integers(5, 9, 30), rng.random(30) < 0.6),
    ]
    cells = ItemScores.of(item, columns, 7, 11)
    share = rng.random((7, 5))
    return cells, rng.normal(size=(len(cells), 5)), share / share.sum(axis=1, keepdims=True)


def test_cells_are_those_that_a_rating_or_every_item_touches() -> None:
    item, first, second = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([2, 2, 2])
    columns = [(first, np.ones(3, dtype=bool)), (second, np.array([True, True, False]))]
    cells = ItemScores.of(item, columns, 3, 5)
    found = list(zip(cells.item.tolist(), cells.column.tolist(), strict=True))
    assert found == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 3), (1, 4), (2, 3), (2, 4)]
    assert [place.tolist() for place in cells.place] == [[0, 1, 5], [2, 2, -1]]
    assert cells.last.tolist() == [[3, 4], [6, 7], [8, 9]]
    assert cells.summed(cells.place[1], np.array([1.0, 2.0, 9.0])).tolist() == [0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert cells.total(np.arange(10.0)).tolist() == [5, 1, 2, 17, 20]


@pytest.mark.parametrize("most", [0, 10**6])
def test_covariances_are_those_of_the_whole_table(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(item_scores, "_MOST_PAIRS", most)
    cells, scores, share = made()
    table = np.zeros((7, 11, 5))
    table[cells.item, cells.column] = scores
    expected = np.zeros((11, 11))
    for item in range(7):
        mean = table[item] @ share[item]
        expected += (table[item] * share[item]) @ table[item].T - np.outer(mean, mean)
    np.testing.assert_allclose(cells.covariance(scores, share), expected, atol=1e-12)
