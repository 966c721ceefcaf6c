from __future__ import annotations

import pytest

from annotate.consensus.contracts import Critique, Tally
from annotate.consensus.details import critiques_in, tally_in
from annotate.prelabel.continuations.tally import Tally as Counted


@pytest.mark.parametrize(
    ("evidence", "tally"),
    [
        ({"hits": 3, "misses": 5, "unknown": 2}, Tally(3, 8)),
        (
            {"hits": 0, "misses": 8, "self_confidence": 0.9375, "self_confidence_n": 16},
            Tally(0, 8, 15, 16),
        ),
        # stored with six digits: a third of 48 attempts is 16 of them
        ({"hits": 1, "misses": 0, "self_confidence": 0.333333, "self_confidence_n": 48}, Tally(1, 1, 16, 48)),
        # a trace that speaks for itself has no rollouts of its own
        ({"via": "the trace itself", "self_confidence": 1.0, "self_confidence_n": 8}, Tally(0, 0, 8, 8)),
        ({}, None),
        ({"hits": "3", "misses": 5}, None),
        ({"hits": True, "misses": 5}, None),
        ({"hits": -1, "misses": 5}, None),
        ({"hits": 1, "misses": 1, "self_confidence": 2.0, "self_confidence_n": 4}, Tally(1, 2)),
    ],
)
def test_counts_are_read_where_they_are_counts(evidence, tally):
    assert tally_in(evidence) == tally


def test_what_rollouts_store_is_what_is_read():
    counted = Counted(hits=2, misses=6, truncated=1)

    assert tally_in(counted.evidence()) == Tally(2, 8)


def test_critiques_of_both_dialects_and_of_panels():
    located = [
        {"sample": 0, "first_error": 2},
        {"sample": 1, "first_error": None},
        {"sample": 2, "unread": "cut"},
    ]
    spoken = [{"sample": 0, "says": "bad"}, {"sample": 1, "says": "right"}, {"sample": 2, "says": "unsure"}]

    assert critiques_in({"votes": located}) == (Critique(0, first_error=2), Critique(1, first_error=-1))
    assert critiques_in({"votes": spoken}) == (Critique(0, "bad"), Critique(1, "good"), Critique(2, ""))


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"votes": 4},
        {"votes": ["bad"]},
        {"votes": [{"says": "bad"}]},
        {"votes": [{"sample": 0, "first_error": "two"}]},
        {"votes": [{"sample": 0, "says": None}]},
        # the steps were cut anew: its places are those of another version
        {"votes": [{"sample": 0, "first_error": 2}], "recut": {"version": 2}},
    ],
)
def test_what_has_another_form_is_read_as_nothing(evidence):
    assert critiques_in(evidence) == ()
