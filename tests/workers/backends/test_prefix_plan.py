from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.backends.prefix_plan import MIN_SHARED, PrefixPlan, planned

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=60).map(tuple)


def path(plan: PrefixPlan, end: int, length: int) -> tuple[int, ...]:
    pieces = plan.pieces(end, length)
    return tuple(token for number, start, stop in pieces for token in plan.stretches[number].ids[start:stop])


@st.composite
def families(draw: st.DrawFn) -> list[tuple[int, ...]]:
    """Sequences that begin like each other, as the prompts of one trace do."""
    trunk = draw(st.lists(st.integers(0, 2), min_size=1, max_size=90))
    cuts = draw(st.lists(st.tuples(st.integers(0, len(trunk)), TOKENS), min_size=1, max_size=8))
    return [tuple(trunk), *(tuple(trunk[:cut]) + tail for cut, tail in cuts)]


@given(families())
def test_every_sequence_can_be_walked_and_none_costs_more_than_reading_it(
    sequences: list[tuple[int, ...]],
) -> None:
    plan = planned(sequences)
    assert plan.cost <= sum(map(len, sequences))
    for sequence, end in zip(sequences, plan.ends, strict=True):
        assert path(plan, end, len(sequence)) == sequence
        for position, token in enumerate(sequence):
            owner = plan.stretches[plan.owner(end, position)]
            assert owner.start <= position < owner.end
            assert owner.ids[position - owner.start] == token


@given(families())
def test_parents_are_read_before_their_children(sequences: list[tuple[int, ...]]) -> None:
    plan = planned(sequences)
    order = [number for level in plan.levels() for number in level]
    assert sorted(order) == list(range(len(plan.stretches)))
    for number, stretch in enumerate(plan.stretches):
        if stretch.parent is not None:
            assert order.index(stretch.parent) < order.index(number)
            assert plan.stretches[stretch.parent].start < stretch.start <= plan.stretches[stretch.parent].end


def test_prompts_of_one_trace_are_read_once() -> None:
    trace = tuple(range(100))
    plan = planned([trace[:cut] for cut in (20, 40, 60, 100)])
    assert plan.cost == 100
    assert set(plan.ends) == {0}


def test_prompt_with_another_last_token_reads_that_token_alone_and_one_level_suffices() -> None:
    trace = tuple(range(100))
    plan = planned([(*trace[: cut - 1], 999) for cut in (40, 60, 80)] + [trace])
    assert plan.cost == 103
    assert [len(level) for level in plan.levels()] == [1, 3]


def test_short_common_beginnings_are_read_again() -> None:
    head = tuple(range(MIN_SHARED - 1))
    sequences = [(*head, 70, 71), (*head, 80, 81)]
    assert planned(sequences).cost == sum(map(len, sequences))
    long_tails = [(*range(MIN_SHARED), *range(100, 200)), (*range(MIN_SHARED), *range(300, 400))]
    assert len(planned(long_tails).levels()) == 1


def test_nothing_is_shared_where_caches_cannot_be_cut() -> None:
    trace = tuple(range(50))
    plan = planned([trace, trace[:30]], is_shared=False)
    assert (plan.cost, plan.ends) == (80, (0, 1))
