from __future__ import annotations

from annotate.stats.aggregate.registry import METHODS
from tests.annotate.stats.aggregate.crowds import a_crowd


def test_every_method_is_found_by_the_name_it_gives_itself() -> None:
    table = a_crowd(n_items=20).table
    for name, method in METHODS.items():
        options = {"rater_weights": dict.fromkeys(table.rater.vocab, 1.0)} if name == "weighted" else {}
        fit = method(table, **options)
        assert fit.method == name
