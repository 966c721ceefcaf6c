from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.contracts import TraceEvidence
from annotate.consensus.gathering import Gathered
from annotate.enums import Outcome
from annotate.stats.locate.evidence import NO_ERROR, RIGHT, UNGRADED, UNKNOWN, WRONG
from annotate.stats.locate.layout import Layout
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    GOLD,
    JUDGE,
    OTHER_JUDGE,
    OTHER_ROLLOUT,
    PROBE,
    ROLLOUT,
    TOOL,
    a_trace_of,
    gold_of,
    merged_from,
    ruled_at,
    told_with,
)

CODES = {ANN.rater: 0, BEN.rater: 1, JUDGE.rater: 2, OTHER_JUDGE.rater: 3, TOOL.rater: 4}


def gathered(*traces: TraceEvidence, **options) -> Gathered:
    found = Gathered(CODES, ("bad", "neutral", "good"), "recoverable", **options)
    for trace in traces:
        found.add(trace)
    return found


def rows(columns) -> list[tuple[int, ...]]:
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("letters", "reports", "verdicts"),
    [
        ("ggb", [(0, 0, 2)], []),
        ("b--", [(0, 0, 0)], []),
        ("gbg", [(0, 0, 1)], []),
        ("gng", [(0, 0, NO_ERROR)], []),
        # Whoever leaves a step open has not read the trace, but has said something of the others.
        ("g-b", [], [(0, 0, 0, 0), (0, 0, 2, 1)]),
        ("ugb", [], [(0, 0, 1, 0), (0, 0, 2, 1)]),
        ("gg-", [], [(0, 0, 0, 0), (0, 0, 1, 0)]),
        ("uuu", [], []),
    ],
)
def test_a_reading_is_a_report_and_half_a_reading_single_verdicts(letters, reports, verdicts):
    found = gathered(a_trace_of((ANN, letters)))

    assert rows(found.reports) == reports
    assert rows(found.verdicts) == verdicts


def test_a_merged_label_is_as_many_reports_as_it_has_critiques():
    trace = merged_from(a_trace_of((JUDGE, "gb-")), JUDGE, 1, 1, -1, 2, 7)

    # the last names a step that the trace does not have
    assert rows(gathered(trace).reports) == [(0, 2, 1), (0, 2, 1), (0, 2, NO_ERROR), (0, 2, 2)]


def test_critiques_that_speak_step_by_step():
    trace = merged_from(a_trace_of((JUDGE, "ggg")), JUDGE, "ggb", "g-b")
    found = gathered(trace)

    assert rows(found.reports) == [(0, 2, 2)]
    assert rows(found.verdicts) == [(0, 2, 0, 0), (0, 2, 2, 1)]


def test_a_verifier_never_reads_a_whole_trace():
    found = gathered(a_trace_of((TOOL, "ggb")))

    assert rows(found.reports) == []
    assert rows(found.verdicts) == [(0, 4, 0, 0), (0, 4, 1, 0), (0, 4, 2, 1)]


def test_rollouts_are_counts_and_the_last_step_is_the_outcome():
    trace = told_with(a_trace_of((ROLLOUT, "gbb")), ROLLOUT, ["7/8", "0/8", "-"], passes="15/16")
    found = gathered(trace)

    assert rows(found.rollouts) == [(0, 0, 7, 8), (0, 1, 0, 8)]
    assert [column[0] for column in found.passes] == [15, 16]
    assert found.outcome[0] == WRONG


def test_a_hard_label_is_one_attempt_unless_its_rater_counts_elsewhere():
    inferred = told_with(a_trace_of((ROLLOUT, "ggb-")), ROLLOUT, ["-", "3/8", "0/8", "-"])
    hard = a_trace_of((OTHER_ROLLOUT, "gb--"))

    assert rows(gathered(inferred).rollouts) == [(0, 1, 3, 8), (0, 2, 0, 8)]
    assert rows(gathered(hard).rollouts) == [(0, 0, 1, 1), (0, 1, 0, 1)]


