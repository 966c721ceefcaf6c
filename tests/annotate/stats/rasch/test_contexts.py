"""Ratings about the same in everything but who gave them."""

from __future__ import annotations

import numpy as np

from annotate.stats.rasch.contexts import Contexts
from tests.annotate.stats.rasch.scenes import SPARSE, made


def test_a_context_is_an_item_and_a_criterion() -> None:
    ratings = made(SPARSE).ratings
    contexts = Contexts.of(ratings, "rater")
    item, criterion = (ratings.facets[place].elements.codes for place in (0, 2))
    assert contexts.n == 600
    assert np.bincount(contexts.of_rating).tolist() == [2] * 600
    assert (np.unique(item * 3 + criterion, return_inverse=True)[1] == contexts.of_rating).all()
