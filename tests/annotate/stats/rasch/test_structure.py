from __future__ import annotations

import numpy as np

from annotate.stats.rasch.design import Design
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.structure import Structure, components
from tests.annotate.stats.rasch.examples import drawn, three_facets


def structure_of(ratings: Ratings) -> Structure:
    return Structure.of(Design.of(ratings), Steps.of(ratings))


def two_islands() -> Ratings:
    """Raters 0 to 2 rate the first half of the items, 3 to 5 the other."""
    table = drawn(seed=5, per_item=6)
    kept = (table.item < 20) == (table.rater < 3)
    return table.ratings(kept)


def test_components_are_the_smallest_node_of_each() -> None:
    first, second = np.array([0, 2, 4, 5]), np.array([2, 3, 5, 4])
    assert components(first, second, 7).tolist() == [0, 1, 0, 0, 4, 4, 6]
    assert components(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [0, 1]
    chain = np.arange(999)
    assert set(components(chain[::-1], chain[::-1] + 1, 1000).tolist()) == {0}


def test_components_do_not_depend_on_the_order_of_edges() -> None:
    rng = np.random.default_rng(0)
    edges = rng.integers(0, 300, (2, 200))
    expected = components(*edges, 300)
    for _ in range(5):
        order = rng.permutation(200)
        assert (components(edges[1, order], edges[0, order], 300) == expected).all()


def test_subsets_are_said_before_any_number() -> None:
    structure = structure_of(two_islands())
    (items_raters, items_criteria, raters_criteria) = structure.links
    assert (items_raters.facets, items_raters.n_subsets) == (("item", "rater"), 2)
    assert (items_criteria.n_subsets, raters_criteria.n_subsets) == (1, 1)
    assert items_raters.second.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(set(items_raters.first[:20])) == len(set(items_raters.first[20:])) == 1
    assert not structure.is_connected
    assert "items and raters fall into 2 subsets that share no rating" in structure.warnings[0]


def test_one_shared_rating_joins_two_islands() -> None:
    table = drawn(seed=5, per_item=6)
    kept = ((table.item < 20) == (table.rater < 3)) | ((table.item == 0) & (table.rater == 5))
    assert structure_of(table.ratings(kept)).is_connected


def test_a_rating_without_weight_joins_nothing() -> None:
    table = drawn(seed=5, per_item=6)
    kept = ((table.item < 20) == (table.rater < 3)) | ((table.item == 0) & (table.rater == 5))
    weight = np.where((table.item == 0) & (table.rater == 5), 0.0, 1.0)[kept]
    assert not structure_of(table.ratings(kept, weight=weight)).is_connected


def test_measures_across_subsets_rest_on_the_populations() -> None:
    fit = fit_rasch(two_islands())
    whole = fit_rasch(drawn(seed=5, per_item=6).ratings())
    assert not fit.structure.is_connected
    # What nobody compared shows in the errors.
    assert fit.facet("rater").se.mean() > 1.4 * whole.facet("rater").se.mean()


def test_unused_categories_and_few_ratings_are_said() -> None:
    structure = structure_of(three_facets([0, 0, 1, 1], [0, 1, 0, 1], [0] * 4, [0, 3, 1, 0]))
    assert structure.unused == (("all", 2),)
    assert structure.warnings == (
        "nobody gave the category 2 on the scale 'all'",
        "2 of 2 items have fewer than 10 ratings",
        "2 of 2 raters have fewer than 10 ratings",
        "1 of 1 criteria have fewer than 10 ratings",
    )
    assert structure.few.all()
    assert structure_of(drawn(seed=1, per_item=6).ratings()).warnings == ()


def test_one_rater_cannot_be_compared() -> None:
    table = drawn(seed=5)
    alone = structure_of(three_facets(table.item, table.item * 0, table.criterion, table.value))
    assert (
        alone.warnings[0]
        == "there is one rater: its measure says nothing, as there is none to compare it with"
    )
    assert not any("there is one" in one for one in structure_of(table.ratings()).warnings)
