from __future__ import annotations

import pytest

from annotate.assign.compare.answers import Answered, by_place, key_in, said_in
from annotate.assign.readings import agreement_with_key, is_in_dispute
from annotate.models import Criterion
from tests.factories import a_comparing_project, a_criterion

pytestmark = pytest.mark.django_db


@pytest.fixture
def preference() -> Criterion:
    return a_criterion(a_comparing_project(), "preference")


@pytest.fixture
def ranking() -> Criterion:
    return a_criterion(a_comparing_project(preset="ranking"), "ranking")


def is_disputed(criterion: Criterion, *values: str, size: int = 0, rule: str = "no_majority") -> bool:
    said = said_in(Answered(rater, criterion, value, size) for rater, value in enumerate(values))
    return is_in_dispute(rule, said, most_share=0.2)


def test_a_tie_is_an_answer_and_unsure_agrees_with_nobody(preference: Criterion) -> None:
    assert not is_disputed(preference, "tie", "tie", "left")
    assert is_disputed(preference, "left", "tie")
    assert is_disputed(preference, "unsure", "unsure")
    assert is_disputed(preference, "left", "unsure")
    assert not is_disputed(preference, "left", "left", "unsure")
    assert is_disputed(preference, "left", "left", "unsure", rule="any_step")


def test_orders_are_held_against_each_other_couple_by_couple(ranking: Criterion) -> None:
    # Three different orders, and yet two of three people agree about every couple.
    assert not is_disputed(ranking, "a>b>c", "b>a>c", "a>c>b", size=3)
    assert is_disputed(ranking, "a>b>c", "b>a>c", size=3)


def test_a_key_of_an_order_counts_couples_and_leaves_out_what_it_ties(ranking: Criterion) -> None:
    key = key_in([Answered(0, ranking, "a>b=c", 3)])
    for value, share in (("a>c>b", 1.0), ("b>a>c", 0.5), ("c>b>a", 0.0), ("a=b=c", 0.0)):
        own = by_place(said_in([Answered(1, ranking, value, 3)]))
        assert agreement_with_key(own, key) == share
    assert key_in([Answered(0, ranking, "a=b=c", 3)]) == {}


def test_an_unsure_key_decides_nothing_and_several_keys_allow_several_answers(preference: Criterion) -> None:
    assert key_in([Answered(0, preference, "unsure")]) == {}
    key = key_in([Answered(0, preference, "left"), Answered(1, preference, "tie")])
    own = [
        by_place(said_in([Answered(2, preference, value)])) for value in ("left", "tie", "right", "unsure")
    ]
    assert [agreement_with_key(one, key) for one in own] == [1.0, 1.0, 0.0, 0.0]
