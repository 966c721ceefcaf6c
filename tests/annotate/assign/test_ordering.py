from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.assign.contracts import Facts
from annotate.assign.ordering import APART, get_policy, known_policies, luck_of, position_of
from annotate.errors import Rejected

EVERY = sorted(known_policies())
FACTS = st.builds(
    Facts,
    trace=st.integers(1, 2**40),
    luck=st.integers(0, 2**31 - 1),
    n_submitted=st.integers(0, 2000),
    has_gold=st.booleans(),
    share=st.floats(0, 1),
    skill=st.sampled_from(["", "math"]),
    disagreement=st.none() | st.floats(0, 1),
    value=st.none() | st.floats(0, 1),
)


def order(name: str, *facts: Facts) -> list[int]:
    policy = get_policy(name)
    return [one.trace for one in sorted(facts, key=lambda one: position_of(policy, one))]


def test_every_file_is_found_and_an_unknown_name_is_told_them() -> None:
    assert EVERY == ["by_skill", "disagreement", "fewest", "gold_mix", "random", "sequential", "value"]
    with pytest.raises(Rejected, match="known are by_skill"):
        get_policy("best")


@pytest.mark.parametrize("name", EVERY)
@given(facts=FACTS, priority=st.integers(-200, 200))
def test_every_position_fits_the_column_and_stays_in_the_ordinary_queue(
    name: str, facts: Facts, priority: int
) -> None:
    assert 0 <= position_of(get_policy(name), facts, priority) < APART


@pytest.mark.parametrize("name", EVERY)
@given(one=FACTS, other=FACTS)
def test_a_managers_priority_comes_before_every_policy(name: str, one: Facts, other: Facts) -> None:
    policy = get_policy(name)
    assert position_of(policy, one, 1) < position_of(policy, other, 0)


def test_sequential_is_the_order_of_arrival() -> None:
    assert order("sequential", Facts(3, 1), Facts(1, 9), Facts(2, 5)) == [1, 2, 3]


def test_random_is_the_order_of_a_seed_and_of_nothing_else() -> None:
    names = [f"t{i}" for i in range(50)]
    first, again, other = (
        order("random", *(Facts(i, luck_of(seed, name)) for i, name in enumerate(names)))
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first != sorted(first)


def test_fewest_labels_come_first() -> None:
    assert order("fewest", Facts(1, 0, n_submitted=2), Facts(2, 0), Facts(3, 0, n_submitted=1)) == [2, 3, 1]


@pytest.mark.parametrize("name", ["disagreement", "value"])
def test_the_highest_comes_first_and_unknown_before_none_at_all(name: str) -> None:
    known = {1: 0.1, 2: 0.9, 3: 0.0, 4: None}
    assert order(name, *(Facts(i, 0, **{name: value}) for i, value in known.items())) == [2, 1, 4, 3]  # type: ignore[arg-type]


def test_gold_is_spread_evenly() -> None:
    gold = [Facts(100 + i, 0, has_gold=True, share=(i + 0.5) / 3) for i in range(3)]
    rest = [Facts(i, 0, share=(i + 0.5) / 9) for i in range(9)]
    places = [i for i, trace in enumerate(order("gold_mix", *gold, *rest)) if trace >= 100]
    assert [later - earlier for earlier, later in pairwise(places)] == [4, 4]


def test_rare_skills_come_first() -> None:
    assert order("by_skill", Facts(1, 0), Facts(2, 0, skill="math")) == [2, 1]