@pytest.mark.parametrize(
    ("outcome", "last", "code"),
    [
        (Outcome.RIGHT, "-", RIGHT),
        (None, "b", WRONG),
        (None, "-", UNGRADED),
        # two grades that differ are none
        (Outcome.RIGHT, "b", UNGRADED),
        (Outcome.UNGRADABLE, "-", UNGRADED),
    ],
)
def test_the_outcome(outcome, last, code):
    assert gathered(a_trace_of((ROLLOUT, f"g{last}"), outcome=outcome)).outcome[0] == code


def test_known_answers_are_gold_where_they_settle_the_place():
    keyed = a_trace_of((GOLD, "gb-"))
    partly = a_trace_of((GOLD, "-b-"))
    ruled = ruled_at(ruled_at(a_trace_of((ANN, "ggg")), 0, "good"), 1, "bad")
    unsure = ruled_at(keyed, 0, "unsure")

    assert list(gathered(keyed, partly, ruled, unsure).gold) == [1, UNKNOWN, 1, UNKNOWN]


def test_gold_keys_and_probes_are_nobodys_reading():
    found = gathered(a_trace_of((GOLD, "gb-"), (PROBE, "ggg")))

    assert rows(found.reports) == rows(found.verdicts) == []


def test_only_what_reviewers_decided_rules_places_out():
    ruled = ruled_at(a_trace_of((GOLD, "ggg"), (ANN, "ggg")), 1, "bad")

    assert gathered(ruled).ruled_out(Layout.of(np.array([3]))).tolist() == [False, False, True, True]


def test_readings_of_hidden_gold_are_learned_from_with_their_trace():
    # the helper numbers steps from 0 on: the readings are of this trace
    found = Gathered(CODES, ("bad", "neutral", "good"), "recoverable")
    found.expect(gold_of(BEN, "gb", "gb", first=0))
    found.add(a_trace_of((GOLD, "gb-"), (ANN, "ggb")))

    assert rows(found.reports) == [(0, 0, 2), (0, 1, 1)]


@pytest.mark.parametrize(
    ("judges", "rolled", "outcome", "place"),
    [
        (["gb-"], "gb-", Outcome.WRONG, 1),
        (["ggg"], "gg-", Outcome.RIGHT, NO_ERROR),
        (["ggb"], "gg-", Outcome.WRONG, 2),
        (["gb-", "gb-"], "gb-", Outcome.WRONG, 1),
        (["ggb"], "gu-", Outcome.WRONG, UNKNOWN),
        (["ggb"], "gn-", Outcome.WRONG, UNKNOWN),
        (["gb-", "ggb"], "gb-", Outcome.WRONG, UNKNOWN),
        (["ggg"], "gg-", Outcome.WRONG, UNKNOWN),
        (["ggg"], "gg-", None, UNKNOWN),
        (["g-g"], "gg-", Outcome.RIGHT, UNKNOWN),
        ([], "gb-", Outcome.WRONG, UNKNOWN),
    ],
)
def test_where_rollouts_and_judges_agree(judges, rolled, outcome, place):
    said = list(zip((JUDGE, OTHER_JUDGE), judges, strict=False))

    assert gathered(a_trace_of(*said, (ROLLOUT, rolled), outcome=outcome)).agreed[0] == place


def test_an_unsure_rollout_takes_nothing_back():
    said = ((JUDGE, "gb-"), (ROLLOUT, "gb-"), (OTHER_ROLLOUT, "gu-"))

    assert gathered(a_trace_of(*said, outcome=Outcome.WRONG)).agreed[0] == 1


def test_without_machines_only_people_are_heard():
    trace = told_with(a_trace_of((ANN, "ggb"), (ROLLOUT, "gb-")), ROLLOUT, ["8/8", "0/8", "-"])
    found = gathered(trace, with_machines=False)

    assert rows(found.rollouts) == []
    assert rows(found.reports) == [(0, 0, 2)]
