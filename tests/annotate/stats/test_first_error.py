from __future__ import annotations

from random import Random

import pytest

from annotate.errors import Rejected
from annotate.stats.first_error import NO_ERROR, FirstErrors, first_error_agreement
from annotate.stats.table import LongTable


def from_steps(labels: dict[tuple[str, str], str]) -> FirstErrors:
    """Labels of (trace, rater) as one letter per step: g good, b bad, n neutral, a dot for none."""
    rows = [
        ((trace, place), rater, None if letter == "." else letter, trace)
        for (trace, rater), letters in labels.items()
        for place, letter in enumerate(letters)
    ]
    item, rater, value, trace = zip(*rows, strict=True)
    table = LongTable.from_columns(item, rater, value, cluster=trace)
    return FirstErrors.of_steps(table, {step: step[1] for step in item}, {"b"})


def places(found: FirstErrors) -> dict[tuple[object, object], int]:
    return {
        (found.trace.vocab[trace], found.rater.vocab[rater]): place
        for trace, rater, place in zip(
            found.trace.codes.tolist(), found.rater.codes.tolist(), found.place.tolist(), strict=True
        )
    }


def test_the_first_wrong_step_is_the_place() -> None:
    found = from_steps({("t", "ann"): "gnbgb", ("t", "bob"): "ggggg", ("u", "ann"): "bg"})
    assert places(found) == {("t", "ann"): 2, ("t", "bob"): NO_ERROR, ("u", "ann"): 0}
    assert found.n_unknown == 0


def test_what_was_skipped_before_an_error_makes_it_unknown_and_what_comes_after_does_not() -> None:
    found = from_steps(
        {("t", "stopped"): "gb...", ("t", "skipped"): "g.bgg", ("t", "left"): "ggg..", ("t", "all"): "ggggg"}
    )
    assert places(found) == {("t", "stopped"): 1, ("t", "all"): NO_ERROR}
    assert found.n_unknown == 2


def test_places_may_have_gaps_in_their_numbers() -> None:
    item = ["s2", "s5", "s9"]
    table = LongTable.from_columns(item, ["a"] * 3, ["g", "g", "b"], cluster=["t"] * 3)
    assert places(FirstErrors.of_steps(table, {"s2": 2, "s5": 5, "s9": 9}, {"b"})) == {("t", "a"): 9}


def test_shares_and_distance_by_hand() -> None:
    found = FirstErrors.of_columns(
        trace=["t"] * 3 + ["u"] * 2 + ["v"] * 2 + ["w"],
        rater=["a", "b", "c", "a", "b", "a", "b", "a"],
        place=[2, 2, 5, -1, -1, 0, -1, 3],
    )
    result = first_error_agreement(found, resamples=200)
    assert result.exact.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert result.within_one.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert result.one_sided.value == pytest.approx(1 / 3)
    assert result.distance.value == pytest.approx((0 + 3 + 3) / 3)
    assert (result.exact.n_traces, result.distance.n_traces, result.n_pairs, result.n_readings) == (
        3,
        1,
        5,
        8,
    )
    assert result.exact.low is not None
    assert (result.distance.low, result.distance.reason) == (
        None,
        "an interval needs two traces or more, and 1 could be used",
    )


def test_neighbours_are_within_one_and_no_error_is_no_neighbour_of_the_first_step() -> None:
    found = FirstErrors.of_columns(["t", "t", "u", "u"], ["a", "b"] * 2, [3, 4, -1, 0])
    result = first_error_agreement(found, resamples=0)
    assert (result.exact.value, result.within_one.value, result.one_sided.value) == (0, 0.5, 0.5)


def test_order_and_names_do_not_matter() -> None:
    rng = Random(3)
    rows = [(t, r, rng.choice([-1, 0, 1, 2, 5])) for t in range(20) for r in range(3)]
    shuffled = [(t, 9 - r, place) for t, r, place in rng.sample(rows, len(rows))]
    one, other = (
        first_error_agreement(FirstErrors.of_columns(*zip(*some, strict=True)), resamples=0)
        for some in (rows, shuffled)
    )
    assert one.exact.value == pytest.approx(other.exact.value)
    assert one.distance.value == pytest.approx(other.distance.value)


def test_without_two_readings_nothing_is_claimed() -> None:
    result = first_error_agreement(FirstErrors.of_columns(["t", "u"], ["a", "b"], [1, None]))
    assert (result.exact.value, result.exact.reason) == (None, "no trace has two readings to compare")
    assert result.n_unknown == 1


def test_impossible_readings_are_named() -> None:
    with pytest.raises(Rejected, match="row 2, field place: -2 is no place"):
        FirstErrors.of_columns(["t", "u"], ["a", "a"], [1, -2])
    with pytest.raises(Rejected, match=r"row 1, field place: 1\.5"):
        FirstErrors.of_columns(["t"], ["a"], [1.5])
    with pytest.raises(Rejected, match="row 3, field rater: this rater has already"):
        FirstErrors.of_columns(["t", "u", "t"], ["a", "a", "a"], [1, 2, 1])
    table = LongTable.from_columns(["s", "r"], ["a", "a"], ["g", "g"], cluster=["t", "t"])
    with pytest.raises(Rejected, match="row 1, field depth: two steps"):
        FirstErrors.of_steps(table, {"s": 0, "r": 0}, {"b"})
    two = LongTable.from_columns(["s", "s"], ["a", "a"], ["g", "g"], criterion=["p", "q"])
    with pytest.raises(Rejected, match="one criterion"):
        FirstErrors.of_steps(two, {"s": 0}, {"b"})
