from __future__ import annotations

import itertools

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence
from annotate.consensus.policies.processbench import ProcessbenchSettings, bind
from annotate.consensus.rulings import with_rulings
from annotate.enums import Action, Outcome
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    CLO,
    DOT,
    EVE,
    FAY,
    GOLD,
    JUDGE,
    a_trace_of,
    ruled_at,
    spelled,
)

PEOPLE = (ANN, BEN, CLO, DOT, EVE, FAY)


def decided(evidence: TraceEvidence, **settings) -> tuple[Decision, ...]:
    return with_rulings(bind(ProcessbenchSettings(**settings), "verdict", PEOPLE))(evidence)


def read_by(*letters: str, outcome: Outcome | None = Outcome.WRONG) -> TraceEvidence:
    return a_trace_of(*zip(PEOPLE, letters, strict=False), outcome=outcome)


CASES = [
    # three of three, four, five
    (("gb-", "gb-", "gb-"), "gb.", "agreed"),
    (("gb-", "b--", "gb-", "gb-"), "gb.", "agreed"),
    (("gb-", "b--", "gb-", "ggb", "gb-"), "gb.", "agreed"),
    # two of five agree at most: thrown away
    (("gb-", "b--", "gb-", "ggb", "ggb"), "...", "no_agreement"),
    (("gb-", "b--", "ggb", "ggg"), "...", "no_agreement"),
    # a further reading could still settle it
    (("gb-", "gb-"), "???", "more_readings"),
    (("gb-", "b--", "ggb"), "???", "more_readings"),
    (("gb-", "b--", "gb-", "ggb"), "???", "more_readings"),
    (("gb-",), "???", "more_readings"),
    # unknown places use up no turn
    (("gu-", "g--", "ubb"), "???", "more_readings"),
    (("gu-", "gb-", "g--", "gb-", "gb-"), "gb.", "agreed"),
    (("---",), "???", "no_label"),
    # nobody waits for the sixth
    (("gb-", "b--", "gb-", "ggb", "b--", "gb-"), "...", "no_agreement"),
    # levels before the error are those most of the agreeing people gave
    (("gnb", "gnb", "ngb"), "gnb", "agreed"),
    (("b--", "b--", "b--"), "b..", "agreed"),
]


@pytest.mark.parametrize(("letters", "steps", "reason"), CASES)
def test_three_of_five_people(letters, steps, reason):
    decisions = decided(read_by(*letters))

    assert spelled(decisions) == steps
    assert decisions[0].reason == reason
    assert all(one.explanation for one in decisions)


def test_no_error_is_a_place_like_any_other():
    right = decided(read_by("ggg", "ggg", "gb-", "ggg", outcome=Outcome.RIGHT))
    ungraded = decided(read_by("ggg", "ggg", "ggg", outcome=None))
    wrong = decided(read_by("ggg", "ggg", "ggg", outcome=Outcome.WRONG))

    assert (spelled(right), spelled(ungraded)) == ("ggg", "ggg")
    assert right[0].explanation == "3 of 4 people agree on the first error: none."
    assert {d.reason for d in wrong} == {"wrong_answer_no_error"}


def test_the_order_is_that_of_their_labels():
    """Three who agree late do not count where five had read before."""
    early = read_by("b--", "gb-", "gb-", "ggb", "ggb", "gb-")

    assert spelled(decided(early)) == "..."
    assert spelled(decided(early, most=6)) == "gb."


def test_only_people_read_and_gold_is_none_of_them():
    evidence = a_trace_of((ANN, "gb"), (BEN, "gb"), (JUDGE, "gb"), (GOLD, "gb"))

    assert decided(evidence)[0].reason == "more_readings"


def test_kept_is_only_what_three_known_places_say():
    for letters in itertools.product(("gb-", "b--", "ggg", "gu-", "---"), repeat=4):
        decisions = decided(read_by(*letters, outcome=None))
        if decisions[0].action == Action.KEEP:
            kept = spelled(decisions).replace(".", "-")
            assert letters.count(kept) >= 3


def test_a_reviewers_word_counts_in_every_reading():
    evidence = ruled_at(read_by("gb-", "ggb", "ggb"), 1, "bad")

    assert [d.reason for d in decided(evidence)] == ["agreed", "reviewer_decided", "after_first_error"]


@pytest.mark.parametrize("bad", [{"agreeing": 0}, {"agreeing": 3, "most": 2}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(Rejected):
        ProcessbenchSettings(**bad)
