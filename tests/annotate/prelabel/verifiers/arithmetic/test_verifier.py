from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.prelabel.verifiers.arithmetic import ArithmeticSettings, verify_arithmetic
from tests.annotate.prelabel.answering import reasons, run, said, trace, values

STEPS = ("Let us see.\n", "2 + 3 = 5, so 5 * 4 = 20.\n", "20 - 1 = 18.\n", "18 + 1 = 19.\n")


def test_each_step_is_checked_by_itself_and_nobody_is_asked() -> None:
    finding, asked = run(
        verify_arithmetic(trace(*STEPS), ArithmeticSettings()), lambda request, sample: said("")
    )
    assert asked == []
    assert values(finding) == {1: "good", 2: "bad", 3: "good"}
    assert reasons(finding) == {0: "not applicable"}
    assert finding.summary == {"refuted": 1, "first_refuted": 2, "judged": 3}


def test_evidence_shows_the_equation_and_both_values() -> None:
    finding, _ = run(
        verify_arithmetic(trace("20 - 1 = 18"), ArithmeticSettings()), lambda request, sample: said("")
    )
    assert finding.opinions[0].evidence["equations"] == [
        {"equation": "20 - 1 = 18", "found": "18", "expected": "19", "status": "refuted"}
    ]
    assert finding.opinions[0].text == "20 - 1 = 18: the left side is 19"


def test_support_can_be_kept_to_itself() -> None:
    settings = ArithmeticSettings(speaks_good=False, bad="wrong")
    finding, _ = run(verify_arithmetic(trace(*STEPS), settings), lambda request, sample: said(""))
    assert values(finding) == {2: "wrong"}
    assert set(reasons(finding).values()) == {"not applicable"}


def test_unclear_equation_is_shown_but_is_no_label() -> None:
    finding, _ = run(
        verify_arithmetic(trace("7 / 2 = 3"), ArithmeticSettings()), lambda request, sample: said("")
    )
    assert finding.opinions == ()
    assert finding.silences[0].evidence["equations"][0]["status"] == "unclear"


def test_settings_need_two_levels() -> None:
    with pytest.raises(Rejected, match="bad"):
        ArithmeticSettings(bad="good")
