from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.continuations.tally import Tally
from annotate.prelabel.contracts import Completion
from annotate.prelabel.grading.final_answers import Outcome

KINDS: dict[str, tuple[Completion, Outcome]] = {
    "r": (Completion("x", "stop", completion_tokens=3), "right"),
    "w": (Completion("x", "stop", completion_tokens=5), "wrong"),
    "t": (Completion("x", "length", completion_tokens=7), "truncated"),
    "u": (Completion("x", "stop", completion_tokens=2), "ungradable"),
    "f": (Completion("", "timeout", error="took too long"), "ungradable"),
}


def tallied(letters: str) -> Tally:
    tally = Tally()
    for letter in letters:
        tally.add(*KINDS[letter])
    return tally


@given(st.text("rwtuf", max_size=40))
def test_every_rollout_is_counted_once_and_in_order(letters: str) -> None:
    tally, count = tallied(letters), Counter(letters)
    assert tally.outcomes == letters
    assert (tally.hits, tally.misses) == (count["r"], count["w"])
    assert tally.unknown == count["t"] + count["u"] + count["f"]
    assert tally.tried == tally.known + tally.unknown == len(letters)
    assert tally.tokens == 3 * count["r"] + 5 * count["w"] + 7 * count["t"] + 2 * count["u"]


@given(st.text("rw", max_size=20), st.text("tuf", max_size=20))
def test_unknown_rollouts_move_neither_share_nor_posterior(known: str, unknown: str) -> None:
    assert tallied(known + unknown).share == tallied(known).share
    assert tallied(known + unknown).posterior_mean == tallied(known).posterior_mean


def test_share_of_nothing_known_is_unknown_and_the_posterior_is_the_prior() -> None:
    assert tallied("tuf").share is None
    assert tallied("").posterior_mean == 0.5


@pytest.mark.parametrize(
    ("letters", "is_unclear"), [("", True), ("wwwt", False), ("wwtt", True), ("t", True), ("rrrf", False)]
)
def test_more_than_a_quarter_unknown_is_unclear(letters: str, is_unclear: bool) -> None:
    assert tallied(letters).is_unclear(0.25) == is_unclear


def test_evidence_names_only_the_kinds_of_unknown_there_were() -> None:
    assert tallied("rw").evidence() == {
        "hits": 1,
        "misses": 1,
        "unknown": 0,
        "tried": 2,
        "posterior_mean": 0.5,
        "outcomes": "rw",
    }
    evidence = tallied("ffft").evidence()
    assert (evidence["failed"], evidence["truncated"], evidence["errors"]) == (3, 1, ["took too long"])
    assert "ungradable" not in evidence
