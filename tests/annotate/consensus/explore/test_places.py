from __future__ import annotations

import numpy as np

from annotate.consensus.explore.places import MOST_RATERS, NO_ERROR, UNKNOWN, Said, apart, places_of


def said(*lines: tuple[int, int, str]) -> Said:
    """(rater, trace, a letter per step): b is bad, g is not, ``-`` is silence."""
    rows = [
        (rater, trace, position, letter == "b")
        for rater, trace, letters in lines
        for position, letter in enumerate(letters)
        if letter != "-"
    ]
    rater, trace, position, bad = (np.array(column) for column in zip(*rows, strict=True))
    return Said(rater, trace, position, bad.astype(np.bool_))


def test_a_place_is_known_where_everything_before_it_was_read():
    found = places_of(
        said((0, 0, "ggb"), (0, 1, "g-b"), (0, 2, "ggg"), (0, 3, "gg-"), (0, 4, "b--")), np.full(5, 3), 1
    )

    assert found.tolist() == [[2, UNKNOWN, NO_ERROR, UNKNOWN, 0]]


def test_who_is_earlier_and_who_sees_no_error():
    places = np.array([[0, 1, 2, NO_ERROR, 3, 2], [0, 2, 1, 3, NO_ERROR, UNKNOWN]])

    (found,), n_left_out = apart(places, ["one", "other"])

    assert n_left_out == 0
    assert (found.n, found.same, found.earlier, found.later) == (5, 1, 1, 1)
    assert (found.only_one, found.only_other) == (1, 1)
    assert found.mean == 0.0


def test_pairs_with_too_little_in_common_say_nothing():
    assert apart(np.array([[0, 1], [0, 2]]), ["one", "other"]) == ([], 0)


def test_of_many_raters_those_with_most_traces_are_compared():
    places = np.zeros((MOST_RATERS + 3, 8), dtype=np.int64)
    places[:3, :1] = UNKNOWN

    found, n_left_out = apart(places, [f"rater {n}" for n in range(MOST_RATERS + 3)])

    assert n_left_out == 3
    assert len(found) == MOST_RATERS * (MOST_RATERS - 1) // 2
    assert "rater 0" not in {one.one for one in found}
