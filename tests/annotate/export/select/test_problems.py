from __future__ import annotations

from collections import Counter

import pytest

from annotate.export.contracts import SplitSettings
from annotate.export.select.problems import sort_problems, split_of
from annotate.models import Problem
from tests.factories import a_project

pytestmark = pytest.mark.django_db

LONG = "A train leaves the station at {} o'clock and travels for three hours at sixty miles per hour to the next town"


def some_problems(*texts: str) -> Problem:
    project = a_project()
    for n, text in enumerate(texts):
        Problem.objects.create(project=project, external_id=f"p{n}", text=text, content_hash=f"{n:064d}")
    return project


def test_shares_are_kept_and_the_seed_moves_them():
    settings = SplitSettings(validation_share=0.2, test_share=0.1)
    found = Counter(split_of(str(n), settings) for n in range(10_000))
    assert abs(found["validation"] - 2000) < 150
    assert abs(found["test"] - 1000) < 120
    other = SplitSettings(validation_share=0.2, test_share=0.1, seed=1)
    assert sum(split_of(str(n), settings) != split_of(str(n), other) for n in range(1000)) > 300


def test_a_problem_stays_where_it_is_when_others_come():
    texts = [f"Problem number {n}: how much is it?" for n in range(40)]
    settings = SplitSettings(test_share=0.5, keeps_alike_together=False)
    few = sort_problems(some_problems(*texts[:20]), settings, None)
    many = sort_problems(some_problems(*texts), settings, None)
    assert {name: many.split_of(name) for name in (f"p{n}" for n in range(20))} == {
        f"p{n}": few.split_of(f"p{n}") for n in range(20)
    }
    assert {few.split_of(f"p{n}") for n in range(20)} == {"train", "test"}


def test_problems_that_are_one_but_for_spacing_are_in_one_split():
    for seed in range(10):
        settings = SplitSettings(test_share=0.5, seed=seed, keeps_alike_together=False)
        found = sort_problems(some_problems("How much is 6*7?", "how  much is 6 * 7 ?"), settings, None)
        assert found.split_of("p0") == found.split_of("p1")


def test_problems_that_are_nearly_the_same_go_together():
    alike = [
        f"{LONG.format('nine')}, and then{' it stops' * 8} for {n} days." for n in ("two", "three", "four")
    ]
    for seed in range(10):
        settings = SplitSettings(test_share=0.5, seed=seed, similarity=0.6)
        found = sort_problems(some_problems(*alike), settings, None)
        assert len({found.split_of(f"p{n}") for n in range(3)}) == 1
        assert found.n_alike == 2
        assert found.as_json() == {"splits": {"problems_with_an_alike_one": 2}}


def test_nothing_is_read_where_nothing_is_asked(django_assert_num_queries):
    project = some_problems("one")
    with django_assert_num_queries(0):
        assert sort_problems(project, SplitSettings(), None).split_of("p0") == "train"
