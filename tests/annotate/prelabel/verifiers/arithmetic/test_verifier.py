from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.prelabel.checking.verdicts import VerifierSettings
from annotate.prelabel.verifiers.arithmetic import verify_arithmetic
from tests.annotate.prelabel.answering import reasons, run, said, trace, values

STEPS = ("Let us see.\n", "2 + 3 = 5, so 5 * 4 = 20.\n", "20 - 1 = 18.\n", "18 + 1 = 19.\n")


def test_each_step_is_checked_by_itself_and_nobody_is_asked() -> None:
    finding, asked = run(
        verify_arithmetic(trace(*STEPS), VerifierSettings()), lambda request, sample: said("")
    )
    assert asked == []
    assert values(finding) == {1: "good", 2: "bad", 3: "good"}
    assert reasons(finding) == {0: "not applicable"}
    assert finding.summary == {"refuted": 1, "first_refuted": 2, "judged": 3}


def test_evidence_shows_the_equation_and_both_values() -> None:
    finding, _ = run(
        verify_arithmetic(trace("20 - 1 = 18"), VerifierSettings()), lambda request, sample: said("")
    )
    assert finding.opinions[0].evidence["equations"] == [
        {"equation": "20 - 1 = 18", "found": "18", "expected": "19", "status": "refuted"}
    ]
    assert finding.opinions[0].text == "20 - 1 = 18: the left side is 19"


def test_support_can_be_kept_to_itself() -> None:
    settings = VerifierSettings(speaks_good=False, bad="wrong")
    finding, _ = run(verify_arithmetic(trace(*STEPS), settings), lambda request, sample: said(""))
    assert values(finding) == {2: "wrong"}
    assert set(reasons(finding).values()) == {"not applicable"}


def test_unclear_equation_is_shown_but_is_no_label() -> None:
    finding, _ = run(
        verify_arithmetic(trace("7 / 2 = 3"), VerifierSettings()), lambda request, sample: said("")
    )
    assert finding.opinions == ()
    assert finding.silences[0].evidence["equations"][0]["status"] == "unclear"


def test_settings_need_two_levels() -> None:
    with pytest.raises(Rejected, match="bad"):
        VerifierSettings(bad="good")


def test_other_arithmetic_named_before_a_step_leaves_it_undecided() -> None:
    named_in_problem = trace(
        "6 + 1 + 1 = 7, so we carry.", problem="Find the base b in which the sum is right."
    )
    named_in_step = trace("We count modulo 12.", "So 5 + 9 = 2.", "And 2 + 2 = 4.")
    for task, expected in ((named_in_problem, {}), (named_in_step, {2: "good"})):
        finding, _ = run(verify_arithmetic(task, VerifierSettings()), lambda request, sample: said(""))
        assert values(finding) == expected


def test_what_is_shown_of_a_step_of_many_errors_is_bounded() -> None:
    finding, _ = run(
        verify_arithmetic(trace("1 + 1 = 3. " * 1_000), VerifierSettings()), lambda request, sample: said("")
    )
    assert len(finding.opinions[0].evidence["equations"]) == 20
    assert len(finding.opinions[0].text) < 2_000
