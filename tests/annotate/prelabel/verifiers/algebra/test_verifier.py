from __future__ import annotations

from annotate.prelabel.strategies import strategy_called
from tests.annotate.prelabel.answering import reasons, run, said, trace, values

ENTRY = strategy_called("verifier/algebra")


def test_each_step_is_checked_and_nobody_is_asked() -> None:
    steps = ("Let us see.\n", "f = (x + 1)^2 = x^2 + 2x + 1\n", "f = (x + 2)^2 = x^2 + 4\n", "so x = 3\n")
    finding, asked = run(ENTRY.start(trace(*steps), {}), lambda request, sample: said(""))
    assert asked == []
    assert values(finding) == {1: "good", 2: "bad"}
    assert reasons(finding) == {0: "not applicable", 3: "not applicable"}
    assert finding.summary == {"refuted": 1, "first_refuted": 2, "judged": 2}
    good, bad = finding.opinions
    assert good.evidence["strength"] == "weak"
    assert bad.evidence == {
        "strength": "strong",
        "claims": [
            {
                "claim": "(x + 2)^2 = x^2 + 4",
                "status": "refuted",
                "reason": "at x = 7/2 the left side is 121/4, the right 65/4",
            }
        ],
    }


def test_what_an_earlier_step_says_of_a_variable_is_remembered() -> None:
    steps = ("We know x^2 = 4x.", "f = (x + 1)^2 = 6x + 1")
    finding, _ = run(ENTRY.start(trace(*steps), {}), lambda request, sample: said(""))
    assert finding.opinions == ()
    assert reasons(finding)[1] == "it may rest on what was said of its variables"


def test_support_can_be_kept_to_itself() -> None:
    finding, _ = run(
        ENTRY.start(trace("f = 2(x + 1) = 2x + 2"), {"speaks_good": False}), lambda request, sample: said("")
    )
    assert finding.opinions == ()
