from __future__ import annotations

from annotate.consensus.contracts import Reason
from annotate.consensus.readings import NO_ERROR
from annotate.consensus.whole_trace import Finding, told_of_steps
from annotate.enums import Action
from tests.annotate.consensus.policies.evidence import ANN, a_trace_of, spelled

KEPT = Reason("agreed", "Agreed", Action.KEEP)
LOST = Reason("apart", "Apart", Action.DROP)


def told(finding: Finding) -> list[tuple[str, str]]:
    evidence = a_trace_of((ANN, "gbg"))
    decisions = told_of_steps(
        evidence, finding, spoke=lambda step: step.votes, value=lambda place, step: step.votes[0].value
    )
    assert [d.spoke for d in decisions] == [(500,), (501,), (502,)]
    return [(d.reason, mark) for d, mark in zip(decisions, spelled(decisions), strict=True)]


def test_a_settled_place_gives_values_up_to_it():
    assert told(Finding(KEPT, "So.", 1)) == [("agreed", "g"), ("agreed", "b"), ("after_first_error", ".")]
    assert told(Finding(KEPT, "So.", NO_ERROR)) == [("agreed", "g"), ("agreed", "b"), ("agreed", "g")]


def test_nothing_settled_gives_no_value_anywhere():
    assert told(Finding(LOST, "So.")) == [("apart", ".")] * 3
