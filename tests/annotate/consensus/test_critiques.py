from __future__ import annotations

from annotate.consensus.critiques import Ballot, ballots
from tests.annotate.consensus.policies.evidence import JUDGE, OTHER_JUDGE, a_trace_of, merged_from


def test_a_first_error_says_nothing_of_what_lies_behind_it():
    evidence = merged_from(a_trace_of((JUDGE, "ggg")), JUDGE, 1, -1)

    assert ballots(evidence, [JUDGE.rater]) == (
        Ballot(("good", "good"), 0),
        Ballot(("bad", "good"), 0),
        Ballot(("good",), 1),
    )


def test_one_label_of_the_trace_is_enough_for_critiques_of_the_whole():
    """The merged label falls silent where its critiques differ; they still speak of the other steps."""
    evidence = merged_from(a_trace_of((JUDGE, "g--")), JUDGE, 2, 2)

    assert [(one.good, one.bad) for one in ballots(evidence, [JUDGE.rater])] == [(2, 0), (2, 0), (0, 2)]


def test_a_plain_label_is_one_critique_beside_those_of_others():
    evidence = merged_from(a_trace_of((JUDGE, "gb"), (OTHER_JUDGE, "gu")), JUDGE, 1, 1)

    first, second = ballots(evidence, [JUDGE.rater, OTHER_JUDGE.rater])

    assert (first.good, first.bad, first.silent) == (3, 0, 0)
    assert (second.good, second.bad, second.silent) == (0, 2, 1)
